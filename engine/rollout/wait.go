package rollout

import "github.com/openfroyo/froyo/engine/event"

// wait is a goroutine of a host that waits for other hosts.
type wait struct {
	slot *Slot
	// told is emitted where there is really something to wait for.
	told    event.Event
	verdict Verdict
	granted chan Verdict
}

// Verdict is how a wait ended.
type Verdict int

// The verdicts.
const (
	Granted     Verdict = iota // what it waited for has come
	Interrupted                // nothing more shall begin
	Deadlock                   // all hosts wait for each other
)

// gate is something that hosts come to, and that may make them wait.
type gate interface {
	// enter reports whether a host may go on at once; else it is the gate that
	// wakes it when it may.
	enter(s *scheduler, w *wait) bool
}

// arrival is the message that a goroutine of a host has come to a gate.
type arrival struct {
	gate gate
	wait *wait
}

func (m arrival) handle(s *scheduler) {
	w := m.wait
	switch {
	case s.stopped:
		w.granted <- Interrupted
	case m.gate.enter(s, w):
		w.granted <- Granted
	default:
		s.waits[w] = true
		s.events.Emit(w.told)
		w.slot.pause()
	}
}

// wake ends a wait, and reports whether it had not ended before.
func (s *scheduler) wake(w *wait, v Verdict) bool {
	if !s.waits[w] {
		return false
	}
	delete(s.waits, w)
	w.verdict = v
	t := w.slot
	if t.held {
		t.active++
		w.granted <- v
		return true
	}
	if t.woken = append(t.woken, w); len(t.woken) == 1 {
		s.resumed = append(s.resumed, t)
	}
	return true
}

// wait is called by an active goroutine of the host at a gate; it returns when
// the host may go on. The event is emitted where it has to wait.
func (t *Slot) wait(g gate, told event.Event) Verdict {
	w := &wait{slot: t, told: told, granted: make(chan Verdict, 1)}
	t.scheduler.messages <- arrival{g, w}
	return <-w.granted
}
