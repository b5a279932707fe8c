package rollout

import (
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// barrier is where the hosts of a batch wait for each other.
type barrier struct {
	missing map[*Slot]bool // those that have not come yet
	waiting []*wait
	pause   bool // the operator has to confirm, once all have come
}

// barrierKey tells the barriers of a batch apart.
func barrierKey(b unit.Barrier) unit.Barrier { return unit.Barrier{Name: b.Name, Pause: b.Pause} }

// makeBarriers makes the barriers of a batch's hosts.
func (s *scheduler) makeBarriers(hosts []*host) {
	s.barriers = map[unit.Barrier]*barrier{}
	for _, h := range hosts {
		for _, b := range h.part.Barriers {
			key := barrierKey(b)
			if s.barriers[key] == nil {
				s.barriers[key] = &barrier{missing: map[*Slot]bool{}, pause: b.Pause}
			}
			s.barriers[key].missing[h.slot] = true
		}
	}
}

func (b *barrier) enter(s *scheduler, w *wait) bool {
	b.waiting = append(b.waiting, w)
	return b.pass(s, w.slot, w)
}

// pass notes that a host has come to the barrier, or, where it has not arrived,
// never will. Where none is missing any more, it reports so and lets all go on that
// wait; at a pause the operator is asked first.
func (b *barrier) pass(s *scheduler, t *Slot, arrived *wait) bool {
	delete(b.missing, t)
	if len(b.missing) > 0 || b.pause && b.ask(s, arrived) {
		return false
	}
	return b.open(s)
}

// open lets all go on that wait.
func (b *barrier) open(s *scheduler) bool {
	for _, w := range b.waiting {
		s.wake(w, Granted)
	}
	b.waiting = nil
	return true
}

// passBarriers lets no host wait any longer for one that has ended.
func (s *scheduler) passBarriers(t *Slot) {
	for _, b := range s.barriers {
		if b.missing[t] {
			b.pass(s, t, nil)
		}
	}
}

// Meet waits at a barrier of the play for the hosts that have it as well. The
// event is emitted where it has to wait.
func (t *Slot) Meet(b unit.Barrier, told event.Event) Verdict {
	return t.wait(t.scheduler.barriers[barrierKey(b)], told)
}
