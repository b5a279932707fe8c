package planfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/depend"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// View gives a saved plan the shape in which it was printed when it was made:
// to be looked at, not to be applied.
func (d *Document) View() (hosts []*plan.Host, plays []string, contents *plan.Contents, err error) {
	for _, p := range d.Plays {
		plays = append(plays, p.Name)
	}
	contents = &plan.Contents{}
	for _, text := range d.Contents {
		contents.Add(op.NewBlob([]byte(text)))
	}
	for i := range d.Hosts {
		h, err := d.viewHost(&d.Hosts[i], plays)
		if err != nil {
			return nil, nil, nil, err
		}
		hosts = append(hosts, h)
	}
	return hosts, plays, contents, nil
}

// Rollouts are how the plays go over their hosts, play by play.
func (d *Document) Rollouts() []plan.Rollout {
	all := make([]plan.Rollout, len(d.Plays))
	for i, p := range d.Plays {
		all[i] = plan.Rollout{Batches: p.Batches, MaxFail: p.MaxFail}
	}
	return all
}

func (d *Document) viewHost(saved *Host, plays []string) (*plan.Host, error) {
	i := slices.IndexFunc(d.Inventory, func(h *inventory.Host) bool { return h.Name == saved.Name })
	h := &plan.Host{Host: d.Inventory[i], Plays: map[int]*plan.Play{}, Inputs: saved.Inputs} // Parse made sure that it is there
	if saved.Error != "" {
		h.Err = errors.New(saved.Error)
	}
	var all []*plan.Step
	for i := range saved.Units {
		u := &saved.Units[i]
		play := slices.Index(plays, u.Play)
		if play < 0 {
			return nil, fmt.Errorf("%s/%s belongs to the play %q, which the plan does not have", saved.Name, u.Unit, u.Play)
		}
		step, err := u.view(saved.Name)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", saved.Name, u.Unit, err)
		}
		if h.Plays[play] == nil {
			h.Plays[play] = &plan.Play{Graph: d.Plays[play].Order == OrderGraph}
		}
		put(h.Plays[play], step)
		all = append(all, step)
	}
	viewBarriers(h, saved.Barriers, plays)
	depend.Inputs(all)
	return h, nil
}

// put gives a step its place in the play.
func put(p *plan.Play, s *plan.Step) {
	scope := s.Unit.ID.Scope
	switch {
	case scope == unit.Scope{}:
		p.Steps = append(p.Steps, s)
	case scope.Handler == "":
		p.Verify = append(p.Verify, s)
	default:
		h := handlerOf(p, scope.Handler)
		h.Steps = append(h.Steps, s)
	}
}

// handlerOf is the play's handler or change hook of a name, which is made where it has none.
func handlerOf(p *plan.Play, name string) *plan.Handler {
	if h := p.Handler(name); h != nil {
		return h
	}
	h := &plan.Handler{Name: name}
	switch name {
	case unit.BeforeChange:
		p.Before = h
	case unit.AfterChange:
		p.After = h
	default:
		p.Handlers = append(p.Handlers, h)
	}
	return h
}

// id is the unit's full name.
func (u *Unit) id(host string) unit.ID {
	id := unit.ParseLocal(host, u.Unit)
	id.Scope = u.Scope()
	return id
}

// view gives a unit the shape in which it was printed.
func (u *Unit) view(host string) (*plan.Step, error) {
	s := &plan.Step{
		Unit: &unit.Unit{
			ID: u.id(host), Notify: u.Notify, Failure: unit.Failure{Handler: u.OnFailure}, Pos: u.Pos, User: u.User, Tags: u.Tags, Sensitive: u.Sensitive, Args: codec.Raw(u.Args),
			Rollout: unit.Rollout{Throttle: u.Throttle, RunOnce: u.Once != ""},
		},
		Ignored: u.Ignored, Certainty: u.Certainty, Skip: u.Skipped, Dormant: u.Dormant, Rescue: u.Rescue, Guarded: u.Guarded, Once: u.Once,
		Found: plan.Found{Actual: codec.Raw(u.Before), Real: u.Real},
	}
	if u.PendingHandler != nil {
		s.PendingHandler = &plan.PendingHandler{Play: u.Play, Handler: u.Handler, Since: u.PendingHandler.Since, Run: u.PendingHandler.Run}
	}
	s.Unit.Lifecycle = unit.Lifecycle{PreventDestroy: u.Protected, IgnoreChanges: u.Ignore}
	switch {
	case u.Never:
		s.Unit.Conditions.When = unit.Const{Value: false, At: u.Pos}
	case u.Conditional:
		s.Unit.Conditions.When = savedCondition(u.Pos)
	}
	for _, id := range u.OnChange {
		s.Unit.Conditions.OnChange = append(s.Unit.Conditions.OnChange, unit.ParseLocal(host, id))
	}
	for _, r := range u.Require {
		s.Unit.Require = append(s.Unit.Require, unit.ParseLocal(host, r))
	}
	switch {
	case u.Error != "":
		s.Err = &abi.Error{Class: op.Permanent, Message: u.Error}
	case u.Failed():
		s.Err = &abi.Error{Class: op.Permanent, Message: "(sensitive)"}
	}
	var err error
	if s.Potential, err = viewEffects(u.Potential); err != nil {
		return nil, err
	}
	if u.HasPotential {
		s.Potential = make([]abi.Effect, 1) // what they are is not shown
	}
	if u.Action == "" {
		return s, nil
	}
	s.Change = &abi.Change{Action: u.Action, Reason: u.Reason}
	s.Awaits, s.Undecided = u.Awaits, u.Undecided
	for _, d := range u.Diffs {
		s.Change.Diffs = append(s.Change.Diffs, abi.Diff{
			Field: d.Field, Before: compact(d.Before), After: compact(d.After), Unknown: d.Unknown,
		})
	}
	s.Change.Effects, err = viewEffects(u.Effects)
	return s, err
}

// savedCondition stands for a condition of a saved plan, which cannot be asked.
type savedCondition diag.Pos

// Eval implements unit.Lambda.
func (savedCondition) Eval(context.Context, unit.Outcomes, any) (any, error) {
	return nil, unit.ErrPending
}

// Pos implements unit.Lambda.
func (c savedCondition) Pos() diag.Pos { return diag.Pos(c) }

func viewEffects(saved []Effect) ([]abi.Effect, error) {
	var effects []abi.Effect
	for _, e := range saved {
		var o op.Op
		if err := json.Unmarshal(e.Op, &o); err != nil {
			return nil, err
		}
		if o.Kind() == "" {
			return nil, errors.New("an effect is no op")
		}
		effects = append(effects, abi.Effect{Op: o, Unknown: e.Unknown})
	}
	return effects, nil
}

// compact takes the line breaks out of a value that was saved to be read.
func compact(raw json.RawMessage) codec.Raw {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return codec.Raw(raw)
	}
	return b.Bytes()
}
