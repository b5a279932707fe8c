package apply

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// once is a unit that one host does for all of its play.
type once struct {
	host    string
	outcome *unit.Outcome // nil until it is known
	waiting []*follower
}

// follower is a host that comes to a unit which another does.
type follower struct {
	host, unit string
	// outcome is what came of the unit; nil where the host's part ended before.
	outcome *unit.Outcome
	wait    *wait
}

func (f *follower) enter(s *scheduler, w *wait) bool {
	o := s.once(f.host, f.unit)
	if f.outcome = o.outcome; f.outcome != nil || !s.present[f.host] {
		return true
	}
	f.wait = w
	o.waiting = append(o.waiting, f)
	return false
}

func (s *scheduler) once(host, name string) *once {
	if s.onces[name] == nil {
		s.onces[name] = &once{host: host}
	}
	return s.onces[name]
}

// recall knows of units from the start that one host did for all before the run
// was broken off that is gone on with.
func (s *scheduler) recall(p *plan.Play) {
	for step := range p.All() {
		if step.Done && step.Once != "" && !step.Elsewhere() {
			s.once(step.Once, step.Unit.ID.Local()).outcome = step.Unit.Outcome()
		}
	}
}

// let lets those go on that wait for the unit.
func (o *once) let(s *scheduler) {
	for _, f := range o.waiting {
		f.outcome = o.outcome
		s.wake(f.wait, granted)
	}
	o.waiting = nil
}

// through tells that a unit that is done once has had its turn.
type through struct {
	host, unit string
	outcome    *unit.Outcome
}

func (m through) take(s *scheduler) {
	o := s.once(m.host, m.unit)
	o.outcome = m.outcome
	o.let(s)
}

// leave lets nobody wait any longer for what a host would have done for all.
func (s *scheduler) leave(host string) {
	delete(s.present, host)
	for _, o := range s.onces {
		if o.host == host {
			o.let(s)
		}
	}
}

// tell lets other hosts know of steps that had their turn here for all of them.
func (r *hostRun) tell(steps []*plan.Step) {
	for _, s := range steps {
		if s.Once == "" || s.Elsewhere() {
			continue
		}
		out := s.Unit.Outcome()
		if out == nil || r.err != nil && out.Status == unit.Skipped { // its turn never came
			continue
		}
		r.seat.scheduler.messages <- through{s.Once, s.Unit.ID.Local(), out}
	}
}

// follow takes over what came of a step on the host that does it for all.
func (r *hostRun) follow(ctx context.Context, s *plan.Step) {
	f := &follower{host: s.Once, unit: s.Unit.ID.Local()}
	if v := r.come(f, r.waiting(s, "waits for "+s.Once+", where it is done once")); v != granted {
		r.turnedAway(ctx, s, v)
		return
	}
	switch {
	case f.outcome == nil:
		r.fail(s, time.Now(), (&diag.Error{
			Summary: fmt.Sprintf("%s is done once, on %s, which did not come to it", s.Unit.ID.Bare(), s.Once), Pos: s.Unit.Pos,
		}).WithHint("mend %s; or leave it out, and another host does it: -l '!%s'", s.Once, s.Once))
	case f.outcome.Status == unit.Failed:
		r.fail(s, time.Now(), (&diag.Error{
			Summary: fmt.Sprintf("%s is done once, on %s, and failed there", s.Unit.ID.Bare(), s.Once), Pos: s.Unit.Pos,
		}).WithHint("mend it on %s and apply again", s.Once))
	default:
		out := *f.outcome
		out.Outputs = maps.Clone(out.Outputs)
		r.count.Skipped++
		s.Unit.Finish(out)
		r.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: "done once, on " + s.Once})
	}
}
