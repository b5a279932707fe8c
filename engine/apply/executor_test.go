package apply_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// fleet runs plan and apply over hosts in memory.
type fleet struct {
	hosts map[string]*enginetest.Host
	units func(host string) []*unit.Unit
	// around gives what a play has beside its units; nil is nothing.
	around   func(host string, p *unit.Play)
	provider *enginetest.Provider
	record   func(runlog.Change) error
	confirm  func(host, unit string) (bool, error)
	exact    bool
	// finished is told when a host has no more to do; nil is none.
	finished func(host string)
	// listen gets every event; nil is none.
	listen func(e event.Event)
	// heard is told why hosts were stopped; nil is none.
	heard   func(err error)
	batch   []unit.Size
	maxFail *unit.Size
	forks   int             // 0 is 4
	stop    <-chan struct{} // nil is never
	// clearing is asked before it is recorded that handlers ran; nil lets it be.
	clearing func(runlog.PendingHandlers) error
	// protector keeps what is protected beside what is so already; nil is none.
	protector apply.Protector
	protected []protect.Resource
	// delegate and locker are the planner's and the executor's; nil is none.
	delegate func(context.Context, string) (*inventory.Host, plan.Target, error)
	locker   func(context.Context, *plan.Host, *plan.Step) (*hostlock.Lock, error)
	// guard guards hosts, to which one gets in over a network; nil does not.
	guard apply.Guard
	// begin and end are asked before that is recorded; nil lets it be.
	begin func(runlog.Intent) error
	end   func(runlog.End) error
	// progress is what is known of the run that is resumed; nil is a new run.
	progress map[string]map[string]resume.Progress

	mu        sync.Mutex
	log       []string
	pending   map[plan.PendingHandler]string // handlers that changes notified → the machine
	potential map[string]bool                // handlers that units at work may notify
}

func (f *fleet) Emit(e event.Event) {
	if f.listen != nil {
		f.listen(e)
	}
	if e.Kind == event.HostFinished && f.finished != nil {
		f.finished(e.Host)
	}
	if e.Kind == event.HostStopped && f.heard != nil {
		f.mu.Lock()
		f.heard(e.Err)
		f.mu.Unlock()
	}
	if e.Kind != event.UnitFinished {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	text := e.Unit.String() + " " + string(e.Status)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	f.log = append(f.log, text)
}

// play is what the one play wants of a host.
func (f *fleet) play(host string) *unit.Play {
	p := &unit.Play{Units: f.units(host)}
	if f.around != nil {
		f.around(host, p)
	}
	return p
}

func (f *fleet) planner() *planning.Planner {
	if f.provider == nil {
		f.provider = &enginetest.Provider{}
	}
	access := func(*inventory.Host) guard.Access { return guard.Access{Login: "ops", Remote: true} }
	if f.guard == nil {
		access = nil
	}
	return &planning.Planner{
		Guards:  access,
		Connect: func(_ context.Context, h *inventory.Host) (plan.Target, error) { return f.hosts[h.Name], nil },
		Evaluate: func(_ context.Context, h *inventory.Host, _ plan.Target) (*planning.Evaluation, error) {
			return &planning.Evaluation{Plays: map[int]*unit.Play{0: f.play(h.Name)}}, nil
		},
		Provider: func(context.Context, string) (inspect.Provider, error) { return f.provider, nil },
		User:     func(*inventory.Host) string { return "" },
		History:  history{f}, Plays: []string{"web"}, Delegate: f.delegate,
		Contents: &plan.Contents{}, Events: f, Forks: 4,
	}
}

// history is what a store keeps of the fleet.
type history struct{ *fleet }

// Protected implements planning.History.
func (h history) Protected(context.Context, *plan.Host) ([]protect.Resource, error) {
	return h.protected, nil
}

// Progress implements planning.History.
func (h history) Progress(_ context.Context, on *plan.Host) (map[string]resume.Progress, error) {
	return h.progress[on.Host.Name], nil
}

func (f *fleet) plan(ctx context.Context) []*plan.Host {
	var hosts []*inventory.Host
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range f.hosts {
			if !yield(n) {
				return
			}
		}
	}) {
		hosts = append(hosts, enginetest.Inventory(name))
	}
	return f.planner().Plan(ctx, hosts)
}

// types are the fleet's one provider, and late values for its units.
type types struct {
	provider func(ctx context.Context, typ string) (inspect.Provider, error)
}

// Provider implements apply.Types.
func (p types) Provider(ctx context.Context, typ string) (inspect.Provider, error) {
	return p.provider(ctx, typ)
}

// Complete implements apply.Types.
func (p types) Complete(planned *unit.Unit, values map[string]any) (*unit.Unit, error) {
	u := *planned
	enginetest.Args(&u, u.ID.Key, values["value"].(string))
	u.Later = nil
	return &u, nil
}

// of are types that all have one provider.
func of(p inspect.Provider) types {
	return types{func(context.Context, string) (inspect.Provider, error) { return p, nil }}
}

// types gives the fleet's provider, as it is by then.
func (f *fleet) types() types {
	return types{func(context.Context, string) (inspect.Provider, error) { return f.provider, nil }}
}

// lockerFunc makes a locker of a function.
type lockerFunc func(context.Context, *plan.Host, *plan.Step) (*hostlock.Lock, error)

// Acquire implements hostlock.Locker.
func (l lockerFunc) Acquire(ctx context.Context, h *plan.Host, s *plan.Step) (*hostlock.Lock, error) {
	return l(ctx, h, s)
}

// locked lets the run have all hosts.
func locked(context.Context, *plan.Host, *plan.Step) (*hostlock.Lock, error) {
	return &hostlock.Lock{Op: op.Lock{Run: "r1", Owner: "ada@laptop"}}, nil
}

// Confirm implements apply.Confirmer.
func (f *fleet) Confirm(_ context.Context, h *plan.Host, s *plan.Step) (bool, error) {
	return f.confirm(h.Host.Name, s.Unit.ID.Local())
}

func (f *fleet) executor() *apply.Executor {
	e := &apply.Executor{
		Types: f.types(), Log: f, Protector: f.protector, Guard: f.guard,
		Contents: &plan.Contents{}, Events: f, Forks: f.atOnce(), Exact: f.exact, Stop: f.stop,
	}
	if f.locker != nil {
		e.Locker = lockerFunc(f.locker)
	}
	if f.confirm != nil {
		e.Confirmer = f
	}
	return e
}

func (f *fleet) apply(ctx context.Context, hosts []*plan.Host) []apply.Count {
	e := f.executor()
	p := rollout.Play{Name: "web", Batch: f.batch, MaxFail: f.maxFail}
	for _, h := range hosts {
		p.Hosts = append(p.Hosts, h.Host.Name)
	}
	return e.Apply(ctx, []rollout.Play{p}, hosts)
}

// lambda is a runbook's function for tests.
type lambda func() (any, error)

func (l lambda) Eval(context.Context, unit.Outcomes, any) (any, error) { return l() }
func (l lambda) Pos() diag.Pos                                         { return line1 }

// reading is a lambda that reads how units ended.
type reading func(ended unit.Outcomes) (any, error)

func (r reading) Eval(_ context.Context, ended unit.Outcomes, _ any) (any, error) { return r(ended) }
func (r reading) Pos() diag.Pos                                                   { return line1 }

// result is a lambda that gets the result of its unit.
type result func(of any) (any, error)

func (r result) Eval(_ context.Context, _ unit.Outcomes, of any) (any, error) { return r(of) }
func (r result) Pos() diag.Pos                                                { return line1 }

var line1 = diag.Pos{File: "site.star", Line: 1}

func oneHost(h *enginetest.Host, units ...func() *unit.Unit) *fleet {
	return &fleet{hosts: map[string]*enginetest.Host{"h1": h}, units: func(string) []*unit.Unit {
		var all []*unit.Unit
		for _, u := range units {
			all = append(all, u())
		}
		return all
	}}
}

func set(path, value string) func() *unit.Unit {
	return func() *unit.Unit { return enginetest.Set("h1", path, value) }
}

func TestApplyConvergesInOneSequence(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/b": "old", "/c": "3"})
	f := oneHost(h, set("/a", "1"), set("/b", "2"), set("/c", "3"))
	planned := f.plan(t.Context())
	before := h.Counts.Trips
	counts := f.apply(t.Context(), planned)
	if want := []apply.Count{{Host: "h1", OK: 3, Changed: 2}}; !cmp.Equal(counts, want) {
		t.Errorf("counts: %s", cmp.Diff(want, counts))
	}
	if h.Counts.Trips-before != 1 {
		t.Errorf("apply took %d round trips, want 1", h.Counts.Trips-before)
	}
	if want := map[string]string{"/a": "1", "/b": "2", "/c": "3"}; !cmp.Equal(h.Files, want) {
		t.Errorf("files: %s", cmp.Diff(want, h.Files))
	}
	if s := plan.Summarize(f.plan(t.Context())); s.Pending() != 0 {
		t.Errorf("the second plan still has %d changes", s.Pending())
	}
}

func TestApplyWithNothingToDoAsksNothing(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "1"})
	f := oneHost(h, set("/a", "1"))
	planned := f.plan(t.Context())
	before := h.Counts.Trips
	counts := f.apply(t.Context(), planned)
	if h.Counts.Trips != before {
		t.Errorf("apply took %d round trips, want none", h.Counts.Trips-before)
	}
	if want := []apply.Count{{Host: "h1", OK: 1}}; !cmp.Equal(counts, want) {
		t.Errorf("counts: %s", cmp.Diff(want, counts))
	}
}

func TestApplySeesWhatAnEarlierUnitChanged(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/b": "2"})
	h.OnWrite = func(h *enginetest.Host, path string) {
		if path == "/a" {
			h.Files["/b"] = "spoiled by /a"
		}
	}
	f := oneHost(h, set("/a", "1"), set("/b", "2"))
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if h.Files["/b"] != "2" {
		t.Errorf("/b is %q: it was not read again after /a changed it", h.Files["/b"])
	}
	if counts[0].Changed != 2 {
		t.Errorf("changed=%d, want 2", counts[0].Changed)
	}
}

func TestApplySeesAChangeSinceThePlan(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "old"})
	f := oneHost(h, set("/a", "1"))
	planned := f.plan(t.Context())
	h.Files["/a"] = "1"
	counts := f.apply(t.Context(), planned)
	if h.Counts.Writes != 0 || counts[0].Changed != 0 || counts[0].OK != 1 {
		t.Errorf("%d writes, %+v: the unit was not read again before it was executed", h.Counts.Writes, counts[0])
	}
}

func TestFailureEndsTheHostAndNoOther(t *testing.T) {
	bad := enginetest.NewHost(nil)
	bad.Faults.Refuse = map[string]bool{"/b": true}
	f := &fleet{
		hosts: map[string]*enginetest.Host{"bad": bad, "good": enginetest.NewHost(nil)},
		units: func(host string) []*unit.Unit {
			return []*unit.Unit{enginetest.Set(host, "/a", "1"), enginetest.Set(host, "/b", "2"), enginetest.Set(host, "/c", "3")}
		},
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	want := []apply.Count{{Host: "bad", OK: 1, Changed: 1, Failed: 1, Skipped: 1}, {Host: "good", OK: 3, Changed: 3}}
	if !cmp.Equal(counts, want) {
		t.Error(cmp.Diff(want, counts))
	}
	if !slices.Contains(f.log, "bad/set[/b] failed: bad: set[/b]: /b: permission denied") {
		t.Errorf("the failure is not told: %q", f.log)
	}
}

func TestLostConnectionCountsAsUnreachable(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, set("/a", "1"), set("/b", "2"), set("/c", "3"))
	planned := f.plan(t.Context())
	h.Faults.LoseAfter = 6 // of which three ops and the facts were the plan's
	counts := f.apply(t.Context(), planned)
	if want := []apply.Count{{Host: "h1", OK: 1, Changed: 1, Unreachable: 1, Skipped: 1}}; !cmp.Equal(counts, want) {
		t.Error(cmp.Diff(want, counts))
	}
}

func TestWhenAndLaterAreAskedAtTheUnitsTurn(t *testing.T) {
	h := enginetest.NewHost(nil)
	var first *unit.Unit
	f := oneHost(h, func() *unit.Unit { first = enginetest.Set("h1", "/a", "1"); return first },
		func() *unit.Unit {
			u := enginetest.Set("h1", "/late", "")
			u.Later = map[string]unit.Lambda{"value": reading(func(ended unit.Outcomes) (any, error) {
				if ended(first) == nil {
					return nil, errors.New("too early")
				}
				return "made late", nil
			})}
			u.Require = []unit.ID{first.ID}
			return u
		},
		func() *unit.Unit {
			u := enginetest.Set("h1", "/never", "x")
			u.Conditions.When = lambda(func() (any, error) { return false, nil })
			return u
		},
		func() *unit.Unit {
			u := enginetest.Set("h1", "/wrong", "x")
			u.Conditions.When = lambda(func() (any, error) { return "yes", nil })
			return u
		})
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if want := map[string]string{"/a": "1", "/late": "made late"}; !cmp.Equal(h.Files, want) {
		t.Error(cmp.Diff(want, h.Files))
	}
	if want := []apply.Count{{Host: "h1", OK: 2, Changed: 2, Skipped: 1, Failed: 1}}; !cmp.Equal(counts, want) {
		t.Error(cmp.Diff(want, counts))
	}
	if !strings.Contains(strings.Join(f.log, "\n"), "when must give True or False, got a string") {
		t.Errorf("%q", f.log)
	}
}

func TestAUnitThatCouldNotBePlannedGetsItsTurn(t *testing.T) {
	h := enginetest.NewHost(nil)
	provider := &enginetest.Provider{Unplannable: map[string]bool{"/b": true}}
	h.OnWrite = func(_ *enginetest.Host, path string) {
		if path == "/a" {
			provider.Unplannable = nil
		}
	}
	f := oneHost(h, set("/a", "1"), set("/b", "2"))
	f.provider = provider
	planned := f.plan(t.Context())
	if s := plan.Summarize(planned); s.Errors != 1 {
		t.Errorf("%d errors at plan, want 1", s.Errors)
	}
	if counts := f.apply(t.Context(), planned); counts[0].Failed != 0 || h.Files["/b"] != "2" {
		t.Errorf("%+v %v", counts[0], h.Files)
	}
}

func TestInterruptSkipsWhatHasNotBegun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := enginetest.NewHost(nil)
	f := oneHost(h, set("/a", "1"))
	planned := f.plan(ctx)
	cancel()
	counts := f.apply(ctx, planned)
	if h.Counts.Writes != 0 || counts[0].Skipped != 1 {
		t.Errorf("%d writes, %+v", h.Counts.Writes, counts[0])
	}
}

func TestAChangeThatCannotBeRecordedFails(t *testing.T) {
	f := oneHost(enginetest.NewHost(nil), set("/a", "1"), set("/b", "2"))
	f.record = func(runlog.Change) error { return errors.New("disk full") }
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if counts[0].Failed != 1 || !strings.Contains(strings.Join(f.log, "\n"), "could not be recorded: disk full") {
		t.Errorf("%+v %q", counts[0], f.log)
	}
}

// TestApplyConverges: whatever is on a host, whatever changes there between
// plan and apply, one apply makes it right, each unit counts once, and a
// second plan is empty.
func TestApplyConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		paths := []string{"/a", "/b", "/c", "/d"}
		value := rapid.SampledFrom([]string{"1", "2"})
		state := rapid.MapOfN(rapid.SampledFrom(paths), value, 0, 4)
		h := enginetest.NewHost(state.Draw(rt, "host"))
		want := state.Draw(rt, "wanted")
		var units []func() *unit.Unit
		for _, p := range paths {
			if v, ok := want[p]; ok {
				units = append(units, set(p, v))
			}
		}
		f := oneHost(h, units...)
		planned := f.plan(context.Background())
		maps.Copy(h.Files, state.Draw(rt, "changed since"))
		count := f.apply(context.Background(), planned)[0]
		if count.Failed+count.Skipped+count.Unreachable != 0 || count.OK != len(units) {
			rt.Fatalf("%+v for %d units: %q", count, len(units), f.log)
		}
		// What was right at plan and stands before the first change is not read again;
		// what was spoiled there since, the next plan shows. All else is right now.
		again := f.plan(context.Background())
		first := slices.IndexFunc(planned[0].Plays[0].Steps, (*plan.Step).Pending)
		for i, s := range again[0].Plays[0].Steps {
			if s.Pending() && first >= 0 && i >= first {
				rt.Fatalf("%s is still pending after apply: %v", s.Unit.ID, h.Files)
			}
		}
		f.apply(context.Background(), again)
		if s := plan.Summarize(f.plan(context.Background())); s.Pending() != 0 {
			rt.Fatalf("still pending after apply: %s", fmt.Sprint(h.Files, want))
		}
	})
}

func TestASavedPlanIsDoneExactly(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   map[string]string
		onWrite func(h *enginetest.Host)
		want    apply.Count
	}{
		{
			"what a unit before it brought is not done again",
			map[string]string{"/a": "old", "/b": "old"},
			func(h *enginetest.Host) { h.Files["/b"] = "2" },
			apply.Count{Host: "h1", OK: 2, Changed: 1},
		},
		{
			"what was announced is done to a host that a unit before it changed",
			map[string]string{"/a": "old", "/b": "old"},
			func(h *enginetest.Host) { h.Files["/b"] = "default" },
			apply.Count{Host: "h1", OK: 2, Changed: 2},
		},
		{
			"what was announced as what a unit may do is done",
			map[string]string{"/a": "old", "/b": "2"},
			func(h *enginetest.Host) { h.Files["/b"] = "spoiled" },
			apply.Count{Host: "h1", OK: 2, Changed: 2},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(tt.files)
			f := oneHost(h, set("/a", "1"), set("/b", "2"))
			f.exact = true
			planned := f.plan(t.Context())
			h.OnWrite = func(h *enginetest.Host, path string) {
				if path == "/a" {
					tt.onWrite(h)
				}
			}
			if counts := f.apply(t.Context(), planned); counts[0] != tt.want {
				t.Error(cmp.Diff(tt.want, counts[0]))
			}
		})
	}
}

// TestASavedPlanRefusesAHostThatChangedSince: before the plan's own first change.
func TestASavedPlanRefusesAHostThatChangedSince(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "old"})
	f := oneHost(h, set("/a", "1"))
	f.exact = true
	planned := f.plan(t.Context())
	h.Files["/a"] = "1"
	f.apply(t.Context(), planned)
	if !strings.Contains(strings.Join(f.log, "\n"), "no longer as the plan found it") {
		t.Errorf("%q", f.log)
	}
}

// atOnce is how many hosts are at work at once.
func (f *fleet) atOnce() int {
	if f.forks == 0 {
		return 4
	}
	return f.forks
}
