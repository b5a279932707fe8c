package op

import (
	"errors"
	"maps"
	"slices"
	"strconv"
)

// KindFetch is the kind of Fetch.
const KindFetch Kind = "file.fetch"

// DefaultFetched bounds what is downloaded, where an op names no limit.
const DefaultFetched = 8 << 30

// Fetch downloads a file and puts it in place as Write does, where it has another content than is there. The controller
// sends the request, once for all hosts that want the same; with ByHost the connection begins on the host. Nothing is changed
// before all of it has arrived and has the right digest.
type Fetch struct {
	Path    string            `json:"path"`
	URL     string            `json:"url"`
	Sum     string            `json:"sum,omitempty"` // SHA-256 of what must come, hex; "" takes what comes
	Headers map[string]string `json:"headers,omitempty"`
	CA      string            `json:"ca,omitempty"` // a certificate authority to trust beside the system's, as PEM
	Proxy   string            `json:"proxy,omitempty"`
	ByHost  bool              `json:"by_host,omitempty"` // the connection begins on the host
	// MaxBytes is how long it may be; 0 is DefaultFetched.
	MaxBytes int64 `json:"max_bytes,omitempty"`
	Attributes
	Unsafe bool `json:"unsafe,omitempty"`
}

func (f *Fetch) kind() Kind                     { return KindFetch }
func (f *Fetch) changes() bool                  { return true }
func (f *Fetch) subject() string                { return f.Path }
func (f *Fetch) doing() string                  { return "downloading " + f.Path }
func (f *Fetch) scope() Scope                   { return ScopeSomePath }
func (f *Fetch) dresses() (*Attributes, uint32) { return &f.Attributes, 0o644 }
func (f *Fetch) takes() (may, only bool)        { return false, false }
func (f *Fetch) brings() (Brought, string)      { return BringsFile, f.Path }
func (f *Fetch) validate() error {
	switch {
	case f.URL == "":
		return errors.New("url is empty")
	case f.MaxBytes < 0:
		return errors.New("max_bytes is negative")
	}
	if err := f.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(f.Path)
}

func (f *Fetch) tell(w Words) string {
	w.Told("path", "url", "sum", "headers", "ca", "proxy", "by_host", "max_bytes")
	var parts []string
	if f.Sum != "" {
		parts = append(parts, "sha256 "+w.Quote(f.Sum))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Headers)) {
		parts = append(parts, "with the header "+w.Quote(name+": "+f.Headers[name]))
	}
	if f.CA != "" {
		parts = append(parts, "trusting "+w.Quote(f.CA))
	}
	if f.Proxy != "" {
		parts = append(parts, "by the proxy "+w.Quote(f.Proxy))
	}
	if f.ByHost {
		parts = append(parts, "from the host")
	}
	if f.MaxBytes > 0 {
		parts = append(parts, "at most "+strconv.FormatInt(f.MaxBytes, 10)+" bytes")
	}
	return "downloads " + tellURL(w, f.URL) + " to " + w.Quote(f.Path) + brackets(append(parts, f.Attributes.tell(w)...))
}

// Written is the op that puts what was downloaded in place.
func (f *Fetch) Written(content *Blob) Op {
	return Op{Write: &Write{Path: f.Path, Content: content, Attributes: f.Attributes, Unsafe: f.Unsafe}}
}
