// Package enginetest is a small world for tests of the engine: hosts whose
// files live in memory, and a provider of two resource types: "set" writes
// them, "probe" asks whether a port takes connections. The real parts are
// tested against the same engine elsewhere.
package enginetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Provider answers for the type "set": {"path":..., "value":...}.
type Provider struct {
	// Extra makes apply ask for an op that plan did not announce.
	Extra *op.Op
	// Twist makes plan answer this effect instead of its own.
	Twist *op.Op
	// Mute keeps it from listing potential effects. Asked are the paths for which it was asked that.
	Mute  bool
	mu    sync.Mutex
	Asked []string
	// Unplannable makes planning these paths fail.
	Unplannable map[string]bool
	// Groundless makes these paths miss something until it is a file of the host.
	Groundless map[string]string
}

type set struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Call implements inspect.Provider.
func (p *Provider) Call(_ context.Context, reqs []abi.Request) ([]abi.Reply, error) {
	replies := make([]abi.Reply, len(reqs))
	for i, r := range reqs {
		replies[i] = p.answer(r)
	}
	return replies, nil
}

// Run implements inspect.Provider.
func (p *Provider) Run(ctx context.Context, reqs []abi.Request, perform inspect.Perform) ([]abi.Reply, error) {
	for {
		replies, err := p.Call(ctx, reqs)
		if err != nil {
			return nil, err
		}
		ops, any := make([][]op.Op, len(reqs)), false
		for i, r := range replies {
			ops[i] = r.Need
			any = any || len(r.Need) > 0
		}
		if !any {
			return replies, nil
		}
		results, err := perform(ctx, ops)
		if err != nil {
			return nil, err
		}
		for i := range ops {
			for j := range ops[i] {
				reqs[i].Log = append(reqs[i].Log, abi.Entry{Op: ops[i][j], Result: results[i][j]})
			}
		}
	}
}

func (p *Provider) answer(r abi.Request) abi.Reply {
	if r.Type == "pkg" {
		return answerPackage(r)
	}
	fail := func(err error) abi.Reply {
		return abi.Reply{Error: &abi.Error{Class: op.Permanent, Message: err.Error()}}
	}
	if r.Type == "probe" {
		return p.probe(r)
	}
	var u set
	if err := codec.Unmarshal(r.Unit, &u); err != nil {
		return fail(err)
	}
	switch r.Verb {
	case abi.Read:
		if len(r.Log) == 0 {
			return abi.Reply{Need: []op.Op{{Read: &op.Read{Path: u.Path}}}}
		}
		actual, err := codec.Marshal(r.Log[0].Result.Read.Sum)
		if err != nil {
			return fail(err)
		}
		return abi.Reply{Actual: actual}
	case abi.Plan:
		if p.Unplannable[u.Path] {
			return fail(fmt.Errorf("%s cannot be planned", u.Path))
		}
		change, err := u.change(r)
		if err != nil {
			return fail(err)
		}
		if what := p.Groundless[u.Path]; what != "" {
			change.Needs = []abi.Need{{What: what, Paths: []string{"/"}}}
		}
		if p.Twist != nil {
			change.Action, change.Effects = abi.Update, []abi.Effect{{Op: *p.Twist}}
		}
		return abi.Reply{Change: change}
	case abi.Potential:
		return abi.Reply{Change: &abi.Change{Action: abi.Update, Effects: p.potential(u)}}
	case abi.Apply:
		return p.apply(u, r)
	case abi.Destroy:
	}
	return fail(fmt.Errorf("verb %s", r.Verb))
}

func (s set) change(r abi.Request) (*abi.Change, error) {
	var actual string
	if err := codec.Unmarshal(r.Actual, &actual); err != nil {
		return nil, err
	}
	if len(r.Unknown) > 0 {
		return &abi.Change{
			Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: r.Actual, Unknown: true}},
			Effects: []abi.Effect{{Op: s.effect(), Unknown: []string{"target"}}},
		}, nil
	}
	if actual == s.Value {
		return &abi.Change{Action: abi.None}, nil
	}
	after, err := codec.Marshal(s.Value)
	if err != nil {
		return nil, err
	}
	c := &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "value", Before: r.Actual, After: after}}, Effects: []abi.Effect{{Op: s.effect()}}}
	if actual == "" {
		c.Action, c.Diffs[0].Before = abi.Create, nil
	}
	return c, nil
}

// potential lists the potential effects of a unit, unless Mute is set.
func (p *Provider) potential(s set) []abi.Effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Asked = append(p.Asked, s.Path)
	if p.Mute {
		return nil
	}
	return []abi.Effect{{Op: s.effect()}}
}

func (s set) effect() op.Op { return op.Op{Link: &op.Link{Path: s.Path, Target: s.Value}} }

func (p *Provider) apply(s set, r abi.Request) abi.Reply {
	if c, err := s.change(r); err == nil && c.Action == abi.None {
		return abi.Reply{Outcome: &abi.Outcome{}}
	}
	if p.Extra != nil && len(r.Log) < 2 {
		return abi.Reply{Need: []op.Op{*p.Extra}}
	}
	if len(r.Log) == 0 {
		return abi.Reply{Need: []op.Op{s.effect()}}
	}
	if e := r.Log[0].Result.Error; e != nil {
		return abi.Reply{Error: &abi.Error{Class: e.Class, Message: e.Message}}
	}
	return abi.Reply{Outcome: &abi.Outcome{Changed: true, Outputs: codec.Raw(`{"changed":true}`)}}
}

// Set makes a unit that wants value in a file.
func Set(host, path, value string) *unit.Unit {
	u := &unit.Unit{ID: unit.ID{Host: host, Type: "set", Key: path}, Order: unit.Order{Path: path}}
	Args(u, path, value)
	return u
}

// Args gives a unit its arguments.
func Args(u *unit.Unit, path, value string) {
	args, err := codec.Marshal(set{path, value})
	if err != nil {
		panic(err) // two strings always encode
	}
	u.Args = args
}

// Inventory returns the host as an inventory knows it.
func Inventory(name string) *inventory.Host { return &inventory.Host{Name: name, Address: name} }
