package rollout

import "github.com/openfroyo/froyo/engine/event"

// barrier is where the hosts of a batch wait for each other.
type barrier struct {
	missing map[*Slot]bool // those that have not come yet
	waiting []*wait
}

// makeBarriers makes the barriers of a batch's hosts.
func (s *scheduler) makeBarriers(hosts []*host) {
	s.barriers = map[string]*barrier{}
	for _, h := range hosts {
		for _, b := range h.part.Barriers {
			if s.barriers[b.Name] == nil {
				s.barriers[b.Name] = &barrier{missing: map[*Slot]bool{}}
			}
			s.barriers[b.Name].missing[h.slot] = true
		}
	}
}

func (b *barrier) enter(s *scheduler, w *wait) bool {
	b.waiting = append(b.waiting, w)
	return b.pass(s, w.slot)
}

// pass notes that a host has come to the barrier, or never will. Where none is
// missing any more, it reports so and lets all go on that wait.
func (b *barrier) pass(s *scheduler, t *Slot) bool {
	delete(b.missing, t)
	if len(b.missing) > 0 {
		return false
	}
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
			b.pass(s, t)
		}
	}
}

// Meet waits at a barrier of the play for the hosts that have it as well. The
// event is emitted where it has to wait.
func (t *Slot) Meet(barrier string, told event.Event) Verdict {
	return t.wait(t.scheduler.barriers[barrier], told)
}
