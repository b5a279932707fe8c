package fleet

import (
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/unit"
)

// Live passes what programs of units print, as they do, into the stream of a run. It is also a sink of that, so that
// the last line of a unit comes before its end. It is safe for concurrent use.
type Live struct {
	mu      sync.Mutex
	sink    event.Sink // nil drops all
	streams map[stream]*output.Live
}

// stream is what a unit prints on one of its two.
type stream struct {
	host, unit string
	stderr     bool
}

// NewLive returns one that passes nothing on yet.
func NewLive() *Live { return &Live{streams: map[stream]*output.Live{}} }

// Into sends output to a sink from now on.
func (l *Live) Into(sink event.Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink = sink
}

// Take takes what was printed for a unit that was sent to a host, after left bytes that are missing.
func (l *Live) Take(host, sent string, stderr bool, text string, left int64) {
	host, local := unit.SplitSent(host, sent)
	at := stream{host, local, stderr}
	l.mu.Lock()
	if l.streams[at] == nil {
		l.streams[at] = &output.Live{}
	}
	lines := l.streams[at].Add(text, left)
	l.mu.Unlock()
	l.emit(at, lines)
}

// Emit implements event.Sink.
func (l *Live) Emit(e event.Event) {
	if e.Kind != event.UnitFinished {
		return
	}
	for _, stderr := range []bool{false, true} {
		at := stream{e.Unit.Host, e.Unit.Local(), stderr}
		l.mu.Lock()
		var lines []string
		if s := l.streams[at]; s != nil {
			lines = s.Flush()
			delete(l.streams, at)
		}
		l.mu.Unlock()
		l.emit(at, lines)
	}
}

func (l *Live) emit(at stream, lines []string) {
	l.mu.Lock()
	sink := l.sink
	l.mu.Unlock()
	if len(lines) == 0 || sink == nil {
		return
	}
	name := "stdout"
	if at.stderr {
		name = "stderr"
	}
	sink.Emit(event.Event{
		Kind: event.UnitOutput, Time: time.Now(), Host: at.host, Unit: unit.ParseLocal(at.host, at.unit), Stream: name,
		Text: strings.Join(lines, "\n"),
	})
}
