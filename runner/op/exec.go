package op

import (
	"errors"
	"strconv"
	"strings"
)

// KindExec is the kind of Exec.
const KindExec Kind = "exec"

// Bounds of output, in bytes, for each of a program's two streams and for the body of a probe.
const (
	DefaultOutput = 64 << 10
	MaxOutput     = 1 << 20
)

// Exec runs a program: Argv directly, or Shell through /bin/sh -c. Of longer
// output the last Limit bytes are kept (DefaultOutput where 0).
type Exec struct {
	Argv  []string `json:"argv,omitempty"`
	Shell string   `json:"shell,omitempty"`
	Dir   string   `json:"dir,omitempty"`
	// Env holds "KEY=value" entries, added to the runner's minimal environment.
	Env   []string `json:"env,omitempty"`
	Stdin *Blob    `json:"stdin,omitempty"`
	// Script is a script that its own first line says how to run, with Argv as its arguments: it is in memory only, and
	// nothing is on its standard input.
	Script *Blob `json:"script,omitempty"`
	// ReadOnly promises that the program changes nothing, so it may run at plan.
	ReadOnly bool `json:"read_only,omitempty"`
	// Public promises that what it prints is no secret, even where the unit was given one: only values that are known
	// to be secret are hidden in it.
	Public bool `json:"public,omitempty"`
	// Background lets what the program leaves running when it ends go on. Without
	// it that is waited for, ended when the time is up, and an error.
	Background bool  `json:"background,omitempty"`
	Limit      int64 `json:"limit,omitempty"`
	// Sensitive says that Env holds what no other user may see, so that it must not
	// stand in a command line. Only the controller sets it, on the way to the host.
	Sensitive bool `json:"sensitive,omitempty"`
}

func (e *Exec) kind() Kind    { return KindExec }
func (e *Exec) changes() bool { return !e.ReadOnly }
func (e *Exec) subject() string {
	if e.Script != nil {
		return "script " + e.Script.Sum[:min(len(e.Script.Sum), shownDigits)]
	}
	if len(e.Argv) > 0 {
		return e.Argv[0]
	}
	return e.Shell
}

func (e *Exec) validate() error {
	switch {
	case e.Script != nil && (e.Shell != "" || e.Stdin != nil):
		return errors.New("a script has neither shell nor stdin")
	case e.Script == nil && (len(e.Argv) == 0) == (e.Shell == ""):
		return errors.New("give either argv or shell")
	}
	if e.Script == nil && len(e.Argv) > 0 && e.Argv[0] == "" {
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

func (e *Exec) scope() Scope { return ScopePrograms }
func (e *Exec) byPrograms()  {}
func (e *Exec) arbitrary()   {}
func (e *Exec) ends()        {}
func (e *Exec) content() *Blob {
	if e.Script != nil {
		return e.Script
	}
	return e.Stdin
}

func (e *Exec) withContent(b *Blob) Op {
	with := *e
	if e.Script != nil {
		with.Script = b
	} else {
		with.Stdin = b
	}
	return Op{Exec: &with}
}

func (e *Exec) subjectKind() SubjectKind {
	if len(e.Argv) > 0 || e.Script != nil {
		return SubjectName
	}
	return SubjectCommand
}

func (e *Exec) environment() []string { return e.Env }
func (e *Exec) hidden() Op {
	hidden := *e
	hidden.Sensitive = true
	return Op{Exec: &hidden}
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
	if r.Exec.StdoutLeft < 0 || r.Exec.StderrLeft < 0 {
		return errors.New("less than nothing of the output was left out")
	}
	return nil
}

func (e *Exec) tell(w Words) string {
	w.Told("argv", "script", "shell", "env", "dir", "stdin", "read_only", "public", "background")
	argv := e.Argv
	if e.Shell != "" {
		argv = []string{"/bin/sh", "-c", e.Shell}
	}
	words := quoted(w, argv)
	switch {
	case e.Script != nil && words != "":
		words = "a script of " + tellBlob(e.Script) + " with the arguments " + words
	case e.Script != nil:
		words = "a script of " + tellBlob(e.Script)
	case words == "":
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
	if e.Public {
		text += " what is no secret"
	}
	text += " " + w.User()
	if e.Background {
		text += ", and lets go on what that leaves in the background"
	}
	return text
}

// ExecResult is how a program ended. Output that is not UTF-8 has its bad
// bytes replaced by U+FFFD, for people to read; what it was is beside it, raw.
type ExecResult struct {
	RC     int    `json:"rc"` // exit code; 128+n where signal n ended it
	Stdout string `json:"stdout,omitempty"`
	Stderr string `json:"stderr,omitempty"`
	// StdoutCut and StderrCut say that there was more before what was kept, StdoutLeft and
	// StderrLeft how many bytes.
	StdoutCut  bool  `json:"stdout_cut,omitempty"`
	StderrCut  bool  `json:"stderr_cut,omitempty"`
	StdoutLeft int64 `json:"stdout_left,omitempty"`
	StderrLeft int64 `json:"stderr_left,omitempty"`
	// StdoutRaw and StderrRaw are the bytes that were kept, as base64, where they are not UTF-8.
	StdoutRaw string `json:"stdout_raw,omitempty"`
	StderrRaw string `json:"stderr_raw,omitempty"`
}

// Truncated reports whether any of the output is missing.
func (r *ExecResult) Truncated() bool { return r.StdoutCut || r.StderrCut }

func (r *ExecResult) succeeded() bool { return r.RC == 0 }

func (r *ExecResult) replace(in *Result, text, raw func(string) string) {
	replaced := *r
	replaced.Stdout, replaced.Stderr = text(r.Stdout), text(r.Stderr)
	replaced.StdoutRaw, replaced.StderrRaw = raw(r.StdoutRaw), raw(r.StderrRaw)
	in.Exec = &replaced
}

// shorten keeps the end of the longer output.
func (r *ExecResult) shorten() bool {
	out, err := len(r.Stdout)+len(r.StdoutRaw), len(r.Stderr)+len(r.StderrRaw)
	switch {
	case out+err == 0:
		return false
	case out >= err:
		r.StdoutCut = true
		halve(&r.Stdout, &r.StdoutRaw, &r.StdoutLeft)
	default:
		r.StderrCut = true
		halve(&r.Stderr, &r.StderrRaw, &r.StderrLeft)
	}
	return true
}

// halve keeps the second half of an output, of base64 in whole groups, and counts the bytes that it leaves out.
func halve(text, raw *string, left *int64) {
	short := strings.ToValidUTF8((*text)[(len(*text)+1)/2:], "")
	if *raw == "" {
		*left += int64(len(*text) - len(short))
	} else {
		from := (len(*raw) + 7) / 8 * 4
		*left += int64(from / 4 * 3)
		*raw = (*raw)[min(from, len(*raw)):]
	}
	*text = short
}
