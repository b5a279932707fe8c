package dial

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Live is what the program of a unit has just printed on one of its streams.
type Live struct {
	Unit   string
	Stderr bool
	Text   string
	// Left is how many bytes before it were left out: it printed more than can be shown in the time.
	Left int64
}

// liveRate is how many bytes a second of one command are taken in, beyond the window.
const liveRate = protocol.WindowSize

// live is a command whose output is sent as it comes.
type live struct {
	unpaid atomic.Int64 // cost of frames for which no credit was given back
	next   time.Time    // when the next credit is due; only the goroutine that reads frames uses it
}

// liveOf is nil for a step whose output is not asked for.
func liveOf(o Options, step target.Step) *live {
	if e := step.Op.Exec; e == nil || e.ReadOnly || step.Sensitive || o.Output == nil {
		return nil
	}
	return &live{}
}

// takeOutput passes on what a program printed, and gives the credit for it back at a bounded rate: a host that prints
// without end is left out of, and cannot flood whoever looks on.
func takeOutput(l *link, o *protocol.Output) error {
	c, err := l.command(o.ID)
	if err != nil {
		return err
	}
	if c.live == nil {
		return &protocol.BadFrame{Cause: errors.New("output that was not asked for")}
	}
	if o.Text != "" {
		cost := o.Cost()
		if c.live.unpaid.Add(int64(cost)) > protocol.WindowSize {
			return &protocol.BadFrame{Cause: errors.New("output beyond the window")}
		}
		now := time.Now()
		if c.live.next.Before(now) {
			c.live.next = now
		}
		c.live.next = c.live.next.Add(time.Duration(cost) * time.Second / liveRate)
		time.AfterFunc(c.live.next.Sub(now), func() {
			c.live.unpaid.Add(-int64(cost))
			// Where the stream has ended its reader says so.
			_ = l.writer.Send(protocol.Frame{Window: &protocol.Window{ID: o.ID, N: cost}})
		})
	}
	if !c.abandoned.Load() {
		l.session.options.Output(Live{Unit: c.step.Unit, Stderr: o.Stderr, Text: o.Text, Left: o.Left})
	}
	return nil
}
