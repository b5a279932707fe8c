package builtins

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// ErrNotKnown is what a Reader answers where it has no connection and no
// stored value. It ends the host's evaluation, which is no error.
var ErrNotKnown = errors.New("not known without a connection")

// Reader answers what a runbook asks of hosts, while planning and inside
// lambdas at a unit's turn. It must be safe for concurrent use.
type Reader interface {
	// Facts returns a namespace of a host's facts, as plain data.
	Facts(ctx context.Context, host *inventory.Host, namespace string) (map[string]any, error)
	// Do performs an op that changes nothing; user "" is the login user.
	Do(ctx context.Context, host *inventory.Host, user string, o op.Op) (op.Result, error)
}

// phase is what a thread is evaluating.
type phase int

const (
	loading   phase = iota // the top level of the main file
	importing              // the top level of a loaded file
	planning               // a play, for one host
	acting                 // a lambda, at its unit's turn
)

const scopeKey = "froyo.scope"

// Scope is one evaluation: what its thread may do, and what came of it. It
// belongs to one goroutine, except for facts, which lambdas ask for later.
type Scope struct {
	env    *Env
	ctx    context.Context //nolint:containedctx // Starlark calls attributes without one
	thread *starlark.Thread
	phase  phase
	file   string // the file being loaded

	host   *inventory.Host
	reader Reader
	facts  *factStore

	play     *Play
	part     unit.Scope // what is declared belongs to: a handler, verify, or the units themselves
	calls    calls      // of the play
	order    []*Handle
	handles  map[unit.ID]*Handle
	captures []*captured
	record   recorder
	answers  map[string]op.Result // to questions put to hosts while planning

	plays    []*Play
	topLevel []diag.Frame // resources at the top level of the main file

	errs     []*diag.Error
	warnings []*diag.Error
	ended    bool
}

// Loading begins the evaluation of a file's top level; main is the runbook
// itself, others are loaded files.
func (e *Env) Loading(ctx context.Context, thread *starlark.Thread, file string, main bool) *Scope {
	s := &Scope{env: e, ctx: ctx, thread: thread, phase: importing, file: file}
	if main {
		s.phase = loading
	}
	return s.attach()
}

// Planning begins the evaluation of plays for one host.
func (e *Env) Planning(ctx context.Context, thread *starlark.Thread, host *inventory.Host, r Reader) *Scope {
	s := &Scope{env: e, ctx: ctx, thread: thread, phase: planning, host: host, reader: r}
	s.facts = newFactStore(s)
	return s.attach()
}

// acting makes the scope of a lambda at its unit's turn: hosts are asked live.
func (s *Scope) acting(ctx context.Context, thread *starlark.Thread) {
	(&Scope{
		env: s.env, ctx: ctx, thread: thread, phase: acting,
		host: s.host, reader: s.reader, facts: s.facts, play: s.play, part: s.part,
	}).attach()
}

func (s *Scope) attach() *Scope {
	s.handles = map[unit.ID]*Handle{}
	s.thread.SetLocal(scopeKey, s)
	return s
}

func scopeOf(thread *starlark.Thread) *Scope { return thread.Local(scopeKey).(*Scope) }

// hostName is the host at work, or "".
func (s *Scope) hostName() string {
	if s.host == nil {
		return ""
	}
	return s.host.Name
}

// report notes an error at the present position and lets the evaluation go on.
func (s *Scope) report(err *diag.Error) {
	if err.Pos == (diag.Pos{}) {
		err.Stack = Stack(s.thread)
		err.Pos = Pos(err.Stack)
	}
	if err.Host == "" {
		err.Host = s.hostName()
	}
	for _, known := range s.errs {
		if known.Pos == err.Pos && known.Summary == err.Summary && known.Unit == err.Unit {
			return
		}
	}
	s.errs = append(s.errs, err)
}

// warn notes what is worth knowing, once for each place.
func (s *Scope) warn(err *diag.Error) {
	err.Stack = Stack(s.thread)
	err.Pos = Pos(err.Stack)
	err.Host = s.hostName()
	for _, known := range s.warnings {
		if known.Pos == err.Pos && known.Summary == err.Summary {
			return
		}
	}
	s.warnings = append(s.warnings, err)
}

// Errors returns what was reported so far.
func (s *Scope) Errors() []*diag.Error { return s.errs }

// Warnings returns what is worth knowing and no error.
func (s *Scope) Warnings() []*diag.Error { return s.warnings }

// Plays returns the plays that were declared, in their order.
func (s *Scope) Plays() []*Play { return s.plays }

// TopLevel returns where the main file called resources outside of functions.
func (s *Scope) TopLevel() []diag.Frame { return s.topLevel }

// Inputs returns what the evaluation learnt from outside.
func (s *Scope) Inputs() Inputs { return s.record.inputs(s.env.UsedVars()) }

// Absorb adds the inputs of a file's loading, which has ended, to those of s.
func (s *Scope) Absorb(loaded *Scope) { s.record.absorb(&loaded.record) }

// Begin makes play the one that units belong to.
func (s *Scope) Begin(play *Play) { s.play, s.part, s.calls = play, unit.Scope{}, calls{} }

// Host returns the host as the argument of a play's function.
func (s *Scope) Host() starlark.Value { return &Host{scope: s, inv: s.host} }

// Units returns what the play at work wants of the host, in script order.
func (s *Scope) Units() *unit.Play {
	p := &unit.Play{Barriers: s.barriers(), Graph: s.play.Order == OrderGraph}
	handlers := slices.Clone(s.calls.handlers)
	slices.SortStableFunc(handlers, func(a, b *Handler) int { return a.order - b.order })
	units := map[string][]*unit.Unit{}
	flushes := s.calls.flushes
	for i, h := range s.order {
		for ; len(flushes) > 0 && flushes[0] <= i; flushes = flushes[1:] {
			p.Flush = append(p.Flush, len(p.Units))
		}
		if h.play != s.play {
			continue
		}
		switch part := h.unit.ID.Scope; {
		case part == unit.Scope{}:
			p.Units = append(p.Units, h.unit)
		case part.Handler == "":
			p.Verify = append(p.Verify, h.unit)
		default:
			units[part.Handler] = append(units[part.Handler], h.unit)
		}
	}
	for range flushes {
		p.Flush = append(p.Flush, len(p.Units))
	}
	for _, h := range handlers {
		p.Handlers = append(p.Handlers, &unit.Handler{Name: h.Name, Pos: h.Pos, Units: units[h.Name], Rescue: h.rescue})
	}
	return p
}

// Finish checks what only the whole evaluation shows: variables that changed
// behind a lambda's back, and the edges of lambdas. It freezes what lambdas hold.
func (s *Scope) Finish() {
	for _, c := range s.captures {
		s.settle(c)
	}
	s.checkEdges()
}

// End ends the evaluation: its values are shared with lambdas from now on.
func (s *Scope) End() { s.ended = true }

// needPlanning is the error for builtins that only a play may call.
func (s *Scope) needPlanning(what string) *diag.Error {
	switch s.phase {
	case importing:
		return (&diag.Error{Summary: fmt.Sprintf("%s at the top level of a loaded file", what)}).
			WithHint("put it into a function, and call that from a play")
	case acting:
		return (&diag.Error{Summary: fmt.Sprintf("%s inside a lambda", what)}).
			WithHint("lambdas run while hosts are being changed; declare it in the play's function")
	case loading:
		return (&diag.Error{Summary: fmt.Sprintf("%s outside of a play", what)}).
			WithHint("put it into the function that play() gets as do")
	}
	return nil
}
