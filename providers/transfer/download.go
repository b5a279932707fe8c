package transfer

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Download is a file that is downloaded. Its fields are described in download.cue.
type Download struct {
	Path     string            `json:"path"`
	URL      string            `json:"url"`
	Checksum string            `json:"checksum"`
	Force    bool              `json:"force"`
	By       string            `json:"by"`
	Headers  map[string]string `json:"headers"`
	CA       string            `json:"ca"`
	Proxy    string            `json:"proxy"`
	MaxBytes int64             `json:"max_bytes"`
	Mode     string            `json:"mode"`
	Owner    string            `json:"owner"`
	Group    string            `json:"group"`
}

// DownloadState is what is at the path.
type DownloadState struct {
	op.StatResult
	Sum   string         `json:"sum,omitempty"`
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

func (d Download) want() string {
	return strings.ToLower(strings.TrimPrefix(d.Checksum, "sha256:"))
}

func (d Download) attributes(t *sdk.T) op.Attributes {
	return op.Attributes{Mode: octal(t, d.Mode), Owner: d.Owner, Group: d.Group}
}

// Read implements sdk.Resource.
func (d Download) Read(t *sdk.T) DownloadState {
	ops := []op.Op{{Stat: &op.Stat{Path: d.Path}}}
	if d.Checksum != "" {
		ops = append(ops, op.Op{Read: &op.Read{Path: d.Path, NoFollow: true}})
	}
	asked := owners(d.Owner, d.Group)
	if asked != nil {
		ops = append(ops, op.Op{Need: asked})
	}
	results := t.All(ops...)
	s := DownloadState{StatResult: *t.Must(results[0]).Stat}
	for _, r := range results[1:] {
		switch r := t.Must(r); {
		case r.Read != nil:
			s.Sum = r.Read.Sum
		case r.Need != nil && r.Need.Lacking() > 0:
			s.Lacks = r.Need
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (d Download) Plan(t *sdk.T, now DownloadState) {
	fresh := d.begin(t, now)
	fetches := fresh
	switch {
	case d.Checksum != "":
		fetches = t.Differ("download", shortSum(now.Sum), shortSum(d.want())) || fresh
	case d.Force || fresh:
		t.DifferUnknown("download", nil)
		fetches = true
	default:
		t.Reason("a file is there; without a checksum no more is known of it")
	}
	attributes := d.differ(t, now, fresh)
	if now.Lacks != nil && (fetches || attributes) {
		need(t, now.Lacks)
	}
	if fetches {
		d.fetch(t)
	}
	if attributes && !fresh && (!fetches || d.Checksum == "") {
		t.Effect(op.Op{Attr: &op.Attr{Path: d.Path, Attributes: d.attributes(t)}})
	}
	t.Output(Output{Changed: t.Acted()})
}

// begin says whether there is no file yet, and refuses what is in the way.
func (d Download) begin(t *sdk.T, now DownloadState) (fresh bool) {
	switch {
	case !now.Exists:
		t.Action(abi.Create)
		if now.NoParent {
			dir := d.Path[:max(1, strings.LastIndexByte(d.Path, '/'))]
			t.Needs(abi.Need{
				What: "directory " + dir, Kind: "directory", Name: dir, Paths: []string{dir}, Directory: true,
				Hint: "declare it before: file(" + strconv.Quote(dir) + `, state = "directory")`,
			})
		}
		return true
	case now.Type == op.TypeLink:
		t.Action(abi.Replace)
		t.Differ("type", now.Type, op.TypeFile)
		return true
	case now.Type != op.TypeFile:
		t.Fail(op.Conflict, "a "+string(now.Type)+" is in the way at "+d.Path+", where a file should be", "", "move it away, or give the path of a file in it")
	}
	return false
}

// differ compares mode and owner; of a fresh file there is no before.
func (d Download) differ(t *sdk.T, now DownloadState, fresh bool) bool {
	mode := d.Mode
	if mode == "" && fresh {
		mode = "0644"
	}
	differs := false
	for _, field := range []struct{ name, before, id, after string }{
		{"mode", fourDigits(strconv.FormatUint(uint64(now.Mode), 8)), "", fourDigits(mode)},
		{"owner", now.Owner, strconv.FormatUint(uint64(now.UID), 10), d.Owner},
		{"group", now.Group, strconv.FormatUint(uint64(now.GID), 10), d.Group},
	} {
		if field.after == "" || !fresh && (field.after == field.before || field.after == field.id) {
			continue
		}
		var before any
		if !fresh {
			before = field.before
		}
		differs = t.Differ(field.name, before, field.after) || differs
	}
	return differs
}

// fourDigits writes octal digits as modes are shown, "" for "".
func fourDigits(mode string) string {
	for mode != "" && len(mode) < 4 {
		mode = "0" + mode
	}
	return mode
}

func (d Download) fetch(t *sdk.T) {
	t.Effect(op.Op{Fetch: &op.Fetch{
		Path: d.Path, URL: d.URL, Sum: d.want(), Headers: d.Headers, CA: d.CA, Proxy: d.Proxy, MaxBytes: d.MaxBytes,
		ByHost: d.By == "host", Attributes: d.attributes(t),
	}})
}

// Potential implements sdk.HasPotential.
func (d Download) Potential(t *sdk.T) {
	d.fetch(t)
	if a := d.attributes(t); a != (op.Attributes{}) {
		t.Effect(op.Op{Attr: &op.Attr{Path: d.Path, Attributes: a}})
	}
}
