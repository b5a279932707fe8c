package apply

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// loans keeps which hosts are taken because units of other hosts act on them:
// each is taken once for all of them. The zero value is ready.
type loans struct {
	mu    sync.Mutex
	hosts map[string]*loan
}

// loan is one of them. Whoever takes it has mu meanwhile.
type loan struct {
	mu    sync.Mutex
	taken bool
	held  error // another run has it, so that nobody else of this one waits again
}

// of is the loan of a host.
func (l *loans) of(host string) *loan {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hosts == nil {
		l.hosts = map[string]*loan{}
	}
	if l.hosts[host] == nil {
		l.hosts[host] = &loan{}
	}
	return l.hosts[host]
}

// has reports whether the host that a step acts on is taken for this run.
func (r *hostRun) has(s *plan.Step) bool {
	if s.On == nil {
		return r.leased
	}
	return r.loans.of(s.On.Host.Name).has()
}

func (l *loan) has() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// borrow takes the other host that a step acts on, in a round trip. Where it is
// another run's, the step fails.
func (r *hostRun) borrow(ctx context.Context, s *plan.Step) (bool, error) {
	defer r.pause()() // others of this host may wait for the loan
	l := r.loans.of(s.On.Host.Name)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.taken:
		return true, nil
	case l.held != nil:
		return false, refusedElsewhere(s, l.held)
	}
	lease, err := r.bare.Lease(ctx, s.On, s)
	if err != nil {
		return false, l.refused(s, err)
	}
	wait := time.Duration(lease.Op.WaitMS) * time.Millisecond
	outcomes, err := s.Target(r.host).Run(ctx, []dial.Step{{
		Op: op.Op{Lease: &lease.Op}, User: lease.User, Unit: s.Unit.ID.Sent(), Timeout: wait + leaseTime,
	}})
	if err != nil {
		return false, err
	}
	if e := outcomes[0].Result.Error; e != nil {
		return false, l.refused(s, refusal(s.On.Host.Name, e))
	}
	if !outcomes[0].Ran {
		return false, refusedElsewhere(s, errors.New("it did not take the lease"))
	}
	l.taken = true
	return true, nil
}

// refused is why a step may not act on the other host, and keeps it where that
// is another run's.
func (l *loan) refused(s *plan.Step, err error) error {
	if diag.CodeOf(err) == diag.Locked {
		l.held = err
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
