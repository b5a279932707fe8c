package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
)

// throttle bounds how many hosts are at a unit's turn at once.
type throttle struct {
	inside  int
	waiting []*entrance
}

// entrance is a host's coming to the turn of a unit that is throttled.
type entrance struct {
	unit string // as the hosts share its name
	most int
	wait *wait
}

func (e *entrance) enter(s *scheduler, w *wait) bool {
	t := s.throttles[e.unit]
	if t == nil {
		t = &throttle{}
		s.throttles[e.unit] = t
	}
	if t.inside < e.most {
		t.inside++
		return true
	}
	e.wait = w
	t.waiting = append(t.waiting, e)
	return false
}

// departure tells that a host's turn at a throttled unit is over.
type departure struct{ unit string }

func (d departure) take(s *scheduler) {
	t := s.throttles[d.unit]
	t.inside--
	for len(t.waiting) > 0 && t.inside < t.waiting[0].most {
		if s.wake(t.waiting[0].wait, granted) {
			t.inside++
		}
		t.waiting = t.waiting[1:]
	}
}

// admit holds a step back until no other host is in its way. It returns what is
// to be called at the end of the turn, or nil where the step's turn has ended.
func (r *hostRun) admit(ctx context.Context, s *plan.Step) (leave func()) {
	unit := s.Unit.ID.Local()
	switch {
	case s.Elsewhere():
		r.follow(ctx, s)
		return nil
	case s.Unit.Throttle == 0:
		return func() {}
	}
	told := r.waiting(s, fmt.Sprintf("waits for other hosts: at most %d at once", s.Unit.Throttle))
	if v := r.come(&entrance{unit: unit, most: s.Unit.Throttle}, told); v != granted {
		r.turnedAway(ctx, s, v)
		return nil
	}
	return func() { r.seat.scheduler.messages <- departure{unit} }
}

// waiting is the event that a step waits for other hosts.
func (r *hostRun) waiting(s *plan.Step, text string) event.Event {
	return event.Event{
		Kind: event.HostWaits, Time: time.Now(), Host: r.host.Host.Name, Play: r.name, Unit: s.Unit.ID, Pos: s.Unit.Pos, Text: text,
	}
}

// turnedAway ends the turn of a step for which other hosts did not make way.
func (r *hostRun) turnedAway(ctx context.Context, s *plan.Step, v verdict) {
	if v == stuck {
		r.fail(s, time.Now(), (&diag.Error{Summary: "it waits for hosts that wait for this one", Pos: s.Unit.Pos}).
			WithHint("barriers, and units that are done once, must come in the same order on all hosts of a batch"))
		return
	}
	r.interrupt(ctx)
	r.leave(s, NotReached)
}
