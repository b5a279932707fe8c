package resource

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// maxThrottle is more hosts than a run has.
const maxThrottle = 10_000

// toThrottle unpacks how many hosts may execute a unit at once.
func toThrottle(v starlark.Value) (int, error) {
	i, ok := v.(starlark.Int)
	if !ok {
		return 0, fmt.Errorf("got %s, want a number of hosts", v.Type())
	}
	n, err := starlark.AsInt32(i)
	if err != nil || n < 1 || n > maxThrottle {
		return 0, fmt.Errorf("got %s, want 1 to %d hosts", v, maxThrottle)
	}
	return n, nil
}

// toBool unpacks True or False.
func toBool(v starlark.Value) (bool, error) {
	yes, ok := v.(starlark.Bool)
	if !ok {
		return false, fmt.Errorf("got %s, want True or False", v.Type())
	}
	return bool(yes), nil
}

// applyRollout puts into a unit what it says about the other hosts of its play.
func (m *metaArgs) applyRollout(s *units.Set, u *unit.Unit, fail func(*diag.Error)) {
	if m.runOnce && s.Plays().Part().Handler != "" {
		fail((&diag.Error{Summary: "run_once inside a handler, an on_failure or a change hook"}).
			WithHint("on which hosts it runs is known only then; make a unit of the play's function run_once"))
	}
	u.Rollout.Throttle, u.Rollout.RunOnce = m.throttle, m.runOnce
}
