// Package probe asks services whether they answer as they should: over HTTP and
// over plain TCP, from this machine or from a host that a runner works on. It
// is the controller's part of the ops probe.http and probe.tcp.
//
// What answers is not trusted: everything that is read of it is bounded, in
// size and in time.
//
// It imports runner/op, runner/protocol, runner/target, runner/dial and the standard library.
package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Dial opens a connection to HOST:PORT; net.Dialer has one.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// Relay connects from a host; a *dial.Session does.
type Relay interface {
	DialContext(ctx context.Context, user, address string, port int) (net.Conn, error)
}

// From returns the Dial that begins on a session's host, as user.
func From(s Relay, user string) Dial {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		host, text, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("port %q is no number", text)
		}
		return s.DialContext(ctx, user, host, port)
	}
}

// Next performs the steps that are no probes; a *dial.Session does.
type Next interface {
	Do(ctx context.Context, steps []target.Step) ([]op.Result, error)
	Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error)
}

// Options say how to probe for a host. Via must be set.
type Options struct {
	// Host is the host's name.
	Host string
	// Via gives the Dial that begins on the host of that name.
	Via func(ctx context.Context, host string) (Dial, error)
	// Note is told, in an escaped line, of each attempt of a unit that is followed by
	// another; nil drops it. It must return at once.
	Note func(unit, text string)
}

// Target is a host whose probes are performed here, and all else by another.
type Target struct {
	next    Next
	options Options
}

// performs reports whether an op is one of those that are performed here.
func performs(o op.Op) bool { return o.HTTP != nil || o.TCP != nil }

// Wrap returns a Target over next.
func Wrap(next Next, o Options) *Target { return &Target{next: next, options: o} }

// Do performs independent steps, all at once, as a session does.
func (t *Target) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]op.Result, len(steps))
	var all sync.WaitGroup
	var once sync.Once
	var failure error // the first, which ends the others
	report := func(err error) {
		if err != nil {
			once.Do(func() { failure = err })
			cancel()
		}
	}
	var others []target.Step
	var places []int
	for i, s := range steps {
		if !performs(s.Op) {
			others, places = append(others, s), append(places, i)
			continue
		}
		all.Go(func() {
			var err error
			results[i], err = t.probe(ctx, s)
			report(err)
		})
	}
	if len(others) > 0 {
		got, err := t.next.Do(ctx, others)
		report(err)
		for i, r := range got {
			results[places[i]] = r
		}
	}
	all.Wait()
	if failure != nil {
		return nil, failure
	}
	return results, nil
}

// Run performs steps one after the other and stops at the first that fails or
// gives another result than expected, as a session does. What stands between
// two probes travels together.
func (t *Target) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	return target.Sequence(ctx, steps, func(s target.Step) bool { return performs(s.Op) }, t.single, t.next.Run)
}

// single performs one probe of a sequence.
func (t *Target) single(ctx context.Context, s target.Step) ([]target.Outcome, error) {
	r, err := t.probe(ctx, s)
	if err != nil {
		return nil, err
	}
	return []target.Outcome{{Result: r, Ran: true, Mismatch: s.Expect != "" && protocol.Digest(r) != s.Expect}}, nil
}

// probe performs one probe. An error is that of ctx, or that this host is lost.
func (t *Target) probe(ctx context.Context, s target.Step) (op.Result, error) {
	if err := s.Op.Validate(); err != nil {
		return op.Result{}, err
	}
	tries := triesOf(s.Op)
	from, err := t.dial(ctx, tries.Via)
	var once attempt
	switch {
	case err != nil:
		once = func(context.Context) (op.Result, *failure) { return op.Result{}, noVia(tries.Via, err) }
	case s.Op.HTTP != nil:
		once = newHTTP(s.Op.HTTP, from)
	default:
		once = newTCP(s.Op.TCP, from)
	}
	return t.series(ctx, s, tries, once)
}

func triesOf(o op.Op) op.Tries {
	if o.HTTP != nil {
		return o.HTTP.Tries
	}
	return o.TCP.Tries
}

// dial gives the way to connect from where a probe begins.
func (t *Target) dial(ctx context.Context, via string) (Dial, error) {
	if via == "" {
		return new(net.Dialer).DialContext, nil
	}
	return t.options.Via(ctx, via)
}

// attempt is one try. It ends with its context.
type attempt func(ctx context.Context) (op.Result, *failure)

// errLimit is the end of the time that a step may take in all.
var errLimit = errors.New("the step takes too long")

// series makes attempts until one goes well.
func (t *Target) series(ctx context.Context, s target.Step, tries op.Tries, once attempt) (op.Result, error) {
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.Timeout, errLimit)
		defer cancel()
	}
	began := time.Now()
	for n := 1; ; n++ {
		one, cancel := context.WithTimeout(ctx, milliseconds(tries.TimeoutMS))
		r, f := once(one)
		cancel()
		if f == nil {
			count(&r, n)
			return r, nil
		}
		if lost, ok := errors.AsType[*target.Error](f.cause); ok && tries.Via == t.options.Host {
			return op.Result{}, lost
		}
		more := n < tries.Attempts && !f.final
		if more && ctx.Err() == nil {
			what := f.what
			if s.Sensitive {
				what = "failed; the rest is sensitive"
			}
			t.note(s.Unit, fmt.Sprintf("attempt %d of %d: %s", n, tries.Attempts, what))
			pause(ctx, milliseconds(tries.IntervalMS))
		}
		limited := errors.Is(context.Cause(ctx), errLimit)
		switch {
		case ctx.Err() != nil && !limited:
			return op.Result{}, ctx.Err()
		case !more, limited:
			return f.result(n, time.Since(began)), nil
		}
	}
}

func (t *Target) note(unit, text string) {
	if t.options.Note != nil {
		t.options.Note(unit, text)
	}
}

// pause waits, but not beyond the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// milliseconds bounds a time by that of the longest command.
func milliseconds(n int64) time.Duration {
	return time.Duration(min(n, protocol.MaxDeadline.Milliseconds())) * time.Millisecond
}

func count(r *op.Result, attempts int) {
	switch {
	case r.HTTP != nil:
		r.HTTP.Attempts = attempts
	case r.TCP != nil:
		r.TCP.Attempts = attempts
	}
}
