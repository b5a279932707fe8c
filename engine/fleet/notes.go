package fleet

import (
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// notePace is how often a host is listened to: what it notes in between is
// dropped, so that a host cannot flood the screen and the store.
const notePace = 200 * time.Millisecond

// Notes passes what hosts tell of work under way on into the stream of the
// stage that the run is in. It is safe for concurrent use.
type Notes struct {
	now func() time.Time

	mu   sync.Mutex
	sink event.Sink // nil drops all
	last map[string]note
}

// note is the last note of a host that was passed on.
type note struct {
	unit, text string
	at         time.Time
}

// NewNotes returns notes that go nowhere yet.
func NewNotes() *Notes { return &Notes{now: time.Now, last: map[string]note{}} }

// Into sends notes to a sink from now on.
func (n *Notes) Into(sink event.Sink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sink = sink
}

// Take passes a host's note on unless it repeats itself or comes too soon.
func (n *Notes) Take(host, sent, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now, last := n.now(), n.last[host]
	repeats := last.unit == sent && last.text == text
	if n.sink == nil || repeats || now.Sub(last.at) < notePace {
		return
	}
	n.last[host] = note{unit: sent, text: text, at: now}
	host, local := unit.SplitSent(host, sent)
	n.sink.Emit(event.Event{Kind: event.UnitNoted, Time: now, Host: host, Unit: unit.ParseLocal(host, local), Text: text})
}
