package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Units of a host that run side by side have a goroutine each, of which one at
// a time works on the hostRun: the one that holds the baton. It is given away
// only where something outside takes its time: the host, a provider, a wait.
// What belongs to the unit at work, its registers, is kept meanwhile.

// registers are what of a hostRun belongs to the unit at work.
type registers struct {
	// err is why the host takes no further part, or nil.
	err error
	// dirty says that something on the host changed, so what the plan read no longer binds.
	dirty bool
	// booked holds what is still to be recorded and told, sent says that more of the
	// same sequence is to come.
	booked []entry
	sent   bool
}

// pause lets the host's other units go on; what it returns takes the baton up
// again. In script order there are no others.
func (r *hostRun) pause() (resume func()) {
	g := r.side
	if g == nil {
		return func() {}
	}
	g.widen()
	mine := r.registers
	g.baton.Unlock()
	return func() {
		g.baton.Lock()
		r.registers = mine
	}
}

// sideBySide makes all that takes its time pause the unit at work.
func (r *hostRun) sideBySide() {
	plain, own, host := r.Executor, *r.Executor, *r.host
	own.Provider = func(ctx context.Context, typ string) (plan.Provider, error) {
		defer r.pause()()
		p, err := plain.Provider(ctx, typ)
		return pausingProvider{r, p}, err
	}
	if plain.Lease != nil {
		own.Lease = func(ctx context.Context, h *plan.Host, s *plan.Step) (*Lease, error) {
			defer r.pause()()
			return plain.Lease(ctx, h, s)
		}
	}
	host.Target = pausingTarget{r, host.Target}
	r.Executor, r.host = &own, &host
}

// pausingTarget is a host that takes its time.
type pausingTarget struct {
	run  *hostRun
	next plan.Target
}

// Do implements plan.Target.
func (t pausingTarget) Do(ctx context.Context, steps []dial.Step) ([]op.Result, error) {
	defer t.run.pause()()
	return t.next.Do(ctx, steps)
}

// Run implements plan.Target.
func (t pausingTarget) Run(ctx context.Context, steps []dial.Step) ([]dial.Outcome, error) {
	defer t.run.pause()()
	return t.next.Run(ctx, steps)
}

// pausingProvider is a provider that takes its time, but for what it has
// performed, which is the unit's own work.
type pausingProvider struct {
	run  *hostRun
	next plan.Provider
}

// Call implements plan.Provider.
func (p pausingProvider) Call(ctx context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	defer p.run.pause()()
	return p.next.Call(ctx, reqs)
}

// Run implements plan.Provider.
func (p pausingProvider) Run(ctx context.Context, reqs []abi.Request, perform plan.Perform) ([]abi.Reply, error) {
	resume := p.run.pause()
	replies, err := p.next.Run(ctx, reqs, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
		resume()
		results, err := perform(ctx, ops)
		resume = p.run.pause()
		return results, err
	})
	resume()
	return replies, err
}
