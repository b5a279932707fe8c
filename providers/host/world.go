package host

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// world is what one instance of a guest sees of the outside beside its calls.
type world struct {
	output  capture
	cost    uint32 // steps that the call of the host at work costs
	random  *rand.ChaCha8
	started time.Time
	ahead   time.Duration // how far sleeping has moved its clock
}

func newWorld() *world {
	return &world{random: rand.NewChaCha8([32]byte{}), started: time.Now()}
}

// worldKey finds the world in the context of a call.
type worldKey struct{}

func (w *world) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, worldKey{}, w)
}

func worldOf(ctx context.Context) *world {
	w, _ := ctx.Value(worldKey{}).(*world)
	return w
}

// monotonic is a clock that really runs: with one that does not, Go's garbage
// collector loses its pace until memory is full.
func (w *world) monotonic() time.Duration { return time.Since(w.started) + w.ahead }

// sleep moves the clock ahead, by or to a time in nanoseconds.
func (w *world) sleep(ns uint64, absolute bool) {
	d := time.Duration(min(ns, math.MaxInt64/4))
	if absolute {
		d -= w.monotonic()
	}
	w.ahead = min(w.ahead+max(d, 0), math.MaxInt64/2)
}

// maxOutput bounds what is kept of a guest's output during one call.
const maxOutput = 8 << 10

// capture keeps the beginning of what is written to it.
type capture struct {
	text []byte
}

func (c *capture) add(text []byte) {
	c.text = append(c.text, text[:min(len(text), maxOutput-len(c.text))]...)
}

func (c *capture) reset() { c.text = c.text[:0] }
