package op

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of op by which files of hosts come to the controller, which performs them itself.
const (
	KindCollected Kind = "collect.query"
	KindCollect   Kind = "file.collect"
)

// MaxCollected bounds how many bytes a file has that comes to the controller.
const MaxCollected = 1 << 30

// Collection is a file of a host, and where it comes to in the controller's workspace: Dest/HOST/Path, or with Flat Dest itself.
type Collection struct {
	Path string `json:"path"`
	Dest string `json:"dest"`
	Flat bool   `json:"flat,omitempty"`
}

func (c *Collection) subject() string { return c.Path }
func (c *Collection) validate() error {
	if !LocalName(c.Dest) {
		return errors.New("dest is no name below the workspace, or leads to its hidden files")
	}
	return checkPath(c.Path)
}

// LocalName reports whether a relative path leads nowhere but below a directory, in names that programs take for nothing else,
// and to nothing that is hidden in it.
func LocalName(name string) bool {
	if name == "" || len(name) > maxLocalName || strings.HasPrefix(name, ".") || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || strings.HasPrefix(part, "-") {
			return false
		}
	}
	return !strings.Contains(name, "\\")
}

const maxLocalName = 3000

// Collected asks what is at the place in the workspace; the answer is that of Read.
type Collected struct{ Collection }

func (c *Collected) kind() Kind            { return KindCollected }
func (c *Collected) changes() bool         { return false }
func (c *Collected) scope() Scope          { return ScopePaths }
func (c *Collected) check(r *Result) error { return fits(r.Read != nil) }

// Collect brings a file of the host to its place in the workspace, atomically. The content must be the one that Sum says.
type Collect struct {
	Collection
	Sum    string `json:"sum,omitempty"` // SHA-256, hex
	Size   int64  `json:"size,omitempty"`
	Unsafe bool   `json:"unsafe,omitempty"`
}

func (c *Collect) kind() Kind                { return KindCollect }
func (c *Collect) changes() bool             { return true }
func (c *Collect) scope() Scope              { return ScopeSomePath }
func (c *Collect) doing() string             { return "bringing " + c.Path + " to the controller" }
func (c *Collect) takes() (may, only bool)   { return false, false }
func (c *Collect) brings() (Brought, string) { return BringsNothing, "" }
func (c *Collect) validate() error {
	if c.Size < 0 || c.Size > MaxCollected {
		return errors.New("size is negative or too large")
	}
	return c.Collection.validate()
}

func (c *Collect) tell(w Words) string {
	w.Told("path", "dest", "flat", "sum", "size")
	to := c.Dest + either(c.Flat, "", "/HOST"+c.Path)
	return "brings " + w.Quote(c.Path) + " to " + w.Quote(to) + " on the controller" + brackets([]string{tellBlob(&Blob{Sum: c.Sum, Size: c.Size})})
}
