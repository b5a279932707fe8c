// Package inspect asks hosts and providers about units: what is there, what they
// would change, and what else they may do.
//
// It imports engine/plan, and engine/agree to check what providers answer.
package inspect

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Provider answers for resource types; a loaded guest is one.
type Provider interface {
	// Call asks once; what it cannot answer stands in its replies, an error means that no answer is possible.
	Call(ctx context.Context, reqs []abi.Request) ([]abi.Reply, error)
	// Run repeats the call, performing what the requests need, until none needs more.
	// The ops and results it passes are indexed as reqs.
	Run(ctx context.Context, reqs []abi.Request, perform Perform) ([]abi.Reply, error)
}

// Perform carries out the ops that requests need.
type Perform = func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error)

// Providers gives the provider of a resource type.
type Providers = func(ctx context.Context, typ string) (Provider, error)

// batches groups steps by the provider that answers for them.
func batches(ctx context.Context, providers Providers, steps []*plan.Step, verb abi.Verb) ([]*batch, error) {
	var all []*batch
	byProvider := map[Provider]*batch{}
	byType := map[string]Provider{}
	for _, s := range steps {
		typ := s.Unit.ID.Type
		provider, ok := byType[typ]
		if !ok {
			var err error
			if provider, err = providers(ctx, typ); err != nil {
				return nil, err
			}
			byType[typ] = provider
		}
		b := byProvider[provider]
		if b == nil {
			b = &batch{provider: provider}
			byProvider[provider] = b
			all = append(all, b)
		}
		b.steps = append(b.steps, s)
		b.reqs = append(b.reqs, s.Request(verb))
	}
	return all, nil
}

// batch is the steps that one provider answers for.
type batch struct {
	provider Provider
	steps    []*plan.Step
	reqs     []abi.Request
}
