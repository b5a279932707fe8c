package apply_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// protector notes what is protected, as a state would.
type protector struct{ calls []string }

func (p *protector) Protect(_ context.Context, h *plan.Host, units []*unit.Unit) (kept []protect.Resource, err error) {
	for _, u := range units {
		p.calls = append(p.calls, "protect "+h.Host.Name+"/"+u.ID.Resource())
		kept = append(kept, protect.Resource{Unit: u.ID.Resource()})
	}
	return kept, nil
}

func (p *protector) Unprotect(_ context.Context, h *plan.Host, units []*unit.Unit) error {
	for _, u := range units {
		p.calls = append(p.calls, "lift "+h.Host.Name+"/"+u.ID.Resource())
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
		protector: &p, protected: []protect.Resource{{Unit: "set[/kept]"}, {Unit: "set[/free]"}},
	}
	f.hosts["h1"].Faults.Refuse = map[string]bool{"/refused": true}
	f.apply(t.Context(), f.plan(t.Context()))
	want := []string{"protect h1/set[/there]", "protect h1/set[/new]", "lift h1/set[/free]"}
	if !slices.Equal(p.calls, want) {
		t.Errorf("got %v, want %v", p.calls, want)
	}
}

// TestApplyProtectsWhatABrokenRunDid resumes a run that was broken off
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
		progress:  map[string]map[string]resume.Progress{"h1": {"set[/a]": {Action: abi.Update, Status: unit.Changed, Started: time.Unix(1, 0)}}},
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if !slices.Equal(p.calls, []string{"protect h1/set[/a]"}) {
		t.Errorf("got %v", p.calls)
	}
}

// sparing are units beside a protected file, whose host may have links.
func sparing(h *enginetest.Host, units ...func() *unit.Unit) *fleet {
	return oneHost(h, append([]func() *unit.Unit{func() *unit.Unit {
		u := enginetest.Set("h1", "/data/db", "1")
		u.Lifecycle.PreventDestroy = new(true)
		return u
	}}, units...)...)
}

func TestPlanAsksOnceWhatPathsLeadTo(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/data/db": "1", "/same": "3"})
	h.Links = map[string]string{"/alias": "/data", "/side": "/elsewhere"}
	f := sparing(h, set("/alias/db", "2"), set("/side/db", "2"), set("/same", "3"))
	planned := f.plan(t.Context())
	if h.Counts.Overlaps != 1 {
		t.Errorf("the host was asked %d times, want once", h.Counts.Overlaps)
	}
	steps := planned[0].Plays[0].Steps
	const want = "it would put a link in the place of /alias/db, which is the same as set[/data/db] through the link /alias, which prevent_destroy at"
	if e := steps[1].Err; e == nil || !strings.HasPrefix(e.Message, want) {
		t.Errorf("got %v, want %s", e, want)
	}
	if steps[0].Err != nil || steps[2].Err != nil || steps[3].Err != nil {
		t.Error("others were refused, too")
	}
	counts := f.apply(t.Context(), planned)
	if h.Files["/alias/db"] != "" || counts[0].Failed != 1 {
		t.Errorf("%v: it was written all the same", counts)
	}
}

// TestNothingIsAskedForNothing: who protects nothing, or loses nothing, pays nothing.
func TestNothingIsAskedForNothing(t *testing.T) {
	for name, f := range map[string]*fleet{
		"nothing is protected": oneHost(enginetest.NewHost(nil), set("/a", "1")),
		"nothing is lost":      sparing(enginetest.NewHost(map[string]string{"/data/db": "1", "/a": "1"}), set("/a", "1")),
		"its own file":         sparing(enginetest.NewHost(map[string]string{"/data/db": "0"})),
	} {
		f.apply(t.Context(), f.plan(t.Context()))
		if n := f.hosts["h1"].Counts.Overlaps; n != 0 {
			t.Errorf("%s: the host was asked %d times", name, n)
		}
	}
}

// TestApplySparesWhatALinkLedToSince makes a link once all is planned: in the same
// sequence, before it, and before a unit on its own.
func TestApplySparesWhatALinkLedToSince(t *testing.T) {
	link := func(h *enginetest.Host) { h.Links = map[string]string{"/late": "/data"} }
	for _, tt := range []struct {
		name string
		make func(h *enginetest.Host, u *unit.Unit)
		wake func(h *enginetest.Host)
	}{
		{"before apply", func(*enginetest.Host, *unit.Unit) {}, link},
		{"in the sequence", func(h *enginetest.Host, _ *unit.Unit) {
			h.OnWrite = func(h *enginetest.Host, path string) {
				if path == "/first" {
					link(h)
				}
			}
		}, func(*enginetest.Host) {}},
		{"on its own", func(_ *enginetest.Host, u *unit.Unit) {
			u.Conditions.When = lambda(func() (any, error) { return true, nil })
		}, link},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(map[string]string{"/data/db": "1"})
			last := enginetest.Set("h1", "/late/db", "2")
			tt.make(h, last)
			f := sparing(h, set("/first", "1"), func() *unit.Unit { return last }, set("/never", "1"))
			planned := f.plan(t.Context())
			tt.wake(h)
			counts := f.apply(t.Context(), planned)
			const want = "it would put a link in the place of /late/db, which is the same as set[/data/db] through the link /late"
			if !slices.ContainsFunc(f.log, func(line string) bool { return strings.Contains(line, want) }) {
				t.Errorf("got %q, want %q", f.log, want)
			}
			if _, written := h.Files["/late/db"]; written || counts[0].Failed != 1 || h.Files["/first"] != "1" || h.Files["/never"] != "" {
				t.Errorf("%v, files %v", counts, h.Files)
			}
		})
	}
}
