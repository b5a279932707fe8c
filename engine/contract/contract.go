// Package contract holds providers to the definitions of their resource types:
// what a unit offers to later ones must be what the type's result says.
//
// It imports engine/plan, engine/schema, and the contracts of providers and runner.
package contract

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Provider is a provider whose outcomes are checked. It implements inspect.Provider.
type Provider struct {
	inspect.Provider
	types map[string]*schema.Type
}

// New returns a provider that is held to the types it answers for.
func New(inner inspect.Provider, types []*schema.Type) *Provider {
	p := &Provider{Provider: inner, types: make(map[string]*schema.Type, len(types))}
	for _, t := range types {
		p.types[t.Name] = t
	}
	return p
}

// Call implements inspect.Provider.
func (p *Provider) Call(ctx context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies, err := p.Provider.Call(ctx, reqs)
	p.check(reqs, replies)
	return replies, err
}

// Run implements inspect.Provider.
func (p *Provider) Run(ctx context.Context, reqs []abi.Request, perform inspect.Perform) ([]abi.Reply, error) {
	replies, err := p.Provider.Run(ctx, reqs, perform)
	p.check(reqs, replies)
	return replies, err
}

// check replaces outcomes whose outputs are wrong by errors.
func (p *Provider) check(reqs []abi.Request, replies []abi.Reply) {
	for i := range replies {
		if i >= len(reqs) || replies[i].Outcome == nil || reqs[i].Verb != abi.Apply {
			continue
		}
		if why := p.wrong(reqs[i].Type, replies[i].Outcome.Outputs); why != "" {
			replies[i] = abi.Reply{Error: &abi.Error{
				Class: op.Permanent, Message: fmt.Sprintf("the provider of %s gave outputs that are not its type's: %s", reqs[i].Type, why),
				Hint: "the unit was performed, and what it gave is not used: this is a fault of the provider, tell its author",
			}}
		}
	}
}

func (p *Provider) wrong(typ string, text codec.Raw) string {
	t := p.types[typ]
	if t == nil {
		return "there is no such type"
	}
	outputs := map[string]any{}
	if len(text) > 0 {
		if err := codec.Unmarshal(text, &outputs); err != nil {
			return err.Error()
		}
	}
	return check.Join(check.Outputs(t, outputs))
}
