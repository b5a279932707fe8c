package wasi

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// World is what one instance of a guest sees of the outside beside its calls.
type World struct {
	output  capture
	cost    uint32 // steps that the call of the host at work costs
	random  *rand.ChaCha8
	started time.Time
	ahead   time.Duration // how far sleeping has moved its clock
}

// NewWorld returns the world of a new instance.
func NewWorld() *World {
	return &World{random: rand.NewChaCha8([32]byte{}), started: time.Now()}
}

// worldKey finds the world in the context of a call.
type worldKey struct{}

// Within returns the context of a call by an instance that sees w.
func (w *World) Within(ctx context.Context) context.Context {
	return context.WithValue(ctx, worldKey{}, w)
}

func worldOf(ctx context.Context) *World {
	w, _ := ctx.Value(worldKey{}).(*World)
	return w
}

// monotonic is a clock that really runs: with one that does not, Go's garbage
// collector loses its pace until memory is full.
func (w *World) monotonic() time.Duration { return time.Since(w.started) + w.ahead }

// sleep moves the clock ahead, by or to a time in nanoseconds.
func (w *World) sleep(ns uint64, absolute bool) {
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

// Output is what the guest wrote since it was last forgotten.
func (w *World) Output() string { return string(w.output.text) }

// ForgetOutput begins a new call.
func (w *World) ForgetOutput() { w.output.text = w.output.text[:0] }
