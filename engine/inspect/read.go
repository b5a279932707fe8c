package inspect

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Reader performs the reads of a host and fetches its facts on the way.
type Reader struct {
	target   plan.Target
	user     string
	contents *plan.Contents

	mu    sync.Mutex
	facts facts.Set
	asked bool // facts are on their way
}

// NewReader reads a host as a user, for whom its facts are asked with the first
// read where they are not known yet, and adds what files hold to contents.
func NewReader(t plan.Target, known facts.Set, user string, contents *plan.Contents) *Reader {
	return &Reader{target: t, facts: known, user: user, contents: contents}
}

// Facts returns the facts of the host where a read has brought them, or nil.
func (r *Reader) Facts() facts.Set { return r.facts }

// AskFacts asks for the facts of the host, where no read has brought them.
func (r *Reader) AskFacts(ctx context.Context) error {
	if r.facts != nil {
		return nil
	}
	_, err := r.perform(ctx, nil, nil)
	return err
}

func (r *Reader) perform(ctx context.Context, steps []*plan.Step, ops [][]op.Op) ([][]op.Result, error) {
	var todo []target.Step
	for i, s := range steps {
		for _, o := range ops[i] {
			o, err := plan.Attach(s.Unit, o)
			if err == nil {
				err = TakeOver(o)
			}
			if err != nil {
				return nil, err
			}
			todo = append(todo, target.Step{
				Op: o, User: s.Unit.User, Unit: s.Unit.ID.Sent(), Timeout: s.Unit.Failure.Timeout, Sensitive: s.Unit.Sensitive,
			})
		}
	}
	wantFacts := r.claimFacts()
	if wantFacts {
		todo = append(todo, target.Step{Op: factsOp(), User: r.user})
	}
	results, err := ask(ctx, r.target, todo)
	if err != nil {
		return nil, err
	}
	if wantFacts {
		if failed := results[len(results)-1].Error; failed != nil {
			return nil, fmt.Errorf("read the host's facts: %w", failed)
		}
		told, err := facts.Of(results[len(results)-1].Facts, facts.Basic)
		if err != nil {
			return nil, fmt.Errorf("read the host's facts: %w", err)
		}
		r.mu.Lock()
		r.facts = facts.Set{facts.Basic: told}
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
func (r *Reader) claimFacts() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	claim := r.facts == nil && !r.asked
	r.asked = true
	return claim
}

// factsOp asks for the facts that identify a host.
func factsOp() op.Op { return op.Op{Facts: &op.Facts{Namespaces: []string{facts.Basic}}} }

// Read reads units of one host together.
func (r *Reader) Read(ctx context.Context, providers Providers, steps []*plan.Step) error {
	all, err := batches(ctx, providers, steps, abi.Read)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, b := range all {
		g.Go(func() error {
			replies, err := b.provider.Run(ctx, b.reqs, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
				results, err := r.perform(ctx, b.steps, ops)
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

// record keeps what was read for each step, so that apply can tell whether it still holds.
func record(steps []*plan.Step, ops [][]op.Op, results [][]op.Result) {
	for i, s := range steps {
		for j := range ops[i] {
			s.Reads = append(s.Reads, abi.Entry{Op: ops[i][j], Result: results[i][j]})
		}
	}
}
