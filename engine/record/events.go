package record

import (
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// Events keeps a run's events. It implements event.Sink.
type Events struct {
	stream  *state.Stream
	unknown *unknown
}

// Emit implements event.Sink.
func (e *Events) Emit(ev event.Event) {
	if ev.Open && ev.Status == unit.Failed {
		e.unknown.lose()
	}
	if ev.Kind == event.UnitFinished && !ev.Open {
		e.unknown.confirm(ev.Unit)
	}
	if ev.Kind == event.UnitOutput { // all of it is kept when the unit ends
		return
	}
	e.stream.Emit(ev)
}

// subject is a unit on a host.
type subject struct{ host, unit string }

// unknown tells whether the outcome of every unit is known. It is safe for concurrent use.
type unknown struct {
	mu sync.Mutex
	// units are those whose outcome was not known when the run was resumed, and is not yet.
	units map[subject]bool
	lost  bool // the outcome of some unit was lost
}

// lose notes that the outcome of a unit is not known.
func (u *unknown) lose() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lost = true
}

// confirm notes that the outcome of a unit is known by now.
func (u *unknown) confirm(id unit.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.units, subject{id.Host, id.Local()})
}

func (u *unknown) any() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.lost || len(u.units) > 0
}
