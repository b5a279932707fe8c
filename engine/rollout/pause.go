package rollout

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
)

// Pauser asks the operator to confirm pauses.
type Pauser interface {
	// Pause returns once the operator has answered, or soon after the context is done.
	// It is called once for the hosts of a batch that wait there; false lets nothing
	// more begin, which the caller's Stop has to say from then on.
	Pause(ctx context.Context, p Pause) bool
}

// Pause is a place at which the hosts of a batch wait for the operator.
type Pause struct {
	Play    string
	Message string
	Pos     diag.Pos
	Hosts   []string
}

// ask asks about a pause that all have come to, and reports false where nothing is
// to be asked. The answer comes as a message: other hosts may be at work meanwhile.
func (b *barrier) ask(s *scheduler, arrived *wait) bool {
	if s.pauser == nil || s.stopped {
		return false
	}
	var p Pause
	asked := false
	for _, w := range b.waiting {
		if w != arrived && !s.waits[w] { // it waits no longer
			continue
		}
		p.Play, p.Pos = w.told.Play, w.told.Pos
		p.Hosts = append(p.Hosts, w.slot.host.name)
		for _, pause := range w.slot.host.asks {
			if s.barriers[barrierKey(pause)] == b {
				p.Message, asked = pause.Name, true
			}
		}
	}
	if !asked {
		return false
	}
	slices.Sort(p.Hosts)
	s.asking++
	go func() { s.messages <- answered{b, s.pauser(p)} }()
	return true
}

// answered is the message that the operator has answered.
type answered struct {
	barrier *barrier
	yes     bool
}

func (m answered) handle(s *scheduler) {
	s.asking--
	switch {
	case s.stopped:
	case m.yes:
		m.barrier.open(s)
	default:
		s.interrupt()
	}
}
