package apply

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// barrier is where the hosts of a batch wait for each other.
type barrier struct {
	missing map[*seat]bool // those that have not come yet
	waiting []*wait
}

// raise makes the barriers of a batch's hosts.
func (s *scheduler) raise(runs []*hostRun) {
	s.barriers = map[string]*barrier{}
	for _, r := range runs {
		for _, b := range r.play.Barriers {
			if s.barriers[b.Name] == nil {
				s.barriers[b.Name] = &barrier{missing: map[*seat]bool{}}
			}
			s.barriers[b.Name].missing[r.seat] = true
		}
	}
}

func (b *barrier) enter(s *scheduler, w *wait) bool {
	b.waiting = append(b.waiting, w)
	return b.pass(s, w.seat)
}

// pass notes that a host has come to the barrier, or never will. Where none is
// missing any more, it reports so and lets all go on that wait.
func (b *barrier) pass(s *scheduler, t *seat) bool {
	delete(b.missing, t)
	if len(b.missing) > 0 {
		return false
	}
	for _, w := range b.waiting {
		s.wake(w, granted)
	}
	b.waiting = nil
	return true
}

// passAll lets nobody wait any longer for a host that has ended.
func (s *scheduler) passAll(t *seat) {
	for _, b := range s.barriers {
		if b.missing[t] {
			b.pass(s, t)
		}
	}
}

// meet waits at a barrier of the play for the hosts that have it as well.
func (r *hostRun) meet(ctx context.Context, b unit.Barrier) {
	if r.err != nil || r.stopped(ctx) {
		return
	}
	told := event.Event{
		Kind: event.HostWaits, Time: time.Now(), Host: r.host.Host.Name, Play: r.name, Pos: b.Pos, Text: "waits at barrier " + b.Name,
	}
	if r.come(r.seat.scheduler.barriers[b.Name], told) != stuck {
		return
	}
	r.drop((&diag.Error{Summary: "it waits at barrier \"" + b.Name + "\" for hosts that wait for it", Pos: b.Pos}).
		WithHint("barriers, and units that are done once, must come in the same order on all hosts of a batch"))
}

// drop ends the host's part in the run between two units.
func (r *hostRun) drop(err *diag.Error) {
	err.Host, err.Code = r.host.Host.Name, diag.Failed
	r.err = err
	r.count.Failed++
	r.Events.Emit(event.Event{Kind: event.HostStopped, Time: time.Now(), Host: err.Host, Play: r.name, Err: err})
}
