package hostlock

import (
	"context"
	"errors"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/target"
)

// Delegates are the locks of hosts that units of other hosts act on: each is
// acquired once for all of them. They are safe for concurrent use.
type Delegates struct {
	locker Locker

	mu    sync.Mutex
	hosts map[string]*delegate
}

// delegate is one of them. Whoever acquires its lock has mu meanwhile.
type delegate struct {
	mu   sync.Mutex
	held bool
	err  error // another run has it, so that no other unit of this one waits again
}

// NewDelegates are the locks of hosts of which none is locked yet.
func NewDelegates(locker Locker) *Delegates {
	return &Delegates{locker: locker, hosts: map[string]*delegate{}}
}

func (d *Delegates) of(host string) *delegate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hosts[host] == nil {
		d.hosts[host] = &delegate{}
	}
	return d.hosts[host]
}

// Held reports whether the run has locked the other host that a step acts on.
func (d *Delegates) Held(s *plan.Step) bool {
	l := d.of(s.On.Host.Name)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// Acquire locks the other host that a step acts on, in a round trip. Where it
// is another run's, the step fails.
func (d *Delegates) Acquire(ctx context.Context, s *plan.Step) error {
	l := d.of(s.On.Host.Name)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.held:
		return nil
	case l.err != nil:
		return refusedElsewhere(s, l.err)
	}
	lock, err := d.locker.Acquire(ctx, s.On, s)
	if err != nil {
		return l.refused(s, err)
	}
	outcomes, err := s.Target(s.On).Run(ctx, []target.Step{lock.send(s.Unit.ID.Sent())})
	if err != nil {
		return err
	}
	if e := outcomes[0].Result.Error; e != nil {
		return l.refused(s, refusal(s.On.Host.Name, e))
	}
	if !outcomes[0].Ran {
		return refusedElsewhere(s, errors.New("it was not locked"))
	}
	l.held = true
	return nil
}

// refused is why a step may not act on the other host, and keeps it where that
// is another run's.
func (l *delegate) refused(s *plan.Step, err error) error {
	if diag.CodeOf(err) == diag.Locked {
		l.err = err
	}
	return refusedElsewhere(s, err)
}

// refusedElsewhere says of which host a refusal is.
func refusedElsewhere(s *plan.Step, err error) error {
	told := &diag.Error{Summary: err.Error(), Code: diag.Failed, Cause: err}
	if d, ok := errors.AsType[*diag.Error](err); ok {
		told.Summary, told.Detail, told.Hint, told.Code = d.Summary, d.Detail, d.Hint, d.Code
	}
	told.Summary = s.On.Host.Name + ", to which this is delegated: " + told.Summary
	told.Pos, told.Stack = s.Unit.Pos, s.Unit.Stack
	return told
}
