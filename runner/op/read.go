package op

import "errors"

// Stat asks what is at a path.
type Stat struct {
	Path string `json:"path"`
	// Follow looks through symbolic links; without it a link is reported as such.
	Follow bool `json:"follow,omitempty"`
}

func (s *Stat) kind() Kind      { return KindStat }
func (s *Stat) changes() bool   { return false }
func (s *Stat) subject() string { return s.Path }
func (s *Stat) validate() error { return checkPath(s.Path) }

// Read asks for a file's digest and content. Content larger than Limit bytes,
// or whose SHA-256 (hex) equals Unless, is left out: only the digest comes back.
type Read struct {
	Path   string `json:"path"`
	Limit  int64  `json:"limit,omitempty"`
	Unless string `json:"unless,omitempty"`
}

func (r *Read) kind() Kind      { return KindRead }
func (r *Read) changes() bool   { return false }
func (r *Read) subject() string { return r.Path }
func (r *Read) validate() error {
	if r.Limit < 0 {
		return errors.New("limit is negative")
	}
	return checkPath(r.Path)
}

// List asks for the entries of a directory, at most Limit of them. With
// Recurse it descends, without following links. With Unless only entries
// whose mode or owner differ from it come back.
type List struct {
	Path    string      `json:"path"`
	Recurse bool        `json:"recurse,omitempty"`
	Limit   int         `json:"limit,omitempty"`
	Unless  *Attributes `json:"unless,omitempty"`
}

func (l *List) kind() Kind      { return KindList }
func (l *List) changes() bool   { return false }
func (l *List) subject() string { return l.Path }
func (l *List) validate() error {
	if l.Limit < 0 {
		return errors.New("limit is negative")
	}
	return checkPath(l.Path)
}

// Getent looks a name up in a system database: passwd or group.
type Getent struct {
	DB  string `json:"db"`
	Key string `json:"key"`
}

func (g *Getent) kind() Kind      { return KindGetent }
func (g *Getent) changes() bool   { return false }
func (g *Getent) subject() string { return g.DB }
func (g *Getent) validate() error {
	if g.DB == "" || g.Key == "" {
		return errors.New("db and key must be given")
	}
	return nil
}

// Facts asks for namespaces of facts, such as "os.basic".
type Facts struct {
	Namespaces []string `json:"namespaces"`
}

func (f *Facts) kind() Kind      { return KindFacts }
func (f *Facts) changes() bool   { return false }
func (f *Facts) subject() string { return "" }
func (f *Facts) validate() error {
	if len(f.Namespaces) == 0 {
		return errors.New("no namespace was asked for")
	}
	return nil
}

// Exec runs a program: Argv directly, or Shell through /bin/sh -c. Output
// beyond Limit bytes (64 KiB where 0) is read and dropped.
type Exec struct {
	Argv  []string `json:"argv,omitempty"`
	Shell string   `json:"shell,omitempty"`
	Dir   string   `json:"dir,omitempty"`
	// Env holds "KEY=value" entries, added to the runner's minimal environment.
	Env   []string `json:"env,omitempty"`
	Stdin *Blob    `json:"stdin,omitempty"`
	// ReadOnly promises that the program changes nothing, so it may run at plan.
	ReadOnly bool  `json:"read_only,omitempty"`
	Limit    int64 `json:"limit,omitempty"`
}

func (e *Exec) kind() Kind    { return KindExec }
func (e *Exec) changes() bool { return !e.ReadOnly }
func (e *Exec) subject() string {
	if len(e.Argv) > 0 {
		return e.Argv[0]
	}
	return e.Shell
}

func (e *Exec) validate() error {
	if (len(e.Argv) == 0) == (e.Shell == "") {
		return errors.New("give either argv or shell")
	}
	if len(e.Argv) > 0 && e.Argv[0] == "" {
		return errors.New("the program's name is empty")
	}
	if e.Dir != "" {
		return checkPath(e.Dir)
	}
	return nil
}
