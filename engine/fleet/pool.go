package fleet

import (
	"context"
	"maps"
	"sync"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/target"
)

// Pool keeps one session per host for a run, opened at first use. It answers what
// runbooks ask of hosts, and is safe for concurrent use.
type Pool struct {
	open func(ctx context.Context, h *inventory.Host) (Session, error)

	mu      sync.Mutex
	hosts   map[string]*member
	closing sync.Once
}

// member is the session with one host, and what is known of the host.
type member struct {
	opening sync.Once
	session Session
	err     error

	mu     sync.Mutex
	facts  *op.FactsResult           // what was told; replaced where more is, and never changed
	values map[string]map[string]any // the same as plain data, by namespace
}

// NewPool returns a pool whose sessions open gives.
func NewPool(open func(context.Context, *inventory.Host) (Session, error)) *Pool {
	return &Pool{open: open, hosts: map[string]*member{}}
}

// member returns the host's session, opening it once.
func (p *Pool) member(ctx context.Context, h *inventory.Host) (*member, error) {
	p.mu.Lock()
	m := p.hosts[h.Name]
	if m == nil {
		m = &member{values: map[string]map[string]any{}}
		p.hosts[h.Name] = m
	}
	p.mu.Unlock()
	m.opening.Do(func() {
		if m.session, m.err = p.open(ctx, h); m.err == nil {
			m.session.Warm(h.ActsAs()) // while the runbook is evaluated and guests are loaded
		}
	})
	return m, m.err
}

// Connect gives the engine the host to read and to change.
func (p *Pool) Connect(ctx context.Context, h *inventory.Host) (plan.Target, error) {
	m, err := p.member(ctx, h)
	if err != nil {
		return nil, err
	}
	return m.session, nil
}

// Dial gives the way to connect from a host, once its runner is there: the time
// that takes is none of a probe's.
func (p *Pool) Dial(ctx context.Context, h *inventory.Host) (probe.Dial, error) {
	m, err := p.member(ctx, h)
	if err != nil {
		return nil, err
	}
	return probe.From(m.session, h.ActsAs()), m.session.Ready(ctx, h.ActsAs())
}

// Facts asks a host for a namespace of facts, once.
func (p *Pool) Facts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	m, err := p.member(ctx, h)
	if err != nil {
		return nil, err
	}
	return m.fetchFacts(ctx, h, namespace)
}

// fetchFacts asks the host once for each namespace, and with the first for who it is.
func (m *member) fetchFacts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if values := m.values[namespace]; values != nil {
		return values, nil
	}
	o := op.Op{Facts: &op.Facts{Namespaces: []string{namespace}}}
	if m.facts == nil && namespace != facts.Basic {
		o.Facts.Namespaces = append(o.Facts.Namespaces, facts.Basic)
	}
	results, err := m.session.Do(ctx, []target.Step{{Op: o, User: h.ActsAs()}})
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
	maps.Copy(m.values, values)
	m.facts = facts.Merge(m.facts, results[0].Facts)
	return values[namespace], nil
}

// Do has a host perform one op as user.
func (p *Pool) Do(ctx context.Context, h *inventory.Host, user string, o op.Op) (op.Result, error) {
	m, err := p.member(ctx, h)
	if err != nil {
		return op.Result{}, err
	}
	results, err := secret.Wrap(m.session).Do(ctx, []target.Step{{Op: o, User: user}})
	if err != nil {
		return op.Result{}, err
	}
	return results[0], nil
}

// Known returns the facts of a host that were asked for, or nil.
func (p *Pool) Known(h *inventory.Host) *op.FactsResult {
	p.mu.Lock()
	m := p.hosts[h.Name]
	p.mu.Unlock()
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.facts
}

// Close ends all sessions, in parallel; the runners on the hosts end with
// them. It may be called again, and then waits for the same end.
func (p *Pool) Close(ctx context.Context) {
	p.closing.Do(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		var wg sync.WaitGroup
		for _, m := range p.hosts {
			if m.session != nil {
				wg.Go(func() { _ = m.session.Close(ctx) }) // the run's result is known; a host that is gone has no runner left
			}
		}
		wg.Wait()
	})
}
