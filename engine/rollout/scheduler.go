package rollout

import (
	"context"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// scheduler decides which hosts are at work. All that it knows belongs to one
// goroutine, the one that runs Run. Hosts have workers of their own, which
// send it messages of what they have come to and what they want, and wait until
// that is granted: they never wait for each other.
//
// A host at work holds a worker slot. One that waits for others releases it, so
// that those always come to where they are waited for.
type scheduler struct {
	events event.Sink
	queue  WorkQueue
	// free is how many of the slots no host holds.
	free, slots int
	// fresh are hosts that have not begun, resumed those whose wait is over. All want a slot.
	fresh, resumed []*Slot
	left           int // hosts of the phase that have not ended
	waits          map[*wait]bool
	barriers       map[unit.Barrier]*barrier // of the phase, by barrierKey
	throttles      map[string]*throttle      // of the play, as onces
	onces          map[string]*once
	present        map[string]bool // hosts of the phase that have not ended
	messages       chan message
	// stop and done are closed where nothing more shall begin; nil once that is known.
	stop, done <-chan struct{}
	stopped    bool
	pauser     func(Pause) bool                  // nil where nothing is asked
	asks       map[string]map[int][]unit.Barrier // as Rollout.Asks
	unask      func()                            // takes back what is asked
	asking     int                               // pauses without an answer yet
}

// message is what a worker tells the scheduler.
type message interface{ handle(s *scheduler) }

func newScheduler(ctx context.Context, r *Rollout) *scheduler {
	slots := max(1, r.Slots)
	return &scheduler{
		events: r.Events, queue: r.Queue, free: slots, slots: slots, waits: map[*wait]bool{},
		messages: make(chan message), stop: r.Stop, done: ctx.Done(),
	}
}

// phase has work done for hosts, as many at once as there are slots, and
// returns when all of it has ended.
func (s *scheduler) phase(hosts []*host, work func(*host)) {
	s.left, s.present = len(hosts), make(map[string]bool, len(hosts))
	for _, h := range hosts {
		h.slot = &Slot{scheduler: s, host: h, work: work}
		s.fresh = append(s.fresh, h.slot)
		s.present[h.name] = true
	}
	s.makeBarriers(hosts)
	for s.left > 0 || s.asking > 0 {
		s.assign()
		if s.free == s.slots && s.asking == 0 {
			s.wakeAll(Deadlock)
			continue
		}
		select {
		case m := <-s.messages:
			m.handle(s)
		case <-s.stop:
			s.interrupt()
		case <-s.done:
			s.interrupt()
		}
	}
}

// assign hands out free slots: first to those that had one before.
func (s *scheduler) assign() {
	for s.free > 0 {
		var next *Slot
		switch {
		case len(s.resumed) > 0:
			next, s.resumed = s.resumed[0], s.resumed[1:]
		case len(s.fresh) > 0:
			next, s.fresh = s.fresh[0], s.fresh[1:]
		default:
			return
		}
		s.free--
		next.acquire()
	}
}

// interrupt ends all waiting: hosts see for themselves that nothing more shall begin.
func (s *scheduler) interrupt() {
	s.stop, s.done, s.stopped = nil, nil, true
	s.unask()
	s.wakeAll(Interrupted)
}

// wakeAll ends all waits.
func (s *scheduler) wakeAll(v Verdict) {
	for w := range s.waits {
		s.wake(w, v)
	}
}
