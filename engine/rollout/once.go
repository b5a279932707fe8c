package rollout

import (
	"github.com/openfroyo/froyo/engine/event"
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

// recall knows of units from the start that a host did for all before the run
// was resumed.
func (s *scheduler) recall(done []Done) {
	for _, d := range done {
		s.once(d.Host, d.Unit).outcome = d.Outcome
	}
}

// wake lets those go on that wait for the unit.
func (o *once) wake(s *scheduler) {
	for _, f := range o.waiting {
		f.outcome = o.outcome
		s.wake(f.wait, Granted)
	}
	o.waiting = nil
}

func (d Done) handle(s *scheduler) {
	o := s.once(d.Host, d.Unit)
	o.outcome = d.Outcome
	o.wake(s)
}

// leave lets no host wait any longer for what one that has ended would have done for all.
func (s *scheduler) leave(host string) {
	delete(s.present, host)
	for _, o := range s.onces {
		if o.host == host {
			o.wake(s)
		}
	}
}

// Report tells other hosts what came of a unit that was done here for all of them.
func (t *Slot) Report(d Done) { t.scheduler.messages <- d }

// Follow waits for a unit that another host does for all, and returns what came
// of it; nil is that the host's part ended before. The event is emitted where it has to wait.
func (t *Slot) Follow(host, name string, told event.Event) (*unit.Outcome, Verdict) {
	f := &follower{host: host, unit: name}
	if v := t.wait(f, told); v != Granted { // the scheduler may still write what came of it
		return nil, v
	}
	return f.outcome, Granted
}
