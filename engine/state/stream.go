package state

import (
	"context"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
)

const (
	// flushAfter is how late an event may be recorded.
	flushAfter = 100 * time.Millisecond
	// maxQueued bounds the events that wait for the disk; beyond it emitters wait, too.
	maxQueued = 1 << 14
)

// Stream records a run's events, batched, beside the work: emitting one costs
// its encoding and a lock. It implements event.Sink.
type Stream struct {
	store  EventStore
	run    string
	encode func(event.Event) ([]byte, error)

	mu      sync.Mutex // guards what follows
	room    *sync.Cond // the queue was taken
	queue   []Event
	seq     int64
	err     error // the first; nothing is recorded after it
	closing bool

	wake chan struct{} // the queue is no longer empty, or closing
	done chan struct{} // the writer has ended
}

// EventStore is where a Stream records.
type EventStore interface {
	AppendEvents(ctx context.Context, run string, events []Event) error
}

// NewStream records the events of a run in store until Close, numbered from the
// one after last. encode gives an event the shape in which it is kept.
func NewStream(store EventStore, run string, last int64, encode func(event.Event) ([]byte, error)) *Stream {
	s := &Stream{store: store, run: run, seq: last, encode: encode, wake: make(chan struct{}, 1), done: make(chan struct{})}
	s.room = sync.NewCond(&s.mu)
	go s.write()
	return s
}

// Emit implements event.Sink.
func (s *Stream) Emit(e event.Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	data, err := s.encode(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) >= maxQueued && s.err == nil {
		s.room.Wait()
	}
	if s.err == nil {
		s.err = err
	}
	if s.err != nil || s.closing {
		return
	}
	s.seq++
	kept := Event{Seq: s.seq, Time: e.Time, Host: e.Host, Kind: string(e.Kind), Data: data}
	if e.Unit.Type != "" {
		kept.Unit = e.Unit.Local()
		if !e.Open {
			kept.Status = string(e.Status)
		}
		if e.Output != nil && !e.Output.Recorded {
			kept.Output = e.Output
		}
	}
	s.queue = append(s.queue, kept)
	if len(s.queue) == 1 || len(s.queue) == maxQueued {
		s.signal()
	}
}

// Close records what is left and returns the first error of all. Events emitted later are dropped.
func (s *Stream) Close() error {
	s.mu.Lock()
	s.closing = true
	s.signal()
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write records what is queued, some time after the first of it came.
func (s *Stream) write() {
	defer close(s.done)
	for range s.wake {
		s.linger()
		s.mu.Lock()
		batch, closing := s.queue, s.closing
		s.queue = nil
		s.room.Broadcast()
		s.mu.Unlock()
		if len(batch) > 0 {
			// Events of an interrupted run are recorded as well: its context does not count here.
			if err := s.store.AppendEvents(context.Background(), s.run, batch); err != nil {
				s.fail(err)
			}
		}
		if closing {
			return
		}
	}
}

// linger waits for more to come, unless there is no time to lose.
func (s *Stream) linger() {
	timer := time.NewTimer(flushAfter)
	defer timer.Stop()
	for {
		s.mu.Lock()
		hurry := s.closing || len(s.queue) >= maxQueued
		s.mu.Unlock()
		if hurry {
			return
		}
		select {
		case <-timer.C:
			return
		case <-s.wake:
		}
	}
}

func (s *Stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.room.Broadcast()
}
