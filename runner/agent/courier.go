package agent

import (
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/protocol"
)

// courier sends the frames that the server posts, so that the server itself
// never waits for a slow line. Frames that are posted while others are being
// sent leave together.
type courier struct {
	w    *protocol.Writer
	sent chan int // how many answers to jobs that ran were sent since

	mu     sync.Mutex
	some   sync.Cond
	queue  []posted
	closed bool
	done   chan struct{} // closed when everything is sent or cannot be
}

// posted is a frame, and whether a slot is free again once it is sent.
type posted struct {
	frame protocol.Frame
	slot  bool
}

func newCourier(w *protocol.Writer) *courier {
	c := &courier{w: w, sent: make(chan int, 1), done: make(chan struct{})}
	c.some.L = &c.mu
	go c.work()
	return c
}

func (c *courier) post(f protocol.Frame, slot bool) {
	c.mu.Lock()
	c.queue = append(c.queue, posted{f, slot})
	c.mu.Unlock()
	c.some.Signal()
}

// close waits until everything is sent, but not longer than limit.
func (c *courier) close(limit time.Duration) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.some.Signal()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
	}
}

func (c *courier) work() {
	defer close(c.done)
	for {
		batch := c.take()
		if batch == nil {
			return
		}
		slots := 0
		for _, p := range batch {
			// An error stays with the writer: the stream is gone, which the server learns
			// from its other half, and the frames that follow fail as well.
			_ = c.w.Write(p.frame)
			if p.slot {
				slots++
			}
		}
		_ = c.w.Flush() // as above
		c.free(slots)
	}
}

// take waits for frames and returns them, or nil when there will be none.
func (c *courier) take() []posted {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) == 0 && !c.closed {
		c.some.Wait()
	}
	batch := c.queue
	c.queue = nil
	return batch
}

// free adds to what the server has not yet taken from sent; it never waits.
func (c *courier) free(slots int) {
	if slots == 0 {
		return
	}
	select {
	case before := <-c.sent:
		slots += before
	default:
	}
	c.sent <- slots // has room: only this goroutine fills it
}
