// Package play collects what one evaluation of a runbook declares of plays:
// which plays a file has, and the units, handlers and barriers that the play
// under evaluation has for a host.
package play

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// Builtins documents play(), action(), handler(), flush_handlers(), barrier() and pause().
func Builtins() []eval.Builtin {
	return []eval.Builtin{playBuiltin(), actionBuiltin(), handlerBuiltin(), flushBuiltin(), barrierBuiltin(), pauseBuiltin()}
}

const collectorKey = "froyo.plays"

// Collector holds what an evaluation has declared so far. It belongs to the
// goroutine of the evaluation.
type Collector struct {
	scope *eval.Scope
	plays []*Play // of the file, while it is loaded
	// actions are the file's, too.
	actions []*Action

	play     *Play          // that is evaluated
	part     unit.Scope     // what units belong to: a handler, verify, or the play itself
	units    []*unit.Unit   // in script order, those of handlers and verify included
	handlers []*Handler     // that were named in notify
	begun    int            // how many of them were evaluated
	flushes  []int          // places among units
	barriers []unit.Barrier // their places as well
}

// Collect begins to collect what the thread of an evaluation declares.
func Collect(s *eval.Scope) *Collector {
	c := &Collector{scope: s}
	s.Thread().SetLocal(collectorKey, c)
	return c
}

// Of returns the collector of a thread; lambdas have none.
func Of(thread *starlark.Thread) *Collector { return thread.Local(collectorKey).(*Collector) }

// Plays returns the plays that were declared, in their order.
func (c *Collector) Plays() []*Play { return c.plays }

// Begin makes play the one that units belong to.
func (c *Collector) Begin(play *Play) {
	*c = Collector{scope: c.scope, plays: c.plays, play: play}
	c.scope.SetBecome(play.become)
}

// Play returns the play that is evaluated; it is nil while files are loaded.
func (c *Collector) Play() *Play { return c.play }

// Part returns what units belong to that are declared now: a handler, verify,
// or, where it is empty, the play itself.
func (c *Collector) Part() unit.Scope { return c.part }

// Add makes a unit one of the play's.
func (c *Collector) Add(u *unit.Unit) { c.units = append(c.units, u) }

// Units returns what the play wants of the host, in script order.
func (c *Collector) Units() *unit.Play {
	p := &unit.Play{Barriers: c.placed(), Graph: c.play.Order == OrderGraph}
	handlers := slices.Clone(c.handlers)
	slices.SortStableFunc(handlers, func(a, b *Handler) int { return a.order - b.order })
	units := map[string][]*unit.Unit{}
	flushes := c.flushes
	for i, u := range c.units {
		for ; len(flushes) > 0 && flushes[0] <= i; flushes = flushes[1:] {
			p.Flush = append(p.Flush, len(p.Units))
		}
		switch part := u.ID.Scope; {
		case part == unit.Scope{}:
			p.Units = append(p.Units, u)
		case part.Handler == "":
			p.Verify = append(p.Verify, u)
		default:
			units[part.Handler] = append(units[part.Handler], u)
		}
	}
	for range flushes {
		p.Flush = append(p.Flush, len(p.Units))
	}
	p.Before, p.After = c.hook(unit.BeforeChange, units), c.hook(unit.AfterChange, units)
	for _, h := range handlers {
		p.Handlers = append(p.Handlers, &unit.Handler{Name: h.Name, Pos: h.Pos, Units: units[h.Name], Rescue: h.rescue})
	}
	return p
}

// Notify notes that a unit of the play names handlers.
func (c *Collector) Notify(handlers []*Handler) *diag.Error {
	if len(handlers) > 0 && unit.IsHook(c.part.Handler) {
		return (&diag.Error{Summary: "notify inside " + c.part.Handler + ": handlers run once all units of the play are done"}).
			WithHint("name the unit in on_change of another one of %s, which follows it at once", c.part.Handler)
	}
	for _, h := range handlers {
		i := slices.IndexFunc(c.handlers, func(o *Handler) bool { return o.Name == h.Name })
		switch {
		case i < 0:
			c.handlers = append(c.handlers, h)
		case c.handlers[i] != h && !lambda.Same(c.handlers[i].Do, h.Do):
			return (&diag.Error{
				Summary: fmt.Sprintf("notify: there are two handlers %q that differ, declared at %s and %s", h.Name, c.handlers[i].Pos, h.Pos),
			}).WithHint("give each a name of its own")
		}
	}
	return nil
}

// OnFailure notes what is done where a unit fails, as a handler of its own, and names that in the unit.
func (c *Collector) OnFailure(u *unit.Unit, do starlark.Callable) *diag.Error {
	if c.part != (unit.Scope{}) {
		return (&diag.Error{Summary: "on_failure inside a handler, an on_failure, a change hook or verify"}).
			WithHint("it belongs to units of the play's function")
	}
	u.Failure.Handler = "on failure of " + u.ID.Bare()
	return c.Notify([]*Handler{{Name: u.Failure.Handler, Do: do, Pos: u.Pos, order: c.scope.Env().NextHandler(), rescue: true}})
}

// NextHandler returns the next handler that the play calls for and whose units
// are not declared yet; those that are declared from now on are its own. nil is
// that there is none left.
func (c *Collector) NextHandler() *Handler {
	if c.begun == len(c.handlers) {
		return nil
	}
	h := c.handlers[c.begun]
	c.begun++
	c.part = unit.Scope{Play: c.play.Name, Handler: h.Name}
	return h
}

// Hook says that what is declared from now on belongs to a change hook of the play,
// and returns the hook's function, or nil where the play has none.
func (c *Collector) Hook(name string) starlark.Callable {
	c.part = unit.Scope{Play: c.play.Name, Handler: name}
	if name == unit.BeforeChange {
		return c.play.Before
	}
	return c.play.After
}

// hook is a change hook with its units, or nil where it has none.
func (c *Collector) hook(name string, units map[string][]*unit.Unit) *unit.Handler {
	if len(units[name]) == 0 {
		return nil
	}
	return &unit.Handler{Name: name, Pos: c.play.Pos, Units: units[name]}
}

// Verifying makes the units that are declared from now on those of the play's verify.
func (c *Collector) Verifying() { c.part = unit.Scope{Play: c.play.Name} }
