package plan_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// planPlay plans one play on hosts in memory, by their names.
func planPlay(t *testing.T, names []string, play func(host string) *unit.Play) []*plan.Host {
	t.Helper()
	p := &plan.Planner{
		Connect: func(context.Context, *inventory.Host) (plan.Target, error) { return enginetest.NewHost(nil), nil },
		Evaluate: func(_ context.Context, h *inventory.Host, _ plan.Target) (*plan.Evaluation, error) {
			return &plan.Evaluation{Plays: map[int]*unit.Play{0: play(h.Name)}, Inputs: []byte(`{}`)}, nil
		},
		Provider: func(context.Context, string) (plan.Provider, error) { return provider, nil },
		User:     func(*inventory.Host) string { return "" },
		Contents: &plan.Contents{}, Events: event.Func(func(event.Event) {}), Forks: 1,
	}
	var hosts []*inventory.Host
	for _, name := range names {
		hosts = append(hosts, enginetest.Inventory(name))
	}
	return p.Plan(t.Context(), hosts)
}

// documentOf is planned hosts as they are saved.
func documentOf(t *testing.T, hosts []*plan.Host) *plan.Document {
	t.Helper()
	d := &plan.Document{Plays: []plan.DocumentPlay{{Name: "web"}}}
	for _, h := range hosts {
		d.Inventory = append(d.Inventory, h.Host)
		if err := d.AddHost(h, []string{"web"}, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// migrates is a play that does /once once, and tells a handler.
func migrates(host string) *unit.Play {
	u := enginetest.Set(host, "/once", "1")
	u.RunOnce, u.Throttle, u.Notify = true, 3, []string{"mend"}
	if host == "bad" {
		enginetest.Args(u, "/bad", "1")
	}
	mended := enginetest.Set(host, "/mended", "1")
	mended.ID.Scope = unit.Scope{Play: "web", Handler: "mend"}
	return &unit.Play{Units: []*unit.Unit{u}, Handlers: []*unit.Handler{{Name: "mend", Units: []*unit.Unit{mended}}}}
}

func TestAUnitIsPlannedOnce(t *testing.T) {
	hosts := planPlay(t, []string{"bad", "h1", "h2"}, migrates)
	type planned struct {
		Once                       string
		Elsewhere, Pending, Called bool
	}
	got := map[string]planned{}
	for _, h := range hosts {
		p := h.Plays[0]
		got[h.Host.Name] = planned{p.Steps[0].Once, p.Steps[0].Elsewhere(), p.Steps[0].Pending(), !p.Handlers[0].Steps[0].Dormant}
	}
	want := map[string]planned{"bad": {Once: "h1", Elsewhere: true}, "h1": {"h1", false, true, true}, "h2": {Once: "h1", Elsewhere: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := plan.Summarize(hosts), (plan.Summary{Hosts: 3, Units: 6, Add: 2}); got != want {
		t.Error(cmp.Diff(want, got))
	}
	// What is saved of it is shown as it was planned.
	viewed, _, _, err := documentOf(t, hosts).View()
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Summarize(viewed); got != plan.Summarize(hosts) {
		t.Error(cmp.Diff(plan.Summarize(hosts), got))
	}
	if s := viewed[2].Plays[0].Steps[0]; !s.Elsewhere() || s.Unit.Throttle != 3 {
		t.Errorf("viewed as %+v", s)
	}
}

func TestBarriersAreReviewed(t *testing.T) {
	at := func(name string, at int) *plan.DocumentHost {
		hosts := planPlay(t, []string{"h1"}, func(host string) *unit.Play {
			p := &unit.Play{Units: []*unit.Unit{enginetest.Set(host, "/a", "1")}}
			if name != "" {
				p.Barriers = []unit.Barrier{{Name: name, At: at, Pos: diag.Pos{File: "site.star", Line: 7}}}
			}
			return p
		})
		h, _ := documentOf(t, hosts).Host("h1")
		return h
	}
	for _, tt := range []struct {
		name       string
		saved, now *plan.DocumentHost
		want       string
	}{
		{"same", at("x", 1), at("x", 1), ""},
		{"moved", at("x", 1), at("x", 0), `the barrier "x" is no longer as planned`},
		{"new", at("", 0), at("x", 0), `the runbook now has a barrier "x" that is not in the plan`},
		{"gone", at("x", 0), at("", 0), `the barrier "x" is planned, but the runbook no longer has it on this host`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if stale := plan.Stale(tt.saved, tt.now); stale != nil {
				got = stale.Summary
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBreaksComeInTheirOrder(t *testing.T) {
	p := &plan.Play{
		Flush:    []int{1, 1, 3},
		Barriers: []unit.Barrier{{Name: "a", At: 0}, {Name: "b", At: 1, Flushes: 1}, {Name: "c", At: 3, Flushes: 3}},
	}
	var got []string
	for at, b := range p.Breaks() {
		name := "flush"
		if b != nil {
			name = b.Name
		}
		got = append(got, name+" "+string(rune('0'+at)))
	}
	if diff := cmp.Diff([]string{"a 0", "flush 1", "b 1", "flush 1", "flush 3", "c 3"}, got); diff != "" {
		t.Error(diff)
	}
}
