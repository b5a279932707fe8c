package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// log keeps batches of events and fails once err is set.
type log struct {
	mu      sync.Mutex
	batches [][]state.Event
	err     error
	stall   chan struct{} // where it is set, appending waits for it
}

func (l *log) AppendEvents(_ context.Context, run string, events []state.Event) error {
	if l.stall != nil {
		<-l.stall
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if run != "r1" {
		return fmt.Errorf("run %q", run)
	}
	l.batches = append(l.batches, events)
	return l.err
}

func (l *log) sizes() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sizes []int
	for _, b := range l.batches {
		sizes = append(sizes, len(b))
	}
	return fmt.Sprint(sizes)
}

func encode(e event.Event) ([]byte, error) { return json.Marshal(map[string]any{"text": e.Text}) }

func TestStreamBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		s := state.NewStream(&l, "r1", 0, encode)
		want := func(sizes string) {
			t.Helper()
			synctest.Wait()
			if got := l.sizes(); got != sizes {
				t.Errorf("batches are %s, want %s", got, sizes)
			}
		}
		for i := range 10 {
			s.Emit(event.Event{Kind: event.Printed, Text: fmt.Sprint(i)})
		}
		want("[]")
		time.Sleep(99 * time.Millisecond)
		s.Emit(event.Event{Kind: event.Printed})
		want("[]")
		time.Sleep(time.Millisecond)
		want("[11]")
		time.Sleep(time.Hour)
		want("[11]")
		s.Emit(event.Event{Kind: event.Printed})
		time.Sleep(100 * time.Millisecond)
		want("[11 1]")
		s.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Unit: unit.ID{Host: "h1", Type: "file", Key: "/a"}, Text: "last"})
		started := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if time.Since(started) > 0 {
			t.Error("closing waits for more events")
		}
		want("[11 1 1]")
		last := l.batches[2][0]
		if last.Seq != 13 || last.Host != "h1" || last.Unit != "file[/a]" || last.Kind != "unit.finished" ||
			string(last.Data) != `{"text":"last"}` || last.Time.IsZero() {
			t.Errorf("the last event is kept as %+v", last)
		}
	})
}

func TestStreamOrder(t *testing.T) {
	var l log
	s := state.NewStream(&l, "r1", 0, encode)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5000 { // more than fit in the queue
				s.Emit(event.Event{Kind: event.Printed})
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var seq int64
	for _, b := range l.batches {
		for _, e := range b {
			if seq++; e.Seq != seq {
				t.Fatalf("event %d stands where %d belongs", e.Seq, seq)
			}
		}
	}
	if seq != 20000 {
		t.Errorf("%d events were kept, want 20000", seq)
	}
}

func TestStreamFailure(t *testing.T) {
	full := errors.New("disk full")
	tests := []struct {
		name   string
		log    *log
		encode func(event.Event) ([]byte, error)
	}{
		{"the store fails", &log{err: full}, encode},
		{"an event cannot be encoded", &log{}, func(event.Event) ([]byte, error) { return nil, full }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := state.NewStream(test.log, "r1", 0, test.encode)
				for range 3 {
					s.Emit(event.Event{Kind: event.Printed})
					time.Sleep(time.Second)
				}
				if err := s.Close(); !errors.Is(err, full) {
					t.Errorf("Close: %v, want %v", err, full)
				}
				if got := len(test.log.batches); got > 1 {
					t.Errorf("%d batches after a failure", got)
				}
			})
		})
	}
}

// TestStreamStall has the disk stop for a while: emitters go on until the queue
// is full, then wait, and nothing is lost.
func TestStreamStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{stall: make(chan struct{})}
		s := state.NewStream(l, "r1", 0, encode)
		emitted := 0
		go func() {
			for range 40000 {
				s.Emit(event.Event{Kind: event.Printed})
				emitted++
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if emitted < 16384 || emitted == 40000 {
			t.Errorf("%d events were emitted while the disk stood still", emitted)
		}
		close(l.stall)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		total := 0
		for _, b := range l.batches {
			total += len(b)
		}
		if total != 40000 {
			t.Errorf("%d events were kept, want 40000", total)
		}
	})
}
