package rollout

// Slot is a host's worker slot in a phase, by which its workers wait for other
// hosts. Only the scheduler touches what it holds.
type Slot struct {
	scheduler *scheduler
	host      *host
	work      func(*host)
	begun     bool
	held      bool
	// active counts the host's goroutines that are not waiting.
	active int
	// woken are the host's waits that are over, but for the slot that it needs.
	woken []*wait
}

// acquire lets the host work: its worker begins, or what was woken goes on.
func (t *Slot) acquire() {
	t.held = true
	if !t.begun {
		t.begun, t.active = true, 1
		go func() {
			t.work(t.host)
			t.scheduler.messages <- ended{t}
		}()
	}
	for _, w := range t.woken {
		t.active++
		if t.scheduler.stopped && w.verdict == Granted { // the end came while it waited for the slot
			w.verdict = Interrupted
		}
		w.granted <- w.verdict
	}
	t.woken = nil
}

// release lets another host work.
func (t *Slot) release() {
	t.held = false
	t.scheduler.free++
}

// ended is the message that a host's work in the phase has ended.
type ended struct{ slot *Slot }

func (m ended) handle(s *scheduler) {
	s.left--
	m.slot.release()
	s.passBarriers(m.slot)
	s.leave(m.slot.host.name)
}

// pause notes that one of the host's goroutines waits. Where none is active any
// more the host's slot is released.
func (t *Slot) pause() {
	if t.active--; t.active == 0 {
		t.release()
	}
}

// activity is the message that more goroutines of a host are active, or fewer.
type activity struct {
	slot *Slot
	more int
}

func (m activity) handle(*scheduler) {
	if m.slot.active += m.more; m.slot.active == 0 {
		m.slot.release()
	}
}

// AddActive is called by an active goroutine of the host: so many more are, or
// where it is less than none, it no longer is.
func (t *Slot) AddActive(n int) {
	if n != 0 {
		t.scheduler.messages <- activity{t, n}
	}
}
