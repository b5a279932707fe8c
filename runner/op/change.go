package op

import (
	"errors"
	"strings"
)

// The kinds of op that change files.
const (
	KindWrite  Kind = "file.write"
	KindMkdir  Kind = "file.mkdir"
	KindLink   Kind = "file.link"
	KindRemove Kind = "file.remove"
	KindAttr   Kind = "file.attr"
)

// Attributes are the mode and owner of a file. A nil mode and an empty name
// mean "as it is". Owner and group are names or decimal ids.
type Attributes struct {
	Mode *uint32 `json:"mode,omitempty"`
	// DirMode is the mode for directories below a recursive change, where
	// it differs from Mode.
	DirMode *uint32 `json:"dir_mode,omitempty"`
	Owner   string  `json:"owner,omitempty"`
	Group   string  `json:"group,omitempty"`
}

func (a Attributes) validate() error {
	if err := checkMode(a.Mode); err != nil {
		return err
	}
	return checkMode(a.DirMode)
}

// tell says what is set: "mode 0644", "owner root".
func (a Attributes) tell(w Words) []string {
	var parts []string
	w.Told("mode", "dir_mode", "owner", "group")
	if a.Mode != nil {
		parts = append(parts, "mode "+w.Mode(*a.Mode))
	}
	if a.DirMode != nil {
		parts = append(parts, "mode "+w.Mode(*a.DirMode)+" of directories")
	}
	if a.Owner != "" {
		parts = append(parts, "owner "+w.Quote(a.Owner))
	}
	if a.Group != "" {
		parts = append(parts, "group "+w.Quote(a.Group))
	}
	return parts
}

// Write puts a file in place atomically: a temporary file in the same
// directory gets its final mode and owner, is flushed, and is renamed. What
// Attributes leave open is kept from the file that is replaced, and so are its
// extended attributes, access lists and flags; a new file gets 0644 and the runner's user.
// Of a file of an untrusted user's that becomes another user's only labels and flags are kept.
// Where owner or group change, setuid and setgid are kept only if Mode sets them.
type Write struct {
	Path    string `json:"path"`
	Content *Blob  `json:"content"`
	Attributes
	// Backup keeps the old file beside the new one; its name is in the result.
	Backup bool `json:"backup,omitempty"`
	// Check is a shell command whose "%s" is replaced by a path of the new file,
	// before that replaces the old; it must end with 0. The path holds no character
	// that means anything to a shell, so that "%s" may stand in quotes or without.
	Check string `json:"check,omitempty"`
	// InPlace writes into the file that is there instead of replacing it: it stays the
	// same file, as one that is a mount point has to. Whoever reads it meanwhile, or a
	// machine that stops, sees a part. A file that is not there yet is made as ever.
	InPlace bool `json:"in_place,omitempty"`
	Unsafe  bool `json:"unsafe,omitempty"`
}

func (w *Write) kind() Kind      { return KindWrite }
func (w *Write) changes() bool   { return true }
func (w *Write) subject() string { return w.Path }
func (w *Write) doing() string   { return "writing " + w.Path }
func (w *Write) validate() error {
	if w.Content == nil {
		return errors.New("content is missing")
	}
	if err := w.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(w.Path)
}

func (w *Write) scope() Scope                   { return ScopeSomePath }
func (w *Write) dresses() (*Attributes, uint32) { return &w.Attributes, 0o644 }
func (w *Write) brings() (Brought, string)      { return BringsFile, w.Path }
func (w *Write) content() *Blob                 { return w.Content }
func (w *Write) withContent(b *Blob) Op {
	with := *w
	with.Content = b
	return Op{Write: &with}
}

func (w *Write) tell(words Words) string {
	var parts []string
	words.Told("path", "content", "backup", "check", "in_place")
	if w.Content != nil {
		parts = append(parts, tellBlob(w.Content))
	}
	parts = append(parts, w.Attributes.tell(words)...)
	if w.Backup {
		parts = append(parts, "the old one kept beside it")
	}
	if w.InPlace {
		parts = append(parts, "into the file that is there")
	}
	if w.Check != "" {
		parts = append(parts, "checked by "+words.Quote(w.Check)+" "+words.User())
	}
	return "writes " + words.Quote(w.Path) + brackets(parts)
}

// Mkdir makes a directory with its parents (0755); an existing one is left as it is.
type Mkdir struct {
	Path string `json:"path"`
	Attributes
	Unsafe bool `json:"unsafe,omitempty"`
}

func (m *Mkdir) kind() Kind      { return KindMkdir }
func (m *Mkdir) changes() bool   { return true }
func (m *Mkdir) subject() string { return m.Path }
func (m *Mkdir) doing() string   { return "making the directory " + m.Path }
func (m *Mkdir) validate() error {
	if err := m.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(m.Path)
}

func (m *Mkdir) scope() Scope                   { return ScopeSomePath }
func (m *Mkdir) dresses() (*Attributes, uint32) { return &m.Attributes, 0o755 }
func (m *Mkdir) takes() (may, only bool)        { return false, false }
func (m *Mkdir) brings() (Brought, string)      { return BringsDirectory, m.Path }
func (m *Mkdir) tell(w Words) string {
	w.Told("path")
	return "makes the directory " + w.Quote(m.Path) + brackets(m.Attributes.tell(w))
}

// Link makes a symbolic link, replacing a link or file that is there; a
// directory is refused.
type Link struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	Owner  string `json:"owner,omitempty"`
	Group  string `json:"group,omitempty"`
	Unsafe bool   `json:"unsafe,omitempty"`
}

func (l *Link) kind() Kind      { return KindLink }
func (l *Link) changes() bool   { return true }
func (l *Link) subject() string { return l.Path }
func (l *Link) doing() string   { return "making the link " + l.Path }
func (l *Link) validate() error {
	if l.Target == "" {
		return errors.New("target is empty")
	}
	return checkPath(l.Path)
}

func (l *Link) scope() Scope              { return ScopeSomePath }
func (l *Link) takes() (may, only bool)   { return false, false }
func (l *Link) brings() (Brought, string) { return BringsLink, l.Path }
func (l *Link) tell(w Words) string {
	w.Told("path", "target")
	a := Attributes{Owner: l.Owner, Group: l.Group}
	return "links " + w.Quote(l.Path) + " to " + w.Quote(l.Target) + brackets(a.tell(w))
}

// Remove deletes what is at a path; a directory that is not empty only with
// Recurse, and then only where nothing is mounted there or below. Nothing being there is fine.
type Remove struct {
	Path    string `json:"path"`
	Recurse bool   `json:"recurse,omitempty"`
	Unsafe  bool   `json:"unsafe,omitempty"`
}

func (r *Remove) kind() Kind      { return KindRemove }
func (r *Remove) changes() bool   { return true }
func (r *Remove) subject() string { return r.Path }
func (r *Remove) doing() string   { return "removing " + r.Path }
func (r *Remove) validate() error {
	if r.Path == "/" {
		return errors.New("refusing to remove /")
	}
	return checkPath(r.Path)
}

func (r *Remove) scope() Scope              { return ScopeSomePath }
func (r *Remove) takes() (may, only bool)   { return true, true }
func (r *Remove) brings() (Brought, string) { return BringsNothing, r.Path }
func (r *Remove) tell(w Words) string {
	w.Told("path", "recurse")
	return "removes " + w.Quote(r.Path) + either(r.Recurse, " with all it holds", "")
}

// Attr sets the mode and owner of what is at a path, with Recurse also of
// everything below it, where nothing is mounted there. A link at the path or below it is not followed.
// Files that get another owner or group without a mode lose setuid and setgid.
type Attr struct {
	Path    string `json:"path"`
	Recurse bool   `json:"recurse,omitempty"`
	Attributes
	Unsafe bool `json:"unsafe,omitempty"`
}

func (a *Attr) kind() Kind      { return KindAttr }
func (a *Attr) changes() bool   { return true }
func (a *Attr) subject() string { return a.Path }
func (a *Attr) doing() string   { return "changing the mode or owner of " + a.Path }
func (a *Attr) validate() error {
	if err := a.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(a.Path)
}

func (a *Attr) scope() Scope                   { return ScopeSomePath }
func (a *Attr) dresses() (*Attributes, uint32) { return &a.Attributes, 0 }
func (a *Attr) takes() (may, only bool)        { return false, false }
func (a *Attr) brings() (Brought, string)      { return BringsFile, a.Path }
func (a *Attr) tell(w Words) string {
	w.Told("path", "recurse")
	what := strings.Join(a.Attributes.tell(w), ", ")
	return "sets " + w.Quote(a.Path) + either(a.Recurse, " and all below it", "") + " to " + either(what == "", "attributes", what)
}
