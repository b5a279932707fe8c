// Package eval is one evaluation of a runbook: what its thread may do, what it
// asks of hosts, what it learnt from outside, and the errors that came of it.
//
// The packages of builtins beside it keep what they collect themselves. It
// imports the engine and what lies below, and of the language only what knows
// nothing of hosts.
package eval

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// Phase is what a thread is evaluating.
type Phase int

// The phases of a program.
const (
	LoadingMain Phase = iota // the top level of the main file
	LoadingFile              // the top level of a loaded file
	Planning                 // a play, for one host
	Applying                 // a lambda, when its unit is executed
	Asking                   // what only asks hosts: a function that tells facts, an expression
	AtPrompt                 // what is typed at a prompt: it asks hosts, and declares nothing
)

const scopeKey = "froyo.scope"

// Scope is one evaluation: what its thread may do, and what came of it. It
// belongs to one goroutine, except for facts, which lambdas ask for later.
type Scope struct {
	env    *Env
	ctx    context.Context //nolint:containedctx // Starlark calls attributes without one
	thread *starlark.Thread
	phase  Phase
	asking int // calls of OnlyAsking that are under way

	host     *inventory.Host
	reader   Reader
	become   args.Optional // what the play says of who acts
	facts    *factStore
	answers  map[string]op.Result // to questions put to hosts while planning
	answered atomic.Bool          // hosts have answered, so what comes may differ between them
	outcomes Outcomes
	units    int // declared so far
	inputs   Recorder

	errs     []*diag.Error
	warnings []*diag.Error
	ended    bool
	printed  int  // bytes
	hidden   bool // it works with secrets, so nothing that it prints is shown
}

// Loading begins the evaluation of a file's top level; main is the runbook
// itself, others are loaded files.
func (e *Env) Loading(ctx context.Context, thread *starlark.Thread, main bool) *Scope {
	s := &Scope{env: e, ctx: ctx, thread: thread, phase: LoadingFile}
	if main {
		s.phase = LoadingMain
	}
	return attach(s)
}

// Planning begins the evaluation of plays for one host.
func (e *Env) Planning(ctx context.Context, thread *starlark.Thread, host *inventory.Host, r Reader) *Scope {
	s := &Scope{env: e, ctx: ctx, thread: thread, phase: Planning, host: host, reader: r}
	s.facts = &factStore{scope: s}
	return attach(s)
}

// Prompt begins the evaluation of what was typed at a prompt, in which no host is evaluated. The hosts that the evaluation before
// gave, nil for the first, ask from now on as part of this one, and what they told then is asked for again.
func (e *Env) Prompt(ctx context.Context, thread *starlark.Thread, r Reader, before *Scope) *Scope {
	s := &Scope{env: e, ctx: ctx, thread: thread, phase: AtPrompt, reader: r, facts: &factStore{}}
	if before != nil {
		s.facts = before.facts
	}
	s.facts.renew(s)
	return attach(s)
}

// Applying begins the evaluation of a lambda when its unit is executed: hosts
// are asked for their present state. Nothing that is printed is shown where
// the lambda works with secrets.
// become is what Become returned when the lambda was made: the scope may have gone
// on to another play.
func (s *Scope) Applying(ctx context.Context, thread *starlark.Thread, become args.Optional, secrets bool) {
	attach(&Scope{
		env: s.env, ctx: ctx, thread: thread, phase: Applying, hidden: secrets,
		host: s.host, reader: s.reader, become: become, facts: s.facts,
	})
}

// Outcomes are how the evaluation's units are seen to have ended.
func (s *Scope) Outcomes() *Outcomes { return &s.outcomes }

// Outcomes are how the units of an evaluation are seen to have ended.
type Outcomes struct{ now atomic.Pointer[unit.Outcomes] }

// See has units seen as ended tells that they did. An evaluation belongs to one run, so
// what came last holds for all its lambdas.
func (o *Outcomes) See(ended unit.Outcomes) { o.now.Store(&ended) }

// Of returns how a unit ended, nil while that is not known.
func (o *Outcomes) Of(u *unit.Unit) *unit.Outcome {
	if ended := o.now.Load(); ended != nil {
		return (*ended)(u)
	}
	return unit.AsPlanned(u)
}

func attach(s *Scope) *Scope {
	s.thread.SetLocal(scopeKey, s)
	return s
}

// Of returns the evaluation that a thread works for.
func Of(thread *starlark.Thread) *Scope { return thread.Local(scopeKey).(*Scope) }

// Secret gives a text that stands for a secret. A lambda gets what was asked for before, so that the plan speaks of all.
func Secret(s *Scope, name, generate string) (string, error) {
	secrets := s.env.Secrets
	switch {
	case secrets == nil:
		return "", &diag.Error{Summary: "there are no secrets here", Code: diag.Usage}
	case s.Phase() == Applying && !secrets.Known(name):
		return "", (&diag.Error{Summary: fmt.Sprintf("secret %q is asked for in a lambda first, so that the plan does not speak of it", name)}).
			WithHint("ask for it in the function of the play: pw = secret(%q), and use pw in the lambda", name)
	}
	return secrets.Get(s.ctx, name, generate)
}

// Env returns what all evaluations of the program share.
func (s *Scope) Env() *Env { return s.env }

// Thread returns the thread of the evaluation.
func (s *Scope) Thread() *starlark.Thread { return s.thread }

// Phase returns what is being evaluated.
func (s *Scope) Phase() Phase {
	if s.asking > 0 {
		return Asking
	}
	return s.phase
}

// OnlyAsking calls what may ask hosts and declare nothing.
func OnlyAsking(s *Scope, f func() (starlark.Value, error)) (starlark.Value, error) {
	s.asking++
	defer func() { s.asking-- }()
	return f()
}

// Host returns the host that is evaluated; it is nil while files are loaded.
func (s *Scope) Host() *inventory.Host { return s.host }

// HostName is the name of the host that is evaluated, or "".
func (s *Scope) HostName() string {
	if s.host == nil {
		return ""
	}
	return s.host.Name
}

// Become returns what SetBecome said last.
func (s *Scope) Become() args.Optional { return s.become }

// SetBecome says who acts where a unit does not say it.
func (s *Scope) SetBecome(become args.Optional) { s.become = become }

// User is who acts on a host: the unit's own word, else the play's, else the host's.
func (s *Scope) User(host *inventory.Host, become args.Optional, runAs string) string {
	if runAs != "" {
		return runAs
	}
	if !become.Given {
		become = s.become
	}
	if !become.Given && host != nil && host.Become != nil {
		become = args.Optional{Given: true, Value: *host.Become}
	}
	switch {
	case !become.Value:
		return ""
	case host != nil && host.BecomeUser != "":
		return host.BecomeUser
	}
	return "root"
}

// Used returns the recorder of what the evaluation learns from outside.
func (s *Scope) Used() *Recorder { return &s.inputs }

// CountUnit notes that a unit was declared, and returns how many were before it.
func (s *Scope) CountUnit() int {
	s.units++
	return s.units - 1
}

// End ends the evaluation: its values are shared with lambdas from now on.
func (s *Scope) End() { s.ended = true }

// Ended reports whether the evaluation has ended.
func (s *Scope) Ended() bool { return s.ended }

// NeedPlanning is the error for builtins that only a play may call; nil while planning.
func (s *Scope) NeedPlanning(what string) *diag.Error {
	switch s.Phase() {
	case Asking:
		return (&diag.Error{Summary: fmt.Sprintf("%s where hosts are only asked", what)}).
			WithHint("facts and expressions change nothing; declare it in the function that play() gets as do")
	case AtPrompt:
		return (&diag.Error{Summary: fmt.Sprintf("%s at the prompt, which declares nothing", what)}).
			WithHint("put it into a function, def web(host): ..., and see what that would do: plan(web)")
	case LoadingFile:
		return (&diag.Error{Summary: fmt.Sprintf("%s at the top level of a loaded file", what)}).
			WithHint("put it into a function, and call that from a play")
	case Applying:
		return (&diag.Error{Summary: fmt.Sprintf("%s inside a lambda", what)}).
			WithHint("lambdas run while hosts are being changed; declare it in the play's function")
	case LoadingMain:
		return (&diag.Error{Summary: fmt.Sprintf("%s outside of a play", what)}).
			WithHint("put it into the function that play() gets as do")
	}
	return nil
}
