package enginetest

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Lambda is a condition or a late value of a runbook.
type Lambda func() (any, error)

// Eval implements unit.Lambda.
func (l Lambda) Eval(context.Context, unit.Outcomes, any) (any, error) { return l() }

// Pos implements unit.Lambda.
func (l Lambda) Pos() diag.Pos { return diag.Pos{} }

// Planner plans hosts that connect gives by their names, with what evaluate says
// that the runbook wants of them. Units at /bad cannot be planned.
func Planner(connect func(host string) plan.Target, evaluate func(host string) *planning.Evaluation) *planning.Planner {
	provider := &Provider{Unplannable: map[string]bool{"/bad": true}}
	return &planning.Planner{
		Connect: func(_ context.Context, h *inventory.Host) (plan.Target, error) { return connect(h.Name), nil },
		Evaluate: func(_ context.Context, h *inventory.Host, _ plan.Target) (*planning.Evaluation, error) {
			return evaluate(h.Name), nil
		},
		Provider: func(context.Context, string) (inspect.Provider, error) { return provider, nil },
		User:     func(*inventory.Host) string { return "" },
		Contents: &plan.Contents{}, Events: event.Func(func(event.Event) {}), Forks: 1,
	}
}

// Evaluation is what a runbook of one play wants.
func Evaluation(p *unit.Play) *planning.Evaluation {
	return &planning.Evaluation{Plays: map[int]*unit.Play{0: p}, Inputs: []byte(`{}`)}
}

// Creating makes steps of h1 that create something, from texts such as
// "file[/a]" or "cmd[x] <- file[/a] pkg[y]", which requires two others.
func Creating(texts ...string) []*plan.Step {
	var steps []*plan.Step
	for _, text := range texts {
		name, required, _ := strings.Cut(text, " <- ")
		u := &unit.Unit{ID: unit.ParseLocal("h1", name)}
		u.Order = Order(u.ID)
		if strings.HasPrefix(u.ID.Key, "/") {
			u.Args, _ = json.Marshal(map[string]string{"path": u.ID.Key}) // a text always can be
		}
		for r := range strings.FieldsSeq(required) {
			u.Require = append(u.Require, unit.ParseLocal("h1", r))
		}
		steps = append(steps, &plan.Step{Unit: u, Change: &abi.Change{Action: abi.Create}})
	}
	return steps
}

// Order is what units of the types in tests claim, as the built-in types
// declare it: files and lines own their path, packages and services their name.
func Order(id unit.ID) unit.Order {
	switch id.Type {
	case "file", "line":
		return unit.Order{Claims: []unit.Claim{{Namespace: unit.PathNamespace, Name: path.Clean(id.Key), Owns: true}}}
	case "needs":
		return unit.Order{Claims: []unit.Claim{{Namespace: unit.PathNamespace, Name: path.Clean(id.Key)}}}
	case "pkg":
		return unit.Order{Transaction: "packages", Claims: []unit.Claim{{Namespace: "software", Name: id.Key, Owns: true}}}
	case "service":
		return unit.Order{Claims: []unit.Claim{{Namespace: "software", Name: strings.TrimSuffix(id.Key, ".service"), Owns: true}}}
	case "alone":
		return unit.Order{Alone: true}
	}
	return unit.Order{}
}
