package plan

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// delegates keeps the hosts that units of other hosts act on, each reached once
// for all of them. The zero value is ready.
type delegates struct {
	mu    sync.Mutex
	hosts map[string]*delegated
}

// delegated is one of them.
type delegated struct {
	once sync.Once
	host *Host
}

// reach connects to a host that others delegate to, once. Where that is not
// possible, the host's Err says why.
func (p *Planner) reach(ctx context.Context, name string) *Host {
	p.delegates.mu.Lock()
	d := p.delegates.hosts[name]
	if d == nil {
		d = &delegated{}
		if p.delegates.hosts == nil {
			p.delegates.hosts = map[string]*delegated{}
		}
		p.delegates.hosts[name] = d
	}
	p.delegates.mu.Unlock()
	d.once.Do(func() {
		d.host = &Host{Host: &inventory.Host{Name: name}}
		d.host.Err = p.open(ctx, name, d.host)
	})
	return d.host
}

// open finds out which machine a delegate is, and what is protected there.
func (p *Planner) open(ctx context.Context, name string, h *Host) error {
	inv, target, err := p.Delegate(ctx, name)
	if err != nil {
		return err
	}
	h.Host, h.Target = inv, target
	results, err := target.Do(ctx, []dial.Step{{Op: FactsOp(), User: p.User(inv)}})
	if err != nil {
		return err
	}
	if failed := results[0].Error; failed != nil {
		return fmt.Errorf("read the host's facts: %w", failed)
	}
	h.Facts = results[0].Facts
	if _, err := facts.Of(h.Facts, facts.Basic); err != nil {
		return fmt.Errorf("read the host's facts: %w", err)
	}
	return p.protect(ctx, h)
}

// delegate reads what units of a host manage on others. Where one of these
// cannot be reached, that is an error of the units alone.
func (p *Planner) delegate(ctx context.Context, h *Host, steps []*Step) error {
	byHost := map[string][]*Step{}
	for _, s := range steps {
		if name := s.Unit.ID.Delegate; name != "" {
			s.On = p.reach(ctx, name)
			byHost[name] = append(byHost[name], s)
		}
	}
	for _, name := range sortedKeys(byHost) {
		group := byHost[name]
		r := &reader{target: group[0].Target(h), facts: group[0].On.Facts, asked: true, contents: p.Contents}
		err := p.readSteps(ctx, r, group)
		if failed, ok := errors.AsType[*abi.Error](err); ok {
			for _, s := range group {
				s.Err = failed
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Target is the host that the step acts on, as one of h's: its own, or another
// one. What goes wrong with another one is an error of the step, an *abi.Error.
func (s *Step) Target(h *Host) Target {
	if s.On == nil {
		return h.Target
	}
	return elsewhere{on: s.On}
}

// elsewhere is a host that units of another one act on.
type elsewhere struct{ on *Host }

// Do implements Target.
func (e elsewhere) Do(ctx context.Context, steps []dial.Step) ([]op.Result, error) {
	if e.on.Err != nil {
		return nil, e.explain(e.on.Err)
	}
	results, err := e.on.Target.Do(ctx, steps)
	return results, e.explain(err)
}

// Run implements Target.
func (e elsewhere) Run(ctx context.Context, steps []dial.Step) ([]dial.Outcome, error) {
	if e.on.Err != nil {
		return nil, e.explain(e.on.Err)
	}
	outcomes, err := e.on.Target.Run(ctx, steps)
	return outcomes, e.explain(err)
}

// explain says of which host an error is: else it would be put down to the
// connection of the one whose unit it is. That one is not named, so that the
// error is one for all hosts that it is the same for.
func (e elsewhere) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	told := &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("%s, to which this is delegated: %v", e.on.Host.Name, err)}
	if lost, ok := errors.AsType[*dial.Error](err); ok {
		told.Message = fmt.Sprintf("%s, to which this is delegated: %s", e.on.Host.Name, lost.Message)
		told.Detail, told.Hint = lost.Detail, lost.Hint
	}
	return told
}
