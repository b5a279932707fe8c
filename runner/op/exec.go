package op

import (
	"errors"
	"strconv"
)

// Bounds of output, in bytes, for each of a program's two streams and for the body of a probe.
const (
	DefaultOutput = 64 << 10
	MaxOutput     = 1 << 20
)

// Exec runs a program: Argv directly, or Shell through /bin/sh -c. Output
// beyond Limit bytes (DefaultOutput where 0) is read and dropped.
type Exec struct {
	Argv  []string `json:"argv,omitempty"`
	Shell string   `json:"shell,omitempty"`
	Dir   string   `json:"dir,omitempty"`
	// Env holds "KEY=value" entries, added to the runner's minimal environment.
	Env   []string `json:"env,omitempty"`
	Stdin *Blob    `json:"stdin,omitempty"`
	// ReadOnly promises that the program changes nothing, so it may run at plan.
	ReadOnly bool `json:"read_only,omitempty"`
	// Background lets what the program leaves running when it ends go on. Without
	// it that is waited for, ended when the time is up, and an error.
	Background bool  `json:"background,omitempty"`
	Limit      int64 `json:"limit,omitempty"`
	// Sensitive says that Env holds what nobody else may see, so that it must not
	// stand in a command line. Only the controller sets it, on the way to the host.
	Sensitive bool `json:"sensitive,omitempty"`
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
	if e.Limit < 0 || e.Limit > MaxOutput {
		return errors.New("limit is not within 0 to " + strconv.Itoa(MaxOutput))
	}
	if e.Dir != "" {
		return checkPath(e.Dir)
	}
	return nil
}

func (e *Exec) scope() Scope   { return ScopePrograms }
func (e *Exec) byPrograms()    {}
func (e *Exec) ends()          {}
func (e *Exec) content() *Blob { return e.Stdin }
func (e *Exec) withContent(b *Blob) Op {
	with := *e
	with.Stdin = b
	return Op{Exec: &with}
}

// check refuses more output than was asked for. A byte that is not UTF-8 comes as
// the three of U+FFFD.
func (e *Exec) check(r *Result) error {
	if r.Exec == nil {
		return errOtherKind
	}
	limit := e.Limit
	if limit <= 0 {
		limit = DefaultOutput
	}
	limit = 3 * min(limit, MaxOutput)
	if longest := max(len(r.Exec.Stdout), len(r.Exec.Stderr)); int64(longest) > limit {
		return errors.New(strconv.Itoa(longest) + " bytes of output, more than asked for")
	}
	return nil
}

func (e *Exec) tell(w Words) string {
	w.Told("argv", "shell", "env", "dir", "stdin", "read_only", "background")
	argv := e.Argv
	if e.Shell != "" {
		argv = []string{"/bin/sh", "-c", e.Shell}
	}
	words := quoted(w, argv)
	if words == "" {
		words = "a program"
	}
	text := "runs " + words
	if len(e.Env) > 0 {
		text += " with " + quoted(w, e.Env)
	}
	if e.Dir != "" {
		text += " in " + w.Quote(e.Dir)
	}
	if e.Stdin != nil {
		text += " reading " + tellBlob(e.Stdin)
	}
	if e.ReadOnly {
		text += " to read only"
	}
	text += " " + w.User()
	if e.Background {
		text += ", and lets go on what that leaves in the background"
	}
	return text
}
