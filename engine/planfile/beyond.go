package planfile

import (
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Beyond tells what a host needs beyond its saved plan, which has been carried
// out in part, or returns nil: what is left may be less than was planned, since
// some of it was done, and nothing else.
func Beyond(saved, now *Host) *diag.Error {
	stale := func(u *Unit, format string, args ...any) *diag.Error {
		var pos diag.Pos
		unit := ""
		if u != nil {
			pos, unit = u.Pos, u.Unit
		}
		e := diag.Errorf(pos, format, args...).WithCode(diag.Stale).
			WithHint("nothing more was done on this host; make a new plan and review it")
		e.Host, e.Unit = now.Name, unit
		return e
	}
	switch {
	case saved.Error != "":
		return stale(nil, "the saved plan does not hold this host: %s", saved.Error)
	case saved.MachineID != now.MachineID:
		return stale(nil, "another machine answers: machine-id %s, planned for %s", orNone(now.MachineID), orNone(saved.MachineID))
	}
	type name struct {
		scope unit.Scope
		unit  string
	}
	planned := map[name]*Unit{}
	for i := range saved.Units {
		u := &saved.Units[i]
		planned[name{u.Scope(), u.Unit}] = u
	}
	for i := range now.Units {
		u := &now.Units[i]
		was := planned[name{u.Scope(), u.Unit}]
		switch {
		case was == nil:
			return stale(u, "the runbook now wants a unit that is not in the plan")
		case u.Action == abi.None || len(u.Effects) == 0 && !u.Sensitive:
		case u.Sensitive && u.Digest != was.Digest && !was.Pending(saved.Name) && !was.HasPotential:
			return stale(u, "the host has changed since the plan")
		case !u.Sensitive && !sameJSON(u.Args, was.Args):
			e := stale(u, "its arguments are no longer those of the plan")
			e.Detail = changed(was.Args, u.Args)
			return e
		case !u.Sensitive:
			if beyond := uncovered(u.Effects, slices.Concat(was.Effects, was.Potential)); beyond != nil {
				e := stale(u, "it would now do what the plan does not hold")
				e.Detail = string(beyond.Op)
				return e
			}
		}
	}
	return nil
}

// uncovered is one of some effects that is not among those that were announced, or nil.
func uncovered(effects, announced []Effect) *Effect {
	for i, e := range effects {
		if !slices.ContainsFunc(announced, func(a Effect) bool { return a.covers(e) }) {
			return &effects[i]
		}
	}
	return nil
}

func (e Effect) covers(other Effect) bool {
	var known, wanted op.Op
	if codec.Unmarshal([]byte(e.Op), &known) != nil || codec.Unmarshal([]byte(other.Op), &wanted) != nil {
		return false
	}
	return abi.Effect{Op: known, Unknown: e.Unknown}.Allows(abi.Effect{Op: wanted, Unknown: other.Unknown})
}
