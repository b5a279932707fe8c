package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// balanced has two hosts that each change a file of a third one between two of their own.
func balanced() (*fleet, *enginetest.Host) {
	lb := enginetest.NewHost(nil)
	lb.MachineID = "33333333333333333333333333333333"
	return &fleet{
		hosts: map[string]*enginetest.Host{"h1": enginetest.NewHost(nil), "h2": enginetest.NewHost(nil)},
		units: func(host string) []*unit.Unit {
			drain := enginetest.Set(host, "/drained/"+host, "yes")
			drain.ID.Delegate = "lb1"
			return []*unit.Unit{enginetest.Set(host, "/a", "1"), drain, enginetest.Set(host, "/b", "1")}
		},
		delegate: func(context.Context, string) (*inventory.Host, plan.Target, error) {
			return enginetest.Inventory("lb1"), lb, nil
		},
	}, lb
}

func TestDelegate(t *testing.T) {
	f, lb := balanced()
	var mu atomic.Pointer[[]string]
	mu.Store(&[]string{})
	f.record = func(c runlog.Change) error {
		where := c.Host
		if c.On != nil {
			where = c.On.Host.Name + " " + c.On.MachineID()
		}
		for {
			old := mu.Load()
			fresh := append(slices.Clone(*old), c.Unit.ID.String()+" on "+where)
			if mu.CompareAndSwap(old, &fresh) {
				return nil
			}
		}
	}
	var reached atomic.Int32
	give := f.delegate
	f.delegate = func(ctx context.Context, name string) (*inventory.Host, plan.Target, error) {
		reached.Add(1)
		return give(ctx, name)
	}
	var locks atomic.Int32
	f.locker = func(_ context.Context, h *plan.Host, _ *plan.Step) (*hostlock.Lock, error) {
		if h.Host.Name == "lb1" {
			locks.Add(1)
		}
		return &hostlock.Lock{Op: op.Lock{Run: "r1", Owner: "ada@laptop"}}, nil
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	for _, c := range counts {
		if c.Changed != 3 || c.Failed != 0 {
			t.Errorf("%+v, want 3 changes", c)
		}
	}
	if lb.Files["/drained/h1"] != "yes" || lb.Files["/drained/h2"] != "yes" || lb.Counts.Writes != 2 || f.hosts["h1"].Counts.Writes != 2 {
		t.Errorf("the other host has %v, written %d times; h1 was written %d times", lb.Files, lb.Counts.Writes, f.hosts["h1"].Counts.Writes)
	}
	if reached.Load() != 1 || locks.Load() != 1 || lb.Counts.Locks != 1 || f.hosts["h1"].Counts.Locks != 1 {
		t.Errorf("reached %d times, leased %d and %d times, want once; h1 %d times", reached.Load(), locks.Load(), lb.Counts.Locks, f.hosts["h1"].Counts.Locks)
	}
	kept := *mu.Load()
	slices.Sort(kept)
	want := "h1/lb1:set[/drained/h1] on lb1 33333333333333333333333333333333"
	if len(kept) != 6 || !slices.Contains(kept, want) || !slices.Contains(kept, "h1/set[/b] on h1") {
		t.Errorf("kept %v", kept)
	}
	// What one host does is told of it, in its order.
	var told []string
	for _, line := range f.log {
		if strings.HasPrefix(line, "h1/") {
			told = append(told, line)
		}
	}
	if !slices.Equal(told, []string{"h1/set[/a] changed", "h1/lb1:set[/drained/h1] changed", "h1/set[/b] changed"}) {
		t.Errorf("told %v", told)
	}

	// A second run finds all as it should be, and takes nothing.
	again := f.apply(t.Context(), f.plan(t.Context()))
	if again[0].Changed+again[1].Changed != 0 || lb.Counts.Writes != 2 || lb.Counts.Locks != 1 {
		t.Errorf("the second run: %+v, %d writes, %d locks", again, lb.Counts.Writes, lb.Counts.Locks)
	}
}

// TestDelegateOfTheRun has the other host be one of the run's own, at the same time.
func TestDelegateOfTheRun(t *testing.T) {
	f, lb := balanced()
	f.hosts["lb1"] = lb
	others := f.units
	f.units = func(host string) []*unit.Unit {
		if host == "lb1" {
			return []*unit.Unit{enginetest.Set(host, "/own", "1")}
		}
		return others(host)
	}
	for _, c := range f.apply(t.Context(), f.plan(t.Context())) {
		if want := map[string]int{"h1": 3, "h2": 3, "lb1": 1}[c.Host]; c.Changed != want || c.Failed != 0 {
			t.Errorf("%+v, want %d changes", c, want)
		}
	}
	if lb.Counts.Writes != 3 {
		t.Errorf("the other host has %v", lb.Files)
	}
}

func TestDelegateThatCannotBeReached(t *testing.T) {
	f, _ := balanced()
	f.delegate = func(context.Context, string) (*inventory.Host, plan.Target, error) {
		return nil, nil, &target.Error{Host: "lb1", Stage: target.StageConnect, Message: "no route", Hint: "is it up?"}
	}
	hosts := f.plan(t.Context())
	if s := stepAt(t, hosts[0], 1); s.Err == nil || !strings.Contains(s.Err.Message, "lb1, to which this is delegated: no route") || s.Err.Hint != "is it up?" {
		t.Errorf("planned with %+v", s.Err)
	}
	f.unreached(t, f.apply(t.Context(), hosts), "lb1, to which this is delegated: no route")
}

func TestDelegateThatIsLost(t *testing.T) {
	f, lb := balanced()
	hosts := f.plan(t.Context())
	lb.Faults.LoseAfter = 1
	f.unreached(t, f.apply(t.Context(), hosts), "lb1, to which this is delegated: the connection was lost")
}

// unreached wants the hosts to have failed at what they delegate, and themselves to be well.
func (f *fleet) unreached(t *testing.T, counts []apply.Count, want string) {
	t.Helper()
	for _, c := range counts {
		if c.Changed != 1 || c.Failed != 1 || c.Unreachable != 0 || c.Skipped != 1 {
			t.Errorf("%+v, want one change, one failure and one left out", c)
		}
	}
	if !slices.ContainsFunc(f.log, func(line string) bool { return strings.Contains(line, want) }) {
		t.Errorf("no host said %q: %v", want, f.log)
	}
}

func TestDelegateOfAnotherRun(t *testing.T) {
	f, lb := balanced()
	lb.Holder = &op.Holder{Run: "r0", Owner: "bob@desk", Since: 1, Trusted: true}
	var refused atomic.Pointer[error]
	f.locker = locked
	f.listen = func(e event.Event) {
		if e.Err != nil && e.Host == "h1" && e.Kind == event.UnitFinished {
			refused.Store(&e.Err)
		}
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if refused.Load() == nil {
		t.Fatal("h1 changed what another run has")
	}
	d, ok := errors.AsType[*diag.Error](*refused.Load())
	if !ok || d.Code != diag.Locked || !strings.Contains(d.Summary, "lb1, to which this is delegated: the host is being changed by bob@desk") {
		t.Errorf("refused with %+v", d)
	}
	if lb.Counts.Locks != 1 {
		t.Errorf("the other run was asked %d times, want once for all hosts", lb.Counts.Locks)
	}
	if lb.Counts.Writes != 0 {
		t.Errorf("%d files were written", lb.Counts.Writes)
	}
}

func stepAt(t *testing.T, h *plan.Host, n int) *plan.Step {
	t.Helper()
	return h.Plays[0].Steps[n]
}
