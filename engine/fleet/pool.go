package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/ask"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runbook"
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
	closed  bool
	closing sync.Once
	leaving sync.WaitGroup
}

var errClosed = errors.New("the connections are closed")

// member is the session with one host, and what is known of the host.
type member struct {
	opened  chan struct{} // closed when session or err is set
	session Session
	err     error

	mu    sync.Mutex
	facts facts.Set // what was told
}

// NewPool returns a pool whose sessions open gives.
func NewPool(open func(context.Context, *inventory.Host) (Session, error)) *Pool {
	return &Pool{open: open, hosts: map[string]*member{}}
}

// member returns the host's session, opening it once.
func (p *Pool) member(ctx context.Context, h *inventory.Host) (*member, error) {
	p.mu.Lock()
	m, known := p.hosts[h.Name]
	if !known && p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if !known {
		m = &member{opened: make(chan struct{})}
		p.hosts[h.Name] = m
	}
	p.mu.Unlock()
	if !known {
		defer close(m.opened)
		if m.session, m.err = p.open(ctx, h); m.err == nil {
			m.session.Warm(h.ActsAs()) // while the runbook is evaluated and guests are loaded
		}
		return m, m.err
	}
	select {
	case <-m.opened:
		return m, m.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
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

// Facts asks a host for a namespace of facts, once; see runbook.Reader.
func (p *Pool) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if n.Own != nil && n.Own.Script != "" {
		return nil, fmt.Errorf("%s: %w", n.Name, runbook.ErrNotKnown)
	}
	told, err := p.Collect(ctx, h, []*facts.Namespace{n})
	if err != nil {
		return nil, err
	}
	return told[0].Values, told[0].Err
}

// Told is what a host told of a namespace: facts, or why there are none.
type Told struct {
	Values map[string]any
	Err    error
}

// Collect asks a host for namespaces of facts, all in one round trip, of which each was asked for at most once before; with the
// first it asks who the host is. What one namespace lacks does not touch the others; the error is that of the host.
func (p *Pool) Collect(ctx context.Context, h *inventory.Host, namespaces []*facts.Namespace) ([]Told, error) {
	m, err := p.member(ctx, h)
	if err != nil {
		return nil, err
	}
	return m.collect(ctx, h, namespaces)
}

func (m *member) collect(ctx context.Context, h *inventory.Host, namespaces []*facts.Namespace) ([]Told, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var asked []*facts.Namespace
	for _, n := range append([]*facts.Namespace{facts.Lookup(facts.Basic)}, namespaces...) {
		if m.facts[n.Name] != nil || slices.Contains(asked, n) {
			continue
		}
		asked = append(asked, n)
	}
	failed := map[string]error{}
	if len(asked) > 0 {
		if err := m.ask(ctx, h, asked, failed); err != nil {
			return nil, err
		}
	}
	if err := failed[facts.Basic]; err != nil {
		return nil, err
	}
	told := make([]Told, len(namespaces))
	for i, n := range namespaces {
		told[i] = Told{m.facts[n.Name], failed[n.Name]}
	}
	return told, nil
}

// ask asks the host for namespaces, and notes what each lacks in failed. Those that another user of the host tells are asked for
// apart, since one who cannot be become costs only them.
func (m *member) ask(ctx context.Context, h *inventory.Host, namespaces []*facts.Namespace, failed map[string]error) error {
	if err := m.session.Ready(ctx, h.ActsAs()); err != nil { // the time that this takes is none of the host's clock
		return err
	}
	together, apart := []*facts.Namespace{}, []*facts.Namespace{}
	for _, n := range namespaces {
		if n.Own != nil && n.Own.User != "" && n.Own.User != h.ActsAs() {
			apart = append(apart, n)
		} else {
			together = append(together, n)
		}
	}
	type round struct {
		namespaces []*facts.Namespace
		questions  []ask.Question
		results    []op.Result
		err        error
		asked      time.Time
	}
	rounds := []*round{{namespaces: together}}
	for _, n := range apart {
		rounds = append(rounds, &round{namespaces: []*facts.Namespace{n}})
	}
	var wg sync.WaitGroup
	for _, r := range rounds {
		var steps []target.Step
		for _, n := range r.namespaces {
			q := ask.For(n)
			r.questions, steps = append(r.questions, q), append(steps, q.Steps(h.ActsAs())...)
		}
		wg.Go(func() {
			r.asked = time.Now()
			if len(steps) > 0 {
				r.results, r.err = m.session.Do(ctx, steps)
			}
		})
	}
	wg.Wait()
	for i, r := range rounds {
		if r.err != nil && i == 0 {
			return r.err
		}
		for j, q := range r.questions {
			name := r.namespaces[j].Name
			if failed[name] = r.err; r.err != nil {
				continue
			}
			n := len(q.Steps(""))
			var values map[string]any
			if values, failed[name] = q.Answer(r.results[:n], r.asked); failed[name] == nil {
				m.facts = m.facts.With(name, values)
			}
			r.results = r.results[n:]
		}
	}
	return nil
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
func (p *Pool) Known(h *inventory.Host) facts.Set {
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

// Renew has what hosts told be asked for anew, and connects anew to those that are lost. It is for who asks for longer than a run
// takes; nothing else is asked meanwhile.
func (p *Pool) Renew(ctx context.Context, lost []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, m := range p.hosts {
		select {
		case <-m.opened:
		default:
			continue // it is left behind, and ends by itself
		}
		if m.session == nil || slices.Contains(lost, name) {
			delete(p.hosts, name)
			p.leaving.Go(func() { m.close(ctx) })
			continue
		}
		m.mu.Lock()
		m.facts = nil
		m.mu.Unlock()
	}
}

// Retain ends the sessions with other hosts than those, beside other work.
func (p *Pool) Retain(ctx context.Context, hosts []*inventory.Host) {
	kept := map[string]bool{}
	for _, h := range hosts {
		kept[h.Name] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, m := range p.hosts {
		if !kept[name] {
			delete(p.hosts, name)
			p.leaving.Go(func() { m.close(ctx) })
		}
	}
}

// close ends the session, which may be still being opened.
func (m *member) close(ctx context.Context) {
	<-m.opened
	if m.session != nil {
		_ = m.session.Close(ctx) // the run's result is known; a host that is gone has no runner left
	}
}

// Close ends all sessions, in parallel; the runners on the hosts end with
// them. It may be called again, and then waits for the same end.
func (p *Pool) Close(ctx context.Context) {
	p.closing.Do(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		for _, m := range p.hosts { // nobody adds one
			p.leaving.Go(func() { m.close(ctx) })
		}
		p.leaving.Wait()
	})
}
