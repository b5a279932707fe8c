// Package agent performs ops on the machine it runs on, as frames ask for
// them: it is the runner without its process. One goroutine owns what is to be
// done and in which order, workers perform single ops, one goroutine sends the
// answers.
//
// It imports runner/op, runner/codec, runner/wire and the standard library
// only; never fmt, encoding/json, os/exec, os/user, net or regexp, since the
// runner's size is speed.
package agent

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// Options say how to serve. Only Magic must be set.
type Options struct {
	Magic   string // the line that stands before the first frame
	Version string // of froyo
	Dir     string // where the runner was started from
	// Parallel bounds the ops under way; 0 is twice the processors, at least 8.
	Parallel int
	// Silence is how long nothing at all may come; 0 is wire.Silence.
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
	m := newMachine("/", opts.Grace)
	w := wire.NewWriter(out)
	if opts.Grease != nil {
		w.Grease(opts.Grease)
	}
	if err := w.Begin(opts.Magic); err != nil {
		return err
	}
	if err := w.Send(wire.Frame{Ready: m.ready(opts)}); err != nil {
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
		o.Silence = wire.Silence
	}
	if o.Grace <= 0 {
		o.Grace = 5 * time.Second
	}
	return o
}

func (m *machine) ready(opts Options) *wire.Ready {
	return &wire.Ready{
		Protocol: wire.Protocol,
		Version:  opts.Version,
		UID:      m.uid,
		User:     m.user,
		PID:      os.Getpid(),
		OS:       runtime.GOOS,
		Arch:     runtime.GOARCH,
		Dir:      clean(opts.Dir),
	}
}

// machine performs ops. It holds what is the same for all of them.
type machine struct {
	root  string // before the paths of system files; "/" except in tests
	grace time.Duration
	users *users
	now   func() time.Time

	uid  int
	user string // name of uid, else uid as decimal
	home string
}

func newMachine(root string, grace time.Duration) *machine {
	m := &machine{root: root, grace: grace, now: time.Now, uid: os.Geteuid(), home: "/"}
	m.users = newUsers(root, m.run)
	m.user = m.users.userName(context.Background(), uint32(m.uid))
	if e := m.users.find(context.Background(), dbPasswd, m.user); e != nil && e[5] != "" {
		m.home = e[5]
	}
	return m
}

// stream is the content that travels beside an op.
type stream struct {
	in  io.Reader                                    // content of the op's blob, or nil
	out func(ctx context.Context, r io.Reader) error // sends the result's content
}

// perform does an op. Whatever happens, it answers.
func (m *machine) perform(ctx context.Context, o op.Op, s stream) (result op.Result) {
	defer func() {
		if r := recover(); r != nil {
			result = failed(fault(title(o), panicked(r)))
		}
	}()
	var err error
	switch {
	case o.Stat != nil:
		result.Stat, err = m.stat(ctx, o.Stat)
	case o.Read != nil:
		result.Read, err = m.read(ctx, o.Read, s.out)
	case o.List != nil:
		result.List, err = m.list(ctx, o.List)
	case o.Getent != nil:
		result.Getent, err = m.getent(ctx, o.Getent)
	case o.Facts != nil:
		result.Facts, err = m.facts(o.Facts)
	case o.Exec != nil:
		result.Exec, err = m.exec(ctx, o.Exec, s.in)
	case o.Write != nil:
		result.Done, err = m.write(ctx, o.Write, s.in)
	case o.Mkdir != nil:
		result.Done, err = m.mkdir(ctx, o.Mkdir)
	case o.Link != nil:
		result.Done, err = m.link(ctx, o.Link)
	case o.Remove != nil:
		result.Done, err = m.remove(o.Remove)
	case o.Attr != nil:
		result.Done, err = m.attr(ctx, o.Attr)
	default:
		err = errors.New("this runner does not know the op")
	}
	if err != nil {
		return failed(fault(title(o), err))
	}
	return result
}

func failed(e *op.Error) op.Result { return op.Result{Error: e} }
