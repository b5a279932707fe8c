// Package agent has ops performed as frames ask for them: it is the runner
// without its process. One goroutine owns what is to be done and in which
// order, workers perform single ops, one goroutine sends the answers.
//
// It imports runner/op, runner/codec, runner/protocol, runner/machine and the
// standard library only; never fmt, encoding/json or net, since the runner's
// size is speed.
package agent

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/machine"
	"github.com/openfroyo/froyo/runner/protocol"
)

// Options say how to serve. Only Magic must be set.
type Options struct {
	Magic   string // the line that stands before the first frame
	Version string // of froyo
	Dir     string // where the runner was started from
	// Parallel bounds the ops under way; 0 is twice the processors, at least 8.
	Parallel int
	// Silence is how long nothing at all may come; 0 is protocol.Silence.
	Silence time.Duration
	// Grace is the time between asking a program to end and ending it; 0 is 5 s.
	Grace time.Duration
	// Grease makes the writer send unknown frames now and then; nil for none.
	Grease *rand.Rand
}

// ErrSilence is a controller of which nothing was heard for too long.
var ErrSilence = errors.New("nothing heard from the controller")

// Serve performs the commands that come in until the controller asks to end,
// its stream ends, nothing is heard for Options.Silence, or ctx is done. Then
// no new command starts, programs under way are ended, and a file that is being
// written is finished. It returns nil where the controller asked to end or its
// stream ended between two frames.
//
// A goroutine stays in a read of in until that returns.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) error {
	opts = opts.withDefaults()
	m := machine.New(opts.Grace)
	defer m.Close()
	w := protocol.NewWriter(out)
	if opts.Grease != nil {
		w.Grease(opts.Grease)
	}
	if err := w.Begin(opts.Magic); err != nil {
		return err
	}
	if err := w.Send(protocol.Frame{Ready: ready(m, opts)}); err != nil {
		return err
	}
	return newServer(opts, m, w).serve(ctx, in)
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "unknown"
	}
	if o.Dir == "" {
		o.Dir = "/"
	}
	if o.Parallel <= 0 {
		o.Parallel = max(8, 2*runtime.NumCPU())
	}
	if o.Silence <= 0 {
		o.Silence = protocol.Silence
	}
	if o.Grace <= 0 {
		o.Grace = 5 * time.Second
	}
	return o
}

func ready(m *machine.Machine, opts Options) *protocol.Ready {
	return &protocol.Ready{
		Protocol: protocol.Version,
		Version:  opts.Version,
		UID:      m.UID,
		User:     m.User,
		PID:      os.Getpid(),
		OS:       runtime.GOOS,
		Arch:     runtime.GOARCH,
		Dir:      strings.ToValidUTF8(opts.Dir, "\uFFFD"),
	}
}
