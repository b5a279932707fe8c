package apply_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// protector notes what is protected, as a state would.
type protector struct{ calls []string }

func (p *protector) Protect(_ context.Context, h *plan.Host, units []*unit.Unit) error {
	for _, u := range units {
		p.calls = append(p.calls, "protect "+h.Host.Name+"/"+u.ID.Resource())
		h.Protections.Keep(plan.Protection{Unit: u.ID.Resource()})
	}
	return nil
}

func (p *protector) Unprotect(_ context.Context, h *plan.Host, units []*unit.Unit) error {
	for _, u := range units {
		p.calls = append(p.calls, "lift "+h.Host.Name+"/"+u.ID.Resource())
		h.Protections.Drop(u)
	}
	return nil
}

var _ apply.Protector = (*protector)(nil)

func TestApplyProtectsWhatIsThere(t *testing.T) {
	var p protector
	f := &fleet{
		hosts: map[string]*enginetest.Host{"h1": enginetest.NewHost(map[string]string{"/there": "1", "/free": "1", "/never": "1"})},
		units: func(host string) []*unit.Unit {
			keep := func(path string, prevent bool) *unit.Unit {
				u := enginetest.Set(host, path, "1")
				u.Lifecycle.PreventDestroy = &prevent
				return u
			}
			return []*unit.Unit{
				keep("/there", true), keep("/new", true), keep("/kept", true), keep("/free", false), keep("/never", false),
				enginetest.Set(host, "/plain", "1"), keep("/refused", true), keep("/later", true),
			}
		},
		protector: &p, protected: []plan.Protection{{Unit: "set[/kept]"}, {Unit: "set[/free]"}},
	}
	f.hosts["h1"].Refuse = map[string]bool{"/refused": true}
	f.apply(t.Context(), f.plan(t.Context()))
	want := []string{"protect h1/set[/there]", "protect h1/set[/new]", "lift h1/set[/free]"}
	if !slices.Equal(p.calls, want) {
		t.Errorf("got %v, want %v", p.calls, want)
	}
}

// TestApplyProtectsWhatABrokenRunDid goes on with a run that was broken off
// between a change and its protection.
func TestApplyProtectsWhatABrokenRunDid(t *testing.T) {
	var p protector
	f := &fleet{
		hosts: map[string]*enginetest.Host{"h1": enginetest.NewHost(map[string]string{"/a": "1"})},
		units: func(host string) []*unit.Unit {
			u := enginetest.Set(host, "/a", "1")
			u.Lifecycle.PreventDestroy = new(true)
			return []*unit.Unit{u}
		},
		protector: &p,
		progress:  map[string]map[string]plan.Progress{"h1": {"set[/a]": {Action: abi.Update, Status: unit.Changed, Started: time.Unix(1, 0)}}},
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if !slices.Equal(p.calls, []string{"protect h1/set[/a]"}) {
		t.Errorf("got %v", p.calls)
	}
}
