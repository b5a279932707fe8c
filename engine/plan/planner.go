package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Evaluation is what the runbook wants of one host.
type Evaluation struct {
	Plays    map[int]*unit.Play // by index of the play
	Inputs   []byte             // canonical JSON
	Facts    *op.FactsResult    // what it had to learn, or nil
	Warnings []*diag.Error
	// Reads are the places where the runbook looked at the host itself.
	Reads []Look
}

// Look is one read that a runbook made of a host, and how many units of the
// host were declared before it.
type Look struct {
	Pos   diag.Pos
	After int
}

// Planner plans hosts. All fields but Owed, Progress, Run, Protected, Delegate and
// Plays must be set.
type Planner struct {
	// Connect gives the host to read; it may do its work later, at the first use.
	Connect func(ctx context.Context, h *inventory.Host) (Target, error)
	// Evaluate runs the runbook for a host.
	Evaluate func(ctx context.Context, h *inventory.Host, t Target) (*Evaluation, error)
	// Provider gives the provider of a resource type.
	Provider func(ctx context.Context, typ string) (Provider, error)
	// User is who reads facts on a host: the one that most units run as.
	User func(h *inventory.Host) string
	// Owed lists what earlier runs left owed on a host. It is asked once, when it
	// is known which machine the host is. It may be nil.
	Owed func(ctx context.Context, h *Host) ([]Owed, error)
	// Protected lists what is protected on a host by its state. It is asked as
	// Owed is, and may be nil.
	Protected func(ctx context.Context, h *Host) ([]Protection, error)
	// Delegate gives a host of the inventory that units of others act on. It may be
	// nil where there are none.
	Delegate func(ctx context.Context, name string) (*inventory.Host, Target, error)
	// Progress tells how far units had come, by their local names, where a run is
	// gone on with. Of a host that could not be asked which machine it is, Facts is
	// nil. It may be nil.
	Progress func(ctx context.Context, h *Host) (map[string]Progress, error)
	// Run is the run that is gone on with.
	Run string
	// Plays names the plays by their index, as Owed does.
	Plays []string
	// Contents collects what hosts' files hold, for diffs.
	Contents *Contents
	Events   event.Sink
	// Forks bounds the hosts at work at once.
	Forks int

	delegates delegates
}

// Plan plans all hosts, each on its own: what fails stays in its Host.Err. The
// answer has the order of hosts.
func (p *Planner) Plan(ctx context.Context, hosts []*inventory.Host) []*Host {
	planned := make([]*Host, len(hosts))
	var g errgroup.Group
	g.SetLimit(max(1, p.Forks))
	for i, h := range hosts {
		g.Go(func() error {
			p.Events.Emit(event.Event{Kind: event.HostStarted, Host: h.Name})
			planned[i] = p.host(ctx, h)
			p.report(planned[i])
			return nil
		})
	}
	_ = g.Wait() // no worker returns an error
	p.absent(ctx, planned)
	once(planned)
	return planned
}

// report tells the stream how planning a host ended.
func (p *Planner) report(h *Host) {
	e := event.Event{Kind: event.HostPlanned, Host: h.Host.Name}
	for range h.Steps() {
		e.Total++
	}
	if h.Err != nil {
		e.Kind, e.Err = event.HostFailed, h.Err
		if lost, ok := errors.AsType[*dial.Error](h.Err); ok {
			e.Unreachable = lost.Unreachable()
		}
	}
	p.Events.Emit(e)
}

func (p *Planner) host(ctx context.Context, h *inventory.Host) *Host {
	planned := &Host{Host: h, Plays: map[int]*Play{}}
	if planned.Err = ctx.Err(); planned.Err != nil {
		return planned
	}
	target, err := p.Connect(ctx, h)
	if err != nil {
		planned.Err = err
		return planned
	}
	planned.Target = target
	eval, err := p.Evaluate(ctx, h, target)
	if err != nil {
		planned.Err = err
		if lost, ok := errors.AsType[*dial.Error](err); ok {
			planned.Err = lost // the runbook is not to blame
		}
		if bad, ok := errors.AsType[*facts.BadError](err); ok { // nor is it here
			planned.Err = (&diag.Error{Summary: "facts: " + bad.Error(), Host: h.Name, Code: diag.Failed, Cause: err}).
				WithHint("no machine says that of itself; look at the host before you trust it")
		}
		return planned
	}
	planned.Inputs, planned.Facts, planned.Warnings = eval.Inputs, eval.Facts, eval.Warnings
	var all []*Step
	for index, play := range eval.Plays {
		planned.Plays[index] = newPlay(play)
	}
	for _, s := range planned.Steps() {
		p.Contents.AddUnit(s.Unit)
		all = append(all, s)
	}
	if err := p.read(ctx, planned, own(all)); err != nil {
		planned.Err = err
		return planned
	}
	if err := p.delegate(ctx, planned, all); err != nil {
		planned.Err = err
		return planned
	}
	if err := p.protect(ctx, planned); err != nil {
		planned.Err = err
		return planned
	}
	if err := p.diff(ctx, all); err != nil {
		planned.Err = err
		return planned
	}
	if planned.Err = p.past(ctx, planned); planned.Err != nil {
		return planned
	}
	planned.Warnings = append(planned.Warnings, p.predict(ctx, all)...)
	doubt(all)
	for _, play := range planned.Plays {
		play.notice()
	}
	ground(all)
	stir(all)
	if err := p.may(ctx, all); err != nil {
		planned.Err = err
		return planned
	}
	planned.Warnings = append(planned.Warnings, staleReads(h.Name, all, eval.Reads)...)
	return planned
}

// past finds out what came before: what earlier runs left owed, and how far this
// one had come where it is gone on with.
func (p *Planner) past(ctx context.Context, h *Host) error {
	if err := errors.Join(p.resume(ctx, h), p.recall(ctx, h)); err != nil {
		return err
	}
	if err := h.delivered(); err != nil {
		return err
	}
	return p.testify(ctx, h)
}

// read reads all units of the host together, and the facts with them where the
// runbook has not asked for them already.
func (p *Planner) read(ctx context.Context, h *Host, steps []*Step) error {
	reader := &reader{target: h.Target, facts: h.Facts, user: p.User(h.Host), contents: p.Contents}
	err := p.readSteps(ctx, reader, steps)
	if len(steps) == 0 && h.Facts == nil {
		_, err = reader.perform(ctx, nil, nil)
	}
	h.Facts = reader.facts
	return err
}

// readSteps reads the units of one reader's host together.
func (p *Planner) readSteps(ctx context.Context, reader *reader, steps []*Step) error {
	batches, err := p.batch(ctx, steps, abi.Read)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, b := range batches {
		g.Go(func() error {
			replies, err := b.provider.Run(ctx, b.reqs, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
				results, err := reader.perform(ctx, b.steps, ops)
				if err == nil {
					record(b.steps, ops, results)
				}
				return results, err
			})
			if err != nil {
				return err
			}
			for i, s := range b.steps {
				s.Actual, s.Err = replies[i].Actual, replies[i].Error
			}
			return nil
		})
	}
	return g.Wait()
}

// own are the steps that act on the host itself.
func own(steps []*Step) []*Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s *Step) bool { return s.Unit.ID.Delegate != "" })
}

// record keeps what was read for each step, so that apply can tell whether it still holds.
func record(steps []*Step, ops [][]op.Op, results [][]op.Result) {
	for i, s := range steps {
		for j := range ops[i] {
			s.Reads = append(s.Reads, abi.Entry{Op: ops[i][j], Result: results[i][j]})
		}
	}
}

// diff asks the providers what each unit would change.
func (p *Planner) diff(ctx context.Context, steps []*Step) error {
	steps = slices.DeleteFunc(slices.Clone(steps), func(s *Step) bool { return s.Err != nil })
	batches, err := p.batch(ctx, steps, abi.Plan)
	if err != nil {
		return err
	}
	for _, b := range batches {
		replies, err := Changes(ctx, b.provider, b.steps)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			b.steps[i].settle(reply)
		}
	}
	return nil
}

// settle takes the provider's answer to the verb plan.
func (s *Step) settle(reply abi.Reply) {
	switch {
	case reply.Error != nil:
		s.Err = reply.Error
	case reply.Change == nil:
		s.Err = &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("the provider of %s planned no change and gave no reason", s.Unit.ID.Type)}
	default:
		s.Change = reply.Change
		if onlyUnknown(reply.Change) {
			s.Certainty = Unknown
		}
	}
}

// onlyUnknown reports whether all that might differ is known only after apply.
func onlyUnknown(c *abi.Change) bool {
	return c.Action == abi.Update && len(c.Diffs) > 0 &&
		!slices.ContainsFunc(c.Diffs, func(d abi.Diff) bool { return !d.Unknown })
}

// TypeName names the type of plain data as runbooks do.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "a dict"
}

// batch groups steps by the provider that answers for them.
func (p *Planner) batch(ctx context.Context, steps []*Step, verb abi.Verb) ([]*batch, error) {
	var batches []*batch
	byProvider := map[Provider]*batch{}
	byType := map[string]Provider{}
	for _, s := range steps {
		typ := s.Unit.ID.Type
		provider, ok := byType[typ]
		if !ok {
			var err error
			if provider, err = p.Provider(ctx, typ); err != nil {
				return nil, err
			}
			byType[typ] = provider
		}
		b := byProvider[provider]
		if b == nil {
			b = &batch{provider: provider}
			byProvider[provider] = b
			batches = append(batches, b)
		}
		b.steps = append(b.steps, s)
		b.reqs = append(b.reqs, s.Request(verb))
	}
	return batches, nil
}

// batch is the steps that one provider answers for.
type batch struct {
	provider Provider
	steps    []*Step
	reqs     []abi.Request
}

// reader performs the reads of a host and fetches its facts on the way.
type reader struct {
	target   Target
	user     string
	contents *Contents

	mu    sync.Mutex
	facts *op.FactsResult
	asked bool // facts are on their way
}

func (r *reader) perform(ctx context.Context, steps []*Step, ops [][]op.Op) ([][]op.Result, error) {
	var todo []dial.Step
	for i, s := range steps {
		for _, o := range ops[i] {
			todo = append(todo, dial.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Sent()})
		}
	}
	wantFacts := r.claimFacts()
	if wantFacts {
		todo = append(todo, dial.Step{Op: FactsOp(), User: r.user})
	}
	results, err := ask(ctx, r.target, todo)
	if err != nil {
		return nil, err
	}
	if wantFacts {
		if failed := results[len(results)-1].Error; failed != nil {
			return nil, fmt.Errorf("read the host's facts: %w", failed)
		}
		told := results[len(results)-1].Facts
		if _, err := facts.Of(told, facts.Basic); err != nil {
			return nil, fmt.Errorf("read the host's facts: %w", err)
		}
		r.mu.Lock()
		r.facts = told
		r.mu.Unlock()
	}
	out := make([][]op.Result, len(ops))
	for i := range ops {
		out[i], results = results[:len(ops[i]):len(ops[i])], results[len(ops[i]):]
		for _, res := range out[i] {
			r.contents.AddResult(res)
		}
	}
	return out, nil
}

// claimFacts reports whether the caller is to fetch the facts: the first one does.
func (r *reader) claimFacts() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	claim := r.facts == nil && !r.asked
	r.asked = true
	return claim
}

// FactsOp asks for the facts that identify a host.
func FactsOp() op.Op { return op.Op{Facts: &op.Facts{Namespaces: []string{facts.Basic}}} }
