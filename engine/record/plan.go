package record

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// SavePlan keeps what is going to be done, and which machines answered.
func (r *Record) SavePlan(ctx context.Context, hosts []*plan.Host, plays []string) error {
	var units []state.PlanUnit
	var stored []state.Fact
	now := time.Now()
	for _, h := range hosts {
		position := 0
		for play, s := range h.Steps() {
			u, err := planUnit(s, plays[play], position)
			if err != nil {
				return err
			}
			u.MachineID = h.MachineID()
			units = append(units, u)
			r.Log.positions[s.Unit.ID] = position
			position++
		}
		if h.MachineID() == "" {
			continue
		}
		if err := r.sighting(ctx, h, now); err != nil {
			return err
		}
		for namespace, told := range h.Facts {
			n := r.facts.Lookup(namespace)
			data, err := json.Marshal(told)
			if err != nil {
				return err
			}
			stored = append(stored, state.Fact{
				Workspace: r.ref.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Namespace: namespace,
				Data: json.RawMessage(data), Time: now, TTL: n.TTL, Source: n.Source(),
			})
		}
	}
	if err := r.delegatesSeen(ctx, hosts, now); err != nil {
		return err
	}
	return errors.Join(r.ref.store.SaveUnits(ctx, r.ID, units), r.ref.store.PutFacts(ctx, stored))
}

// sighting notes which machine answered, and says so where it is another than
// before. One that was refused is not taken for the host's.
func (r *Record) sighting(ctx context.Context, h *plan.Host, now time.Time) error {
	if r.History.refused[h.Host.Name] { // planning is over, it is no longer written
		return nil
	}
	known, err := r.ref.store.HostSeen(ctx, state.Sighting{Workspace: r.ref.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Time: now})
	if err != nil {
		return err
	}
	if known.Replaced != "" {
		r.warn(collect.Replaced(h.Host.Name, h.MachineID(), known.Replaced))
	}
	return nil
}

func planUnit(s *plan.Step, play string, position int) (state.PlanUnit, error) {
	u := state.PlanUnit{
		Host: s.Unit.ID.Host, Unit: s.Unit.ID.Local(), Play: play, Position: position, Pos: s.Unit.Pos,
	}
	u.Idle = idle(s)
	if s.Change == nil || s.Unit.Sensitive {
		return u, nil
	}
	u.Action = s.Change.Action
	if s.Change.Action == abi.None {
		return u, nil
	}
	before, after, err := sides(s.Change)
	if err != nil {
		return u, err
	}
	u.Before, u.After = op.Sum(before), op.Sum(after)
	effects, err := codec.Marshal(s.Change.Effects)
	u.Effects = json.RawMessage(effects)
	return u, err
}

// idle is why a step is not going to be executed as things stand.
func idle(s *plan.Step) state.Idle {
	switch {
	case s.Rescue:
		return state.NothingFailed
	case s.Dormant:
		return state.NotNotified
	case s.Elsewhere():
		return state.OnAnotherHost
	case s.Skip:
		return state.ConditionFalse
	}
	return ""
}

// sides gives the attributes that a change touches, as they were and as they shall be.
func sides(c *abi.Change) (before, after []byte, err error) {
	was, is := map[string]codec.Raw{}, map[string]codec.Raw{}
	for _, d := range c.Diffs {
		if len(d.Before) > 0 {
			was[d.Field] = d.Before
		}
		if len(d.After) > 0 {
			is[d.Field] = d.After
		}
	}
	if before, err = codec.Marshal(was); err != nil {
		return nil, nil, err
	}
	after, err = codec.Marshal(is)
	return before, after, err
}

// delegatesSeen notes which machines answered on which units of others act. Those
// of the run itself are noted as its hosts.
func (r *Record) delegatesSeen(ctx context.Context, hosts []*plan.Host, now time.Time) error {
	seen := map[string]bool{}
	for _, h := range hosts {
		seen[h.Host.Name] = true
	}
	for _, h := range hosts {
		for _, s := range h.Steps() {
			if s.On == nil || s.On.MachineID() == "" || seen[s.On.Host.Name] {
				continue
			}
			seen[s.On.Host.Name] = true
			if err := r.sighting(ctx, s.On, now); err != nil {
				return err
			}
		}
	}
	return nil
}
