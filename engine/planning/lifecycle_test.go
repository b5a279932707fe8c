package planning_test

import (
	"errors"
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// ignoring makes a unit that wants value in a file, and whose value is ignored once it is there.
func ignoring(path, value string) *unit.Unit {
	u := enginetest.Set("h1", path, value)
	u.Lifecycle.IgnoreChanges = []string{"value"}
	return u
}

func TestPlanIgnoresChanges(t *testing.T) {
	late := ignoring("/late", "")
	late.Later = map[string]unit.Lambda{"value": enginetest.Lambda(func() (any, error) { return nil, errors.New("not yet") })}
	other := enginetest.Set("h1", "/other", "1")
	other.Lifecycle.IgnoreChanges = []string{"mode"}
	h := enginetest.NewHost(map[string]string{"/differs": "0", "/equal": "1", "/late": "0", "/other": "0"})
	planned, _ := planOne(t, h, nil, ignoring("/differs", "1"), ignoring("/equal", "1"), ignoring("/new", "1"), late, other)
	for _, tt := range []struct {
		path, reason, args string
		action             abi.Action
	}{
		{"/differs", "ignored: value", `{"path":"/differs","value":"0"}`, abi.None},
		{"/equal", "", "", abi.None},
		{"/new", "", "", abi.Create},
		{"/late", "ignored: value", `{"path":"/late","value":"0"}`, abi.None},
		{"/other", "", "", abi.Update},
	} {
		t.Run(tt.path, func(t *testing.T) {
			s := stepOf(t, planned, tt.path)
			if s.Err != nil || s.Change.Action != tt.action || s.Change.Reason != tt.reason || string(s.Args) != tt.args {
				t.Errorf("got %+v with the arguments %s, error %v", s.Change, s.Args, s.Err)
			}
		})
	}
}

func stepOf(t *testing.T, h *plan.Host, path string) *plan.Step {
	t.Helper()
	for _, s := range h.Steps() {
		if s.Unit.ID.Key == path {
			return s
		}
	}
	t.Fatalf("there is no step for %s", path)
	return nil
}
