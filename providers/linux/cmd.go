package linux

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Cmd is a program or shell command. Its fields are described in cmd.cue.
type Cmd struct {
	Command any      `json:"command"` // a string, or a list of strings
	Stdin   *op.Blob `json:"stdin"`
	Run
}

// Script is a script of the workspace. Its fields are described in script.cue.
type Script struct {
	Content *op.Blob `json:"content"`
	Args    []string `json:"args"`
	Run
}

// Run is whether and how something is run: what Cmd and Script have in common.
type Run struct {
	Unless      string            `json:"unless"`
	OnlyIf      string            `json:"onlyif"`
	Creates     string            `json:"creates"`
	Removes     string            `json:"removes"`
	Cwd         string            `json:"cwd"`
	Env         map[string]string `json:"env"`
	Background  bool              `json:"background"`
	OKExitCodes []int             `json:"ok_exit_codes"`
	ChangedWhen bool              `json:"changed_when"`
	MaxOutput   int64             `json:"max_output"`
}

// CmdState is whether the command has to run.
type CmdState struct {
	Needed bool   `json:"needed"`
	Reason string `json:"reason,omitempty"` // the guard that keeps it from running
	Unsure bool   `json:"unsure,omitempty"` // guards that could not be asked yet may still keep it
	// UnlessLacks and OnlyIfLacks are the programs that the guards could not start.
	UnlessLacks string `json:"unless_lacks,omitempty"`
	OnlyIfLacks string `json:"onlyif_lacks,omitempty"`
	// Lacks is what the command needs and the host does not have.
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

// CmdOutput is what a command offers to later units.
type CmdOutput struct {
	Changed bool   `json:"changed"`
	RC      int    `json:"rc"`
	Stdout  string `json:"stdout"`
	Stderr  string `json:"stderr"`
	Ran     bool   `json:"ran"`
	// As base64, where they are not UTF-8.
	StdoutBytes string `json:"stdout_bytes,omitempty"`
	StderrBytes string `json:"stderr_bytes,omitempty"`
}

// environment returns the variables as "KEY=value", sorted.
func (c Run) environment() []string {
	env := make([]string, 0, len(c.Env))
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		env = append(env, name+"="+c.Env[name])
	}
	return env
}

// Read implements sdk.Resource.
func (c Cmd) Read(t *sdk.T) CmdState { return c.read(t, c.needs(t)) }

// Plan runs the command where no guard keeps it.
func (c Cmd) Plan(t *sdk.T, actual CmdState) {
	exec, unknown := c.exec(t)
	c.plan(t, actual, c.needs(t), exec, unknown)
}

// Read implements sdk.Resource.
func (s Script) Read(t *sdk.T) CmdState { return s.read(t, s.needs(t)) }

// Plan runs the script where no guard keeps it.
func (s Script) Plan(t *sdk.T, actual CmdState) {
	exec, unknown := s.exec(t)
	s.plan(t, actual, s.needs(t), exec, unknown)
}

// Potential runs the script; its guards may all have it run by then.
func (s Script) Potential(t *sdk.T) {
	exec, unknown := s.exec(t)
	t.Effect(op.Op{Exec: exec}, unknown...)
}

func (s Script) needs(t *sdk.T) *op.Need {
	n := &op.Need{}
	if !t.Unknown("cwd") && strings.HasPrefix(s.Cwd, "/") {
		n.Dir = s.Cwd
	}
	return some(n)
}

// exec returns the op that runs the script, and which of its fields are known only at apply.
func (s Script) exec(t *sdk.T) (*op.Exec, []string) {
	return s.run(&op.Exec{Script: s.Content, Argv: s.Args}), unknown(t, []later{{"content", "script"}, {"args", "argv"}, {"cwd", "dir"}, {"env", "env"}})
}

// plan runs what exec says, where no guard keeps it.
func (c Run) plan(t *sdk.T, actual CmdState, asked *op.Need, exec *op.Exec, unknown []string) {
	if !actual.Needed {
		t.Reason(actual.Reason)
		t.Output(CmdOutput{})
		return
	}
	t.Action(abi.Run)
	if !c.ChangedWhen {
		t.Action(abi.Probe)
	}
	c.announce(t, actual)
	if actual.Lacks != nil {
		need(t, asked, actual.Lacks)
	}
	r := t.Effect(op.Op{Exec: exec}, unknown...)
	if !t.Acting() {
		return
	}
	if !c.accepts(r.Exec.RC) {
		c.fail(t, r.Exec)
	}
	c.output(t, r.Exec)
}

// output offers what the program said, and says what of it is not whole.
func (c Run) output(t *sdk.T, r *op.ExecResult) {
	stdout := sdk.Captured{Output: "stdout", Text: r.Stdout, Raw: r.StdoutRaw, Cut: r.StdoutCut, Limit: c.MaxOutput, Raise: "max_output"}
	stderr := sdk.Captured{Output: "stderr", Text: r.Stderr, Raw: r.StderrRaw, Cut: r.StderrCut, Limit: c.MaxOutput, Raise: "max_output"}
	t.Output(CmdOutput{
		Changed: c.ChangedWhen, RC: r.RC, Stdout: r.Stdout, Stderr: r.Stderr, Ran: true,
		StdoutBytes: stdout.Check(t), StderrBytes: stderr.Check(t),
	})
}

// Potential runs the command; its guards may all have it run by then.
func (c Cmd) Potential(t *sdk.T) {
	exec, unknown := c.exec(t)
	t.Effect(op.Op{Exec: exec}, unknown...)
}

// exec returns the op that runs the command, and which of its fields are known only at apply.
func (c Cmd) exec(t *sdk.T) (*op.Exec, []string) {
	exec := c.run(&op.Exec{Stdin: c.Stdin})
	switch command := c.Command.(type) {
	case string:
		exec.Shell = command
	case []any:
		for _, arg := range command {
			text, ok := arg.(string)
			if !ok {
				t.Fail(op.Permanent, "command is not a list of strings", "", "")
			}
			exec.Argv = append(exec.Argv, text)
		}
	}
	return exec, unknown(t, []later{{"command", "argv"}, {"command", "shell"}, {"cwd", "dir"}, {"env", "env"}, {"stdin", "stdin"}})
}

// run sets how something is run.
func (c Run) run(exec *op.Exec) *op.Exec {
	exec.Dir, exec.Env, exec.Background, exec.Limit = c.Cwd, c.environment(), c.Background, c.MaxOutput
	return exec
}

// later is an argument that may be known only at apply, and the field of the op that it is for.
type later struct{ argument, field string }

// unknown are the fields whose arguments are known only at apply.
func unknown(t *sdk.T, fields []later) (names []string) {
	for _, f := range fields {
		if t.Unknown(f.argument) {
			names = append(names, f.field)
		}
	}
	return names
}

func (c Run) accepts(rc int) bool {
	return slices.Contains(c.OKExitCodes, rc)
}

// fail ends the unit with how the command ended and the end of what it said.
func (c Run) fail(t *sdk.T, r *op.ExecResult) {
	expected := make([]string, len(c.OKExitCodes))
	for i, rc := range c.OKExitCodes {
		expected[i] = strconv.Itoa(rc)
	}
	// Only the author knows what an exit code means; where retry is given it is worth trying again.
	message := "exit code " + strconv.Itoa(r.RC) + " (expected " + strings.Join(expected, " or ") + ")"
	t.Fail(op.Transient, message, evidence(r), "")
}

// evidence is the end of what a program printed: with its streams named where it used both.
func evidence(r *op.ExecResult) string {
	out, errs := tail(r.Stdout, r.StdoutCut), tail(r.Stderr, r.StderrCut)
	switch {
	case strings.TrimSpace(out) == "":
		return errs
	case strings.TrimSpace(errs) == "":
		return out
	}
	return "stdout:\n" + indent(out) + "\nstderr:\n" + indent(errs)
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// short quotes a command, at most its first 80 bytes.
func short(command string) string {
	const limit = 80
	if len(command) <= limit {
		return strconv.Quote(command)
	}
	cut := limit
	for !utf8.RuneStart(command[cut]) {
		cut--
	}
	return strconv.Quote(command[:cut]) + "..."
}

// leftOut stands before the end of a longer output.
const leftOut = "(earlier output is left out)\n"

// tail returns the end of what a program printed: at most 2 KiB and 40 lines, from
// the beginning of a line where there is one. was says that the beginning is missing already.
func tail(said string, was bool) string {
	const (
		limit = 2 << 10
		lines = 40
	)
	said = strings.TrimRight(said, "\n")
	cut := ""
	if was {
		cut = leftOut
	}
	if len(said) > limit {
		said = said[len(said)-limit:]
		if _, rest, found := strings.Cut(said, "\n"); found {
			said = rest
		}
		for len(said) > 0 && !utf8.RuneStart(said[0]) {
			said = said[1:]
		}
		cut = leftOut
	}
	begin := len(said)
	for range lines {
		if begin = strings.LastIndexByte(said[:begin], '\n'); begin < 0 {
			return cut + said
		}
	}
	return leftOut + said[begin+1:]
}
