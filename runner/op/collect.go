package op

import "errors"

// KindCollect is the kind of Collect.
const KindCollect Kind = "file.collect"

// MaxCollected bounds how many bytes a file has that comes to the controller.
const MaxCollected = 1 << 30

// Collect brings a file of a host to the controller, which performs it: to Dest/HOST/Path below the workspace, or with Flat to Dest
// itself, atomically. The content must be the one that Sum says. With Query it only asks what is at that place; the answer is that of Read.
type Collect struct {
	Path   string `json:"path"`
	Dest   string `json:"dest"`
	Flat   bool   `json:"flat,omitempty"`
	Query  bool   `json:"query,omitempty"`
	Sum    string `json:"sum,omitempty"` // SHA-256, hex
	Size   int64  `json:"size,omitempty"`
	Unsafe bool   `json:"unsafe,omitempty"`
}

func (c *Collect) kind() Kind                { return KindCollect }
func (c *Collect) changes() bool             { return !c.Query }
func (c *Collect) subject() string           { return c.Path }
func (c *Collect) scope() Scope              { return ScopeSomePath }
func (c *Collect) doing() string             { return "bringing " + c.Path + " to the controller" }
func (c *Collect) takes() (may, only bool)   { return false, false }
func (c *Collect) brings() (Brought, string) { return BringsNothing, "" }
func (c *Collect) check(r *Result) error {
	return fits(c.Query && r.Read != nil || !c.Query && r.Done != nil)
}

func (c *Collect) validate() error {
	if c.Dest == "" || c.Size < 0 || c.Size > MaxCollected {
		return errors.New("dest is missing, or size is negative or too large")
	}
	return checkPath(c.Path)
}

func (c *Collect) tell(w Words) string {
	w.Told("path", "dest", "flat", "query", "sum", "size")
	to := c.Dest + either(c.Flat, "", "/HOST"+c.Path)
	if c.Query {
		return "looks at " + w.Quote(to) + " on the controller"
	}
	return "brings " + w.Quote(c.Path) + " to " + w.Quote(to) + " on the controller (" + tellBlob(&Blob{Sum: c.Sum, Size: c.Size}) + ")"
}
