package cli

import (
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// notePace is how often a host is listened to: what it notes in between is
// dropped, so that a host cannot flood the screen and the store.
const notePace = 200 * time.Millisecond

// notes passes what hosts tell of work under way on into the stream of the
// stage that the run is in. It is safe for concurrent use.
type notes struct {
	now func() time.Time

	mu   sync.Mutex
	sink event.Sink // nil drops all
	last map[string]heard
}

// heard is the last note of a host that was passed on.
type heard struct {
	unit, text string
	at         time.Time
}

func newNotes() *notes { return &notes{now: time.Now, last: map[string]heard{}} }

// into sends notes to a sink from now on.
func (n *notes) into(sink event.Sink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sink = sink
}

// take passes a host's note on unless it repeats itself or comes too soon.
func (n *notes) take(host, sent, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now, last := n.now(), n.last[host]
	repeats := last.unit == sent && last.text == text
	if n.sink == nil || repeats || now.Sub(last.at) < notePace {
		return
	}
	n.last[host] = heard{unit: sent, text: text, at: now}
	host, local := unit.SplitSent(host, sent)
	n.sink.Emit(event.Event{Kind: event.UnitNoted, Time: now, Host: host, Unit: unit.ParseLocal(host, local), Text: text})
}
