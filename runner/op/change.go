package op

import "errors"

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

// Write puts a file in place atomically: a temporary file in the same
// directory gets its final mode and owner, is flushed, and is renamed. What
// Attributes leave open is kept from the file that is replaced; a new file
// gets 0644 and the runner's user.
type Write struct {
	Path    string `json:"path"`
	Content *Blob  `json:"content"`
	Attributes
	// Backup keeps the old file beside the new one; its name is in the result.
	Backup bool `json:"backup,omitempty"`
	// Check is a shell command whose "%s" is replaced by the quoted path of the new
	// file before it replaces the old; it must end with 0.
	Check string `json:"check,omitempty"`
}

func (w *Write) kind() Kind      { return KindWrite }
func (w *Write) changes() bool   { return true }
func (w *Write) subject() string { return w.Path }
func (w *Write) validate() error {
	if w.Content == nil {
		return errors.New("content is missing")
	}
	if err := w.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(w.Path)
}

// Mkdir makes a directory with its parents (0755); an existing one is left as it is.
type Mkdir struct {
	Path string `json:"path"`
	Attributes
}

func (m *Mkdir) kind() Kind      { return KindMkdir }
func (m *Mkdir) changes() bool   { return true }
func (m *Mkdir) subject() string { return m.Path }
func (m *Mkdir) validate() error {
	if err := m.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(m.Path)
}

// Link makes a symbolic link, replacing a link or file that is there; a
// directory is refused.
type Link struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	Owner  string `json:"owner,omitempty"`
	Group  string `json:"group,omitempty"`
}

func (l *Link) kind() Kind      { return KindLink }
func (l *Link) changes() bool   { return true }
func (l *Link) subject() string { return l.Path }
func (l *Link) validate() error {
	if l.Target == "" {
		return errors.New("target is empty")
	}
	return checkPath(l.Path)
}

// Remove deletes what is at a path; a directory that is not empty only with
// Recurse. Nothing being there is fine.
type Remove struct {
	Path    string `json:"path"`
	Recurse bool   `json:"recurse,omitempty"`
}

func (r *Remove) kind() Kind      { return KindRemove }
func (r *Remove) changes() bool   { return true }
func (r *Remove) subject() string { return r.Path }
func (r *Remove) validate() error {
	if r.Path == "/" {
		return errors.New("refusing to remove /")
	}
	return checkPath(r.Path)
}

// Attr sets the mode and owner of what is at a path, with Recurse also of
// everything below it. Links are never followed.
type Attr struct {
	Path    string `json:"path"`
	Recurse bool   `json:"recurse,omitempty"`
	Attributes
}

func (a *Attr) kind() Kind      { return KindAttr }
func (a *Attr) changes() bool   { return true }
func (a *Attr) subject() string { return a.Path }
func (a *Attr) validate() error {
	if err := a.Attributes.validate(); err != nil {
		return err
	}
	return checkPath(a.Path)
}
