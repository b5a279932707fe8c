package program

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/sudo"
)

// As returns what runs programs as a user: this Starter, or one that does so by
// sudo, as far as sudo allows.
func (s *Starter) As(user string) *Starter {
	if user == "" || user == s.User {
		return s
	}
	view := *s
	view.as, view.rules = user, &ruleList{}
	return &view
}

// Other is the user that programs run as by sudo, or "" where they run as this
// process's own.
func (s *Starter) Other() string { return s.as }

// Elevate gives the command line that runs a program as the user that the op
// is for: as it is, or by sudo where this process is another user and may
// become the other for certain programs only. Variables that a program is given
// end with sudo then.
func (s *Starter) Elevate(argv ...string) []string {
	if s.as == "" {
		return argv
	}
	return s.sudoLine(nil, argv)
}

func (s *Starter) sudoLine(variables, argv []string) []string {
	line := append([]string{"sudo", "-n", "-u", s.as}, variables...)
	return append(append(line, "--"), argv...)
}

// execAs runs a program by sudo. sudo's rules name programs by their paths, so
// it is looked up here; variables are sudo's to allow, so it gets them as arguments.
func (s *Starter) execAs(ctx context.Context, p Program) (*op.ExecResult, error) {
	path, err := lookup(p.Argv[0], s.environment(p.Env))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); perform.IsAbsent(err) && path[0] == '/' {
		return nil, perform.Fault("run "+path, err)
	}
	for _, variable := range p.Env {
		if !strings.Contains(variable, "=") || variable[0] == '-' {
			return nil, perform.Refuse("einval", strconv.Quote(variable)+" is no variable, such as NAME=value")
		}
	}
	p.Argv = s.sudoLine(p.Env, append([]string{path}, p.Argv[1:]...))
	p.Env = nil
	return s.Run(ctx, p)
}

// ruleList is sudo's list of rules, asked for once where it is needed.
type ruleList struct {
	mu    sync.Mutex
	asked bool
	rules sudo.Rules
}

// sudoRules returns what sudo allows this process's user; nothing where sudo
// does not tell.
func (s *Starter) sudoRules(ctx context.Context) sudo.Rules {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	if s.rules.asked {
		return s.rules.rules
	}
	got, err := s.execute(ctx, Program{Argv: []string{"sudo", "-n", "-l"}, Limit: op.MaxOutput})
	if ctx.Err() != nil {
		return nil
	}
	s.rules.asked = true
	if err == nil && got.RC == 0 {
		s.rules.rules, _ = sudo.Parse(got.Stdout)
	}
	return s.rules.rules
}

// allowance says what sudo allows.
func (s *Starter) allowance(ctx context.Context) string {
	free := s.sudoRules(ctx).Free(s.as)
	if len(free) == 0 {
		return "sudo allows " + s.User + " nothing as " + s.as + " without a password"
	}
	return "sudo allows " + s.User + " only " + sudo.List(free)
}

// NeedsRunner refuses an op that no program does.
func (s *Starter) NeedsRunner(ctx context.Context, o op.Op) error {
	return perform.Refuse(op.CodeSudo, perform.Doing(o)+" as "+s.as+" needs the runner, and "+s.allowance(ctx))
}

// Explain says of what the kernel does not permit who would be permitted.
func (s *Starter) Explain(ctx context.Context, e *op.Error) *op.Error {
	if s.as == "" || e.Code != "eacces" && e.Code != "eperm" {
		return e
	}
	return perform.Refuse(op.CodeSudo, e.Message+"; as "+s.as+" it needs the runner, and "+s.allowance(ctx))
}

// judge tells sudo's refusal from the end of a program that sudo ran. Either
// may be exit code 1 with sudo's name on stderr, since programs use sudo, too. So
// sudo is asked whether it allows the command.
func (s *Starter) judge(ctx context.Context, p Program, r *op.ExecResult) error {
	if r.RC != 1 || !sudo.Spoke(r.Stderr) && !r.Truncated() {
		return nil
	}
	variables, command := unelevate(p.Argv)
	argv := append([]string{"sudo", "-n", "-l", "-u", s.as, "--"}, command...)
	asked, err := s.execute(ctx, Program{Argv: argv, Dir: p.Dir})
	if err != nil {
		return err
	}
	doing := "running " + command[0] + " as " + s.as
	switch {
	case asked.RC == 0 && len(variables) > 0 && sudo.ForbidsEnvironment(r.Stderr):
		return perform.Refuse(op.CodeSudo, doing+" with variables needs SETENV in sudo's rule for it")
	case asked.RC == 0 && sudo.WantsPassword(r.Stderr) && s.sudoRules(ctx).AskPassword(s.as):
		return perform.Refuse(op.CodeSudo, doing+" needs NOPASSWD in sudo's rule for it, and "+s.allowance(ctx))
	case asked.RC == 0:
		return nil // it was the program that ended so
	case sudo.WantsPassword(r.Stderr), sudo.Forbids(r.Stderr):
		return perform.Refuse(op.CodeSudo, doing+" needs a sudo rule for it, and "+s.allowance(ctx))
	}
	return perform.Refuse(op.CodeSudo, "sudo did not run "+command[0]+" as "+s.as+": "+strings.TrimSpace(r.Stderr))
}

// elevated reports whether a command line is one of Elevate's.
func (s *Starter) elevated(argv []string) bool {
	return s.as != "" && len(argv) > 5 && argv[0] == "sudo" && argv[3] == s.as
}

// unelevate takes an elevated command line apart.
func unelevate(argv []string) (variables, command []string) {
	i := slices.Index(argv, "--")
	return argv[4:i], argv[i+1:]
}
