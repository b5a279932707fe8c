package planning

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
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
	host *plan.Host
}

// reach connects to a host that others delegate to, once. Where that is not
// possible, the host's Err says why.
func (p *Planner) reach(ctx context.Context, name string) *plan.Host {
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
		d.host = &plan.Host{Host: &inventory.Host{Name: name}}
		d.host.Err = p.open(ctx, name, d.host)
	})
	return d.host
}

// open finds out which machine a delegate is, and what is protected there.
func (p *Planner) open(ctx context.Context, name string, h *plan.Host) error {
	inv, session, err := p.Delegate(ctx, name)
	if err != nil {
		return err
	}
	h.Host, h.Target = inv, session
	reader := inspect.NewReader(session, nil, p.User(inv), p.Contents)
	if err := reader.AskFacts(ctx); err != nil {
		return err
	}
	h.Facts = reader.Facts()
	return p.protect(ctx, h)
}

// delegate reads what units of a host manage on others. Where one of these
// cannot be reached, that is an error of the units alone.
func (p *Planner) delegate(ctx context.Context, h *plan.Host, steps []*plan.Step) error {
	byHost := map[string][]*plan.Step{}
	for _, s := range steps {
		if name := s.Unit.ID.Delegate; name != "" {
			s.On = p.reach(ctx, name)
			byHost[name] = append(byHost[name], s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byHost)) {
		group := byHost[name]
		reader := inspect.NewReader(group[0].Target(h), group[0].On.Facts, p.User(group[0].On.Host), p.Contents)
		err := reader.Read(ctx, p.Provider, group)
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
