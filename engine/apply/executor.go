// Package apply carries plans out: play by play, hosts in parallel, the units
// of a host in the order of the runbook. Each unit that acts, and each after
// it, is read again just before its turn.
//
// It imports engine/plan and what that imports.
package apply

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
)

// Change is one unit's turn, to be kept: what it was before and after.
type Change struct {
	Host      string
	MachineID string
	Play      string
	Unit      *unit.Unit
	Status    unit.Status
	Change    *abi.Change
	Contents  *plan.Contents
}

// Executor applies plans. All fields must be set.
type Executor struct {
	// Provider gives the provider of a resource type.
	Provider func(ctx context.Context, typ string) (plan.Provider, error)
	// Complete checks a unit's arguments with the values that are known now,
	// and stores them in the unit.
	Complete func(u *unit.Unit, values map[string]any) error
	// Record keeps a change durably; it returns before the change is reported.
	Record   func(ctx context.Context, c Change) error
	Contents *plan.Contents
	Events   event.Sink
	// Exact refuses a unit whose change is no longer the planned one: a saved plan was reviewed.
	Exact bool
	// Forks bounds the hosts at work at once.
	Forks int
}

// Count is a host's line in the recap.
type Count struct {
	Host                                      string
	OK, Changed, Unreachable, Failed, Skipped int
}

// Apply carries out the plays in their order; every host finishes a play
// before any begins the next. It returns one count per host, in their order,
// and never stops a host because of another.
func (e *Executor) Apply(ctx context.Context, plays []string, hosts []*plan.Host) []Count {
	runs := make([]*hostRun, len(hosts))
	for i, h := range hosts {
		runs[i] = newHostRun(e, h)
		if runs[i].last < 0 {
			runs[i].end()
		}
	}
	for index, play := range plays {
		var g errgroup.Group
		g.SetLimit(max(1, e.Forks))
		for _, r := range runs {
			if len(r.host.Plays[index]) == 0 {
				continue
			}
			g.Go(func() error {
				r.play(ctx, play, r.host.Plays[index])
				if index == r.last {
					r.end()
				}
				return nil
			})
		}
		_ = g.Wait() // no worker returns an error
	}
	counts := make([]Count, len(runs))
	for i, r := range runs {
		counts[i] = r.count
	}
	return counts
}

// hostRun is the progress of one host through a run. One goroutine at a time works on it.
type hostRun struct {
	*Executor
	host  *plan.Host
	count Count
	// err is why the host takes no further part, or nil.
	err error
	// dirty says that something on the host changed, so what the plan read no longer binds.
	dirty bool
	// last is the index of the host's last play, or -1.
	last int
	// wanted holds the units whose results a later unit reads.
	wanted map[unit.ID]bool
}

func newHostRun(e *Executor, h *plan.Host) *hostRun {
	r := &hostRun{Executor: e, host: h, err: h.Err, last: -1, wanted: map[unit.ID]bool{}, count: Count{Host: h.Host.Name}}
	if h.Err != nil {
		r.countError(h.Err)
	}
	for play, steps := range h.Plays {
		if len(steps) > 0 {
			r.last = max(r.last, play)
		}
		for _, s := range steps {
			for _, id := range s.Unit.Require {
				r.wanted[id] = true
			}
		}
	}
	return r
}

// end tells that the host has no more to do.
func (r *hostRun) end() {
	r.Events.Emit(event.Event{Kind: event.HostFinished, Host: r.host.Host.Name, Err: r.err, Unreachable: r.count.Unreachable > 0})
}

// countError counts a host that is lost or refuses.
func (r *hostRun) countError(err error) {
	if lost, ok := errors.AsType[*dial.Error](err); ok && lost.Unreachable() {
		r.count.Unreachable++
		return
	}
	r.count.Failed++
}

// play runs the units of one play on the host.
func (r *hostRun) play(ctx context.Context, play string, steps []*plan.Step) {
	for i := 0; i < len(steps); {
		if r.err == nil && ctx.Err() != nil {
			r.err = &diag.Error{Summary: "interrupted", Host: r.host.Host.Name, Code: diag.Interrupted, Cause: context.Cause(ctx)}
		}
		if r.err != nil {
			r.skip(play, steps[i], "not reached")
			i++
			continue
		}
		if n := stretch(steps[i:]); n > 0 {
			i += r.sequence(ctx, play, steps[i:i+n])
			continue
		}
		r.single(ctx, play, steps[i])
		i++
	}
}

// skip ends a unit's turn without anything done.
func (r *hostRun) skip(play string, s *plan.Step, reason string) {
	r.count.Skipped++
	s.Unit.Finish(unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}})
	r.emit(play, s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: reason})
}

// fail ends a unit's turn with an error, and with it the host's part in the run.
func (r *hostRun) fail(play string, s *plan.Step, started time.Time, err error) {
	err = r.explain(s, err)
	if r.dirty && s.Acts() && !onlyProbes(s.Change) {
		// What it did before it failed is not known in detail; that it failed is kept.
		if unkept := r.Record(context.Background(), r.changeOf(play, s, unit.Failed)); unkept != nil {
			err = errors.Join(err, unkept)
		}
	}
	r.err = err
	r.countError(err)
	s.Unit.Finish(unit.Outcome{Status: unit.Failed})
	r.emit(play, s, event.Event{Kind: event.UnitFinished, Status: unit.Failed, Err: err, Elapsed: time.Since(started)})
}

// explain gives an error the unit's place.
func (r *hostRun) explain(s *plan.Step, err error) error {
	if _, lost := errors.AsType[*dial.Error](err); lost {
		return err
	}
	if d, ok := errors.AsType[*diag.Error](err); ok {
		d.Host, d.Unit = s.Unit.ID.Host, s.Unit.ID.Local()
		if d.Code == diag.OK {
			d.Code = diag.Failed
		}
		return d
	}
	return Explain(s.Unit, err)
}

// Explain turns a provider's error into one with the unit's place and the exit code of a failed host.
func Explain(u *unit.Unit, err error) *diag.Error {
	d := &diag.Error{
		Summary: err.Error(), Pos: u.Pos, Stack: u.Stack, Host: u.ID.Host, Unit: u.ID.Local(),
		Code: diag.Failed, Cause: err,
	}
	if e, ok := errors.AsType[*abi.Error](err); ok {
		d.Summary, d.Detail, d.Hint = e.Message, e.Detail, e.Hint
		if u.Sensitive && d.Detail != "" {
			d.Detail = "(what it said is sensitive)"
		}
	}
	if errors.Is(err, context.Canceled) {
		d.Summary, d.Code = "interrupted", diag.Interrupted
	}
	return d
}

func (r *hostRun) emit(play string, s *plan.Step, e event.Event) {
	e.Time, e.Host, e.Play, e.Unit, e.Pos = time.Now(), r.host.Host.Name, play, s.Unit.ID, s.Unit.Pos
	if s.Change != nil && e.Action == "" {
		e.Action = s.Change.Action
	}
	r.Events.Emit(e)
}
