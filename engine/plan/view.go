package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// View gives a saved plan the shape in which it was printed when it was made:
// to be looked at, not to be applied.
func (d *Document) View() (hosts []*Host, plays []string, contents *Contents, err error) {
	for _, p := range d.Plays {
		plays = append(plays, p.Name)
	}
	contents = &Contents{}
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

func (d *Document) viewHost(saved *DocumentHost, plays []string) (*Host, error) {
	i := slices.IndexFunc(d.Inventory, func(h *inventory.Host) bool { return h.Name == saved.Name })
	h := &Host{Host: d.Inventory[i], Plays: map[int]*Play{}, Inputs: saved.Inputs} // Parse made sure that it is there
	if saved.Error != "" {
		h.Err = errors.New(saved.Error)
	}
	var all []*Step
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
			h.Plays[play] = &Play{Graph: d.Plays[play].Order == OrderGraph}
		}
		h.Plays[play].put(step)
		all = append(all, step)
	}
	h.viewBarriers(saved.Barriers, plays)
	stir(all)
	return h, nil
}

// put gives a step its place in the play.
func (p *Play) put(s *Step) {
	scope := s.Unit.ID.Scope
	switch {
	case scope == unit.Scope{}:
		p.Steps = append(p.Steps, s)
	case scope.Handler == "":
		p.Verify = append(p.Verify, s)
	default:
		h := p.Handler(scope.Handler)
		if h == nil {
			h = &Handler{Name: scope.Handler}
			p.Handlers = append(p.Handlers, h)
		}
		h.Steps = append(h.Steps, s)
	}
}

// id is the unit's whole name.
func (u *DocumentUnit) id(host string) unit.ID {
	id := unit.ParseLocal(host, u.Unit)
	if u.Handler != "" || u.Verify {
		id.Scope = unit.Scope{Play: u.Play, Handler: u.Handler}
	}
	return id
}

// view gives a unit the shape in which it was printed.
func (u *DocumentUnit) view(host string) (*Step, error) {
	s := &Step{
		Unit: &unit.Unit{
			ID: u.id(host), Notify: u.Notify, OnFailure: u.OnFailure, Pos: u.Pos, User: u.User, Tags: u.Tags, Sensitive: u.Sensitive, Args: codec.Raw(u.Args),
			Throttle: u.Throttle, RunOnce: u.Once != "",
		},
		Ignored: u.Ignored, Actual: codec.Raw(u.Before), Certainty: u.Certainty, Skip: u.Skipped, Dormant: u.Dormant, Rescue: u.Rescue, Once: u.Once,
	}
	if u.Owed != nil {
		s.Owed = &Owed{Play: u.Play, Handler: u.Handler, Since: u.Owed.Since, Run: u.Owed.Run}
	}
	s.Unit.Lifecycle = unit.Lifecycle{PreventDestroy: u.Protected, IgnoreChanges: u.Ignore}
	for _, id := range u.OnChange {
		s.Unit.OnChange = append(s.Unit.OnChange, unit.ParseLocal(host, id))
	}
	for _, r := range u.Require {
		s.Unit.Require = append(s.Unit.Require, unit.ParseLocal(host, r))
	}
	switch {
	case u.Error != "":
		s.Err = &abi.Error{Class: op.Permanent, Message: u.Error}
	case u.failed():
		s.Err = &abi.Error{Class: op.Permanent, Message: "(sensitive)"}
	}
	var err error
	if s.May, err = viewEffects(u.May); err != nil {
		return nil, err
	}
	if u.MayAct {
		s.May = make([]abi.Effect, 1) // what it is nobody shall see
	}
	if u.Action == "" {
		return s, nil
	}
	s.Change = &abi.Change{Action: u.Action, Reason: u.Reason, Missing: u.Missing}
	for _, d := range u.Diffs {
		s.Change.Diffs = append(s.Change.Diffs, abi.Diff{
			Field: d.Field, Before: compact(d.Before), After: compact(d.After), Unknown: d.Unknown,
		})
	}
	s.Change.Effects, err = viewEffects(u.Effects)
	return s, err
}

func viewEffects(saved []DocumentEffect) ([]abi.Effect, error) {
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
