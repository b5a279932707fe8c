package machine

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sudo"
)

// As returns the machine as it is for ops of a user: this one, or one that
// does for another user what sudo allows. Programs then run by sudo, what only
// reads is done as this process's user, and everything else is refused.
func (m *Machine) As(user string) *Machine {
	if user == "" || user == m.User {
		return m
	}
	view := *m
	view.as, view.rules = user, &ruleList{}
	view.apt = sync.OnceValue(view.newApt)
	return &view
}

// elevate gives the command line that runs a program as the user that the op
// is for: as it is, or by sudo where this process is another user and may
// become the other for certain programs only. Variables that a program is given
// end with sudo then.
func (m *Machine) elevate(argv ...string) []string {
	if m.as == "" {
		return argv
	}
	return m.sudoLine(nil, argv)
}

func (m *Machine) sudoLine(variables, argv []string) []string {
	line := append([]string{"sudo", "-n", "-u", m.as}, variables...)
	return append(append(line, "--"), argv...)
}

// execAs runs a program by sudo. sudo's rules name programs by their paths, so
// it is looked up here; variables are sudo's to allow, so it gets them as arguments.
func (m *Machine) execAs(ctx context.Context, p program) (*op.ExecResult, error) {
	path, err := lookup(p.argv[0], m.environment(p.env))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); isAbsent(err) && path[0] == '/' {
		return nil, Fault("run "+path, err)
	}
	for _, variable := range p.env {
		if !strings.Contains(variable, "=") || variable[0] == '-' {
			return nil, refusal("einval", strconv.Quote(variable)+" is no variable, such as NAME=value")
		}
	}
	p.argv = m.sudoLine(p.env, append([]string{path}, p.argv[1:]...))
	p.env = nil
	return m.run(ctx, p)
}

// bySudo reports whether an op can be done without a runner of its user.
func bySudo(o op.Op) bool {
	return !o.Changes() || o.Exec != nil || o.PkgEnsure != nil || o.SvcEnsure != nil
}

// ruleList is sudo's list of rules, asked for once where it is needed.
type ruleList struct {
	mu    sync.Mutex
	asked bool
	rules sudo.Rules
}

// sudoRules returns what sudo allows this process's user; nothing where sudo
// does not tell.
func (m *Machine) sudoRules(ctx context.Context) sudo.Rules {
	m.rules.mu.Lock()
	defer m.rules.mu.Unlock()
	if m.rules.asked {
		return m.rules.rules
	}
	got, err := m.execute(ctx, program{argv: []string{"sudo", "-n", "-l"}, limit: maxOutput})
	if ctx.Err() != nil {
		return nil
	}
	m.rules.asked = true
	if err == nil && got.RC == 0 {
		m.rules.rules, _ = sudo.Parse(got.Stdout)
	}
	return m.rules.rules
}

// allowance says what sudo allows.
func (m *Machine) allowance(ctx context.Context) string {
	free := m.sudoRules(ctx).Free(m.as)
	if len(free) == 0 {
		return "sudo allows " + m.User + " nothing as " + m.as + " without a password"
	}
	return "sudo allows " + m.User + " only " + sudo.List(free)
}

// needsRunner refuses an op that no program does.
func (m *Machine) needsRunner(ctx context.Context, o op.Op) error {
	return refusal(op.CodeSudo, doing(o)+" as "+m.as+" needs the runner, and "+m.allowance(ctx))
}

// doing says what an op does, for a sentence.
func doing(o op.Op) string {
	switch {
	case o.Write != nil:
		return "writing " + o.Write.Path
	case o.Mkdir != nil:
		return "making the directory " + o.Mkdir.Path
	case o.Link != nil:
		return "making the link " + o.Link.Path
	case o.Remove != nil:
		return "removing " + o.Remove.Path
	case o.Attr != nil:
		return "changing the mode or owner of " + o.Attr.Path
	}
	return Title(o)
}

// explain says of what the kernel does not permit who would be permitted.
func (m *Machine) explain(ctx context.Context, e *op.Error) *op.Error {
	if m.as == "" || e.Code != "eacces" && e.Code != "eperm" {
		return e
	}
	return refusal(op.CodeSudo, e.Message+"; as "+m.as+" it needs the runner, and "+m.allowance(ctx))
}

// judge tells sudo's refusal from the end of a program that sudo ran. Either
// may be exit code 1 with sudo's name on stderr, since programs use sudo, too. So
// sudo is asked whether it allows the command.
func (m *Machine) judge(ctx context.Context, p program, r *op.ExecResult) error {
	if r.RC != 1 || !sudo.Spoke(r.Stderr) && !r.Truncated {
		return nil
	}
	variables, command := unelevate(p.argv)
	argv := append([]string{"sudo", "-n", "-l", "-u", m.as, "--"}, command...)
	asked, err := m.execute(ctx, program{argv: argv, dir: p.dir})
	if err != nil {
		return err
	}
	doing := "running " + command[0] + " as " + m.as
	switch {
	case asked.RC == 0 && len(variables) > 0 && sudo.ForbidsEnvironment(r.Stderr):
		return refusal(op.CodeSudo, doing+" with variables needs SETENV in sudo's rule for it")
	case asked.RC == 0 && sudo.WantsPassword(r.Stderr) && m.sudoRules(ctx).AskPassword(m.as):
		return refusal(op.CodeSudo, doing+" needs NOPASSWD in sudo's rule for it, and "+m.allowance(ctx))
	case asked.RC == 0:
		return nil // it was the program that ended so
	case sudo.WantsPassword(r.Stderr), sudo.Forbids(r.Stderr):
		return refusal(op.CodeSudo, doing+" needs a sudo rule for it, and "+m.allowance(ctx))
	}
	return refusal(op.CodeSudo, "sudo did not run "+command[0]+" as "+m.as+": "+strings.TrimSpace(r.Stderr))
}

// elevated reports whether a command line is one of elevate's.
func (m *Machine) elevated(argv []string) bool {
	return m.as != "" && len(argv) > 5 && argv[0] == "sudo" && argv[3] == m.as
}

// unelevate takes an elevated command line apart.
func unelevate(argv []string) (variables, command []string) {
	i := slices.Index(argv, "--")
	return argv[4:i], argv[i+1:]
}
