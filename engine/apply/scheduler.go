package apply

import "context"

// scheduler decides which hosts are at work. All that it knows belongs to one
// goroutine, the one that runs Apply. Hosts have workers of their own, which
// tell it by messages what they have come to and what they want, and wait until
// that is granted: they never wait for each other.
//
// A host at work holds a fork. One that waits for others gives it back, so that
// those always come to where they are waited for.
type scheduler struct {
	*Executor
	// free is how many forks nobody holds.
	free, forks int
	// fresh are hosts whose turn has not come, back those whose wait is over. All want a fork.
	fresh, back []*seat
	left        int // hosts of the phase that have not ended
	waits       map[*wait]bool
	barriers    map[string]*barrier  // of the phase
	throttles   map[string]*throttle // of the play, as onces
	onces       map[string]*once
	present     map[string]bool // hosts of the phase that have not ended
	messages    chan message
	// stop and done are closed where nothing more shall begin; nil once that is known.
	stop, done <-chan struct{}
	stopped    bool
}

// message is what a worker tells the scheduler.
type message interface{ take(s *scheduler) }

func newScheduler(ctx context.Context, e *Executor) *scheduler {
	forks := max(1, e.Forks)
	return &scheduler{
		Executor: e, free: forks, forks: forks, waits: map[*wait]bool{},
		messages: make(chan message), stop: e.Stop, done: ctx.Done(),
	}
}

// phase has work done for hosts, as many at once as there are forks, and
// returns when all of it has ended.
func (s *scheduler) phase(runs []*hostRun, work func(*hostRun)) {
	s.left, s.present = len(runs), make(map[string]bool, len(runs))
	for _, r := range runs {
		r.seat = &seat{scheduler: s, run: r, work: work}
		s.fresh = append(s.fresh, r.seat)
		s.present[r.host.Host.Name] = true
	}
	s.raise(runs)
	for s.left > 0 {
		s.give()
		if s.free == s.forks {
			s.wakeAll(stuck)
			continue
		}
		select {
		case m := <-s.messages:
			m.take(s)
		case <-s.stop:
			s.interrupt()
		case <-s.done:
			s.interrupt()
		}
	}
}

// give hands out forks: first to those that had one before.
func (s *scheduler) give() {
	for s.free > 0 {
		var next *seat
		switch {
		case len(s.back) > 0:
			next, s.back = s.back[0], s.back[1:]
		case len(s.fresh) > 0:
			next, s.fresh = s.fresh[0], s.fresh[1:]
		default:
			return
		}
		s.free--
		next.sit()
	}
}

// interrupt ends all waiting: hosts see for themselves that nothing more shall begin.
func (s *scheduler) interrupt() {
	s.stop, s.done, s.stopped = nil, nil, true
	s.wakeAll(interrupted)
}

// wakeAll ends all waits.
func (s *scheduler) wakeAll(v verdict) {
	for w := range s.waits {
		s.wake(w, v)
	}
}
