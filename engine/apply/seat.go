package apply

import "github.com/openfroyo/froyo/engine/event"

// seat is a host's place in a phase. Only the scheduler touches what it holds.
type seat struct {
	scheduler *scheduler
	run       *hostRun
	work      func(*hostRun)
	begun     bool
	seated    bool // it holds a fork
	// busy counts the host's goroutines that are not waiting.
	busy int
	// woken are the host's waits that are over, but for the fork that it needs.
	woken []*wait
}

// wait is a goroutine of a host that waits for other hosts.
type wait struct {
	seat *seat
	// told is what the stream learns where there is really something to wait for.
	told    event.Event
	verdict verdict
	granted chan verdict
}

// verdict is how a wait ended.
type verdict int

const (
	granted     verdict = iota // what it waited for has come
	interrupted                // nothing more shall begin
	stuck                      // all hosts wait for each other
)

// sit gives the host a fork: its worker begins, or what was woken goes on.
func (t *seat) sit() {
	t.seated = true
	if !t.begun {
		t.begun, t.busy = true, 1
		go func() {
			t.work(t.run)
			t.scheduler.messages <- ended{t}
		}()
	}
	for _, w := range t.woken {
		t.busy++
		w.granted <- w.verdict
	}
	t.woken = nil
}

// rise gives the host's fork back.
func (t *seat) rise() {
	t.seated = false
	t.scheduler.free++
}

// ended tells that a host's work in the phase has ended.
type ended struct{ seat *seat }

func (m ended) take(s *scheduler) {
	s.left--
	m.seat.rise()
	s.passAll(m.seat)
	s.leave(m.seat.run.host.Host.Name)
}

// gate is something that hosts come to, and that may make them wait.
type gate interface {
	// enter reports whether a host may go on at once; else it is the gate that
	// wakes it when it may.
	enter(s *scheduler, w *wait) bool
}

// arrival tells that a goroutine of a host has come to a gate.
type arrival struct {
	gate gate
	wait *wait
}

func (m arrival) take(s *scheduler) {
	w := m.wait
	switch {
	case s.stopped:
		w.granted <- interrupted
	case m.gate.enter(s, w):
		w.granted <- granted
	default:
		s.waits[w] = true
		s.Events.Emit(w.told)
		w.seat.pause()
	}
}

// pause notes that one of the host's goroutines waits. Where none is at work
// any more the host gives its fork back.
func (t *seat) pause() {
	if t.busy--; t.busy == 0 {
		t.rise()
	}
}

// wake ends a wait, and reports whether it had not ended before.
func (s *scheduler) wake(w *wait, v verdict) bool {
	if !s.waits[w] {
		return false
	}
	delete(s.waits, w)
	w.verdict = v
	t := w.seat
	if t.seated {
		t.busy++
		w.granted <- v
		return true
	}
	if t.woken = append(t.woken, w); len(t.woken) == 1 {
		s.back = append(s.back, t)
	}
	return true
}

// come is called by a host's worker at a gate; it returns when the host may go on.
func (r *hostRun) come(g gate, told event.Event) verdict {
	if r.side != nil {
		defer r.side.park()()
	}
	defer r.pause()()
	w := &wait{seat: r.seat, told: told, granted: make(chan verdict, 1)}
	r.seat.scheduler.messages <- arrival{g, w}
	return <-w.granted
}

// crowd tells that more goroutines of a host are at work, or fewer.
type crowd struct {
	seat *seat
	more int
}

func (m crowd) take(*scheduler) {
	if m.seat.busy += m.more; m.seat.busy == 0 {
		m.seat.rise()
	}
}

// more is called by the host's goroutine at work: so many more are as well, or
// where it is less than none, it no longer is.
func (t *seat) more(n int) {
	if n != 0 {
		t.scheduler.messages <- crowd{t, n}
	}
}
