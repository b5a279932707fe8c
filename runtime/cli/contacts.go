package cli

import (
	"context"
	"maps"
	"sync"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
)

// contacts keeps one connection per host for a run, opened at first use. It
// answers what runbooks ask of hosts (builtins.Reader), and is safe for
// concurrent use.
type contacts struct {
	open func(ctx context.Context, h *inventory.Host) (*dial.Session, error)

	mu      sync.Mutex
	hosts   map[string]*contact
	closing sync.Once
}

// contact is the connection to one host, and what is known of it.
type contact struct {
	opening sync.Once
	session *dial.Session
	err     error

	mu     sync.Mutex
	facts  *op.FactsResult           // what was told; replaced where more is, and never changed
	values map[string]map[string]any // the same as plain data, by namespace
}

func newContacts(open func(context.Context, *inventory.Host) (*dial.Session, error)) *contacts {
	return &contacts{open: open, hosts: map[string]*contact{}}
}

// contact returns the connection to a host, opening it once.
func (c *contacts) contact(ctx context.Context, h *inventory.Host) (*contact, error) {
	c.mu.Lock()
	k := c.hosts[h.Name]
	if k == nil {
		k = &contact{values: map[string]map[string]any{}}
		c.hosts[h.Name] = k
	}
	c.mu.Unlock()
	k.opening.Do(func() {
		if k.session, k.err = c.open(ctx, h); k.err == nil {
			k.session.Warm(h.ActsAs()) // while the runbook is evaluated and guests are loaded
		}
	})
	return k, k.err
}

// Connect gives the planner the host to read.
func (c *contacts) Connect(ctx context.Context, h *inventory.Host) (plan.Target, error) {
	k, err := c.contact(ctx, h)
	if err != nil {
		return nil, err
	}
	return k.session, nil
}

// dial gives the way to connect from a host, once its runner is there: the time
// that takes is none of a probe's.
func (c *contacts) dial(ctx context.Context, h *inventory.Host) (probe.Dial, error) {
	k, err := c.contact(ctx, h)
	if err != nil {
		return nil, err
	}
	return probe.From(k.session, h.ActsAs()), k.session.Ready(ctx, h.ActsAs())
}

// Facts implements builtins.Reader.
func (c *contacts) Facts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	k, err := c.contact(ctx, h)
	if err != nil {
		return nil, err
	}
	return k.fetchFacts(ctx, h, namespace)
}

// fetchFacts asks the host once for each namespace, and with the first for who it is.
func (k *contact) fetchFacts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if values := k.values[namespace]; values != nil {
		return values, nil
	}
	o := op.Op{Facts: &op.Facts{Namespaces: []string{namespace}}}
	if k.facts == nil && namespace != facts.Basic {
		o.Facts.Namespaces = append(o.Facts.Namespaces, facts.Basic)
	}
	results, err := k.session.Do(ctx, []dial.Step{{Op: o, User: h.ActsAs()}})
	switch {
	case err != nil:
		return nil, err
	case results[0].Error != nil:
		return nil, results[0].Error
	}
	values := map[string]map[string]any{}
	for _, asked := range o.Facts.Namespaces {
		if values[asked], err = facts.Of(results[0].Facts, asked); err != nil {
			return nil, err
		}
	}
	maps.Copy(k.values, values)
	k.facts = facts.Merge(k.facts, results[0].Facts)
	return values[namespace], nil
}

// Do implements builtins.Reader.
func (c *contacts) Do(ctx context.Context, h *inventory.Host, user string, o op.Op) (op.Result, error) {
	k, err := c.contact(ctx, h)
	if err != nil {
		return op.Result{}, err
	}
	results, err := k.session.Do(ctx, []dial.Step{{Op: o, User: user}})
	if err != nil {
		return op.Result{}, err
	}
	return results[0], nil
}

// known returns the facts of a host that were asked for, or nil.
func (c *contacts) known(h *inventory.Host) *op.FactsResult {
	c.mu.Lock()
	k := c.hosts[h.Name]
	c.mu.Unlock()
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.facts
}

// close ends all connections, in parallel; the runners on the hosts end with
// them. It may be called again, and then waits for the same end.
func (c *contacts) close(ctx context.Context) {
	c.closing.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		var wg sync.WaitGroup
		for _, k := range c.hosts {
			if k.session != nil {
				wg.Go(func() { _ = k.session.Close(ctx) }) // the run's result is known; a host that is gone has no runner left
			}
		}
		wg.Wait()
	})
}
