package apply_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// TestLock counts locks and round trips: a host is locked with the first
// change, in its round trip, once, and not at all where nothing changes.
func TestLock(t *testing.T) {
	tests := []struct {
		name         string
		files        map[string]string
		holder       *op.Holder
		locks, trips int
		writes       int
		code         diag.Code
	}{
		{name: "nothing to change", files: map[string]string{"/a": "1", "/b": "1"}},
		{name: "changes", locks: 1, trips: 1, writes: 2},
		{name: "only the second changes", files: map[string]string{"/a": "1"}, locks: 1, trips: 1, writes: 1},
		{name: "another run's", holder: &op.Holder{Run: "r0", Owner: "bob@desk", Since: 1, Trusted: true}, locks: 1, trips: 1, code: diag.Locked},
		{name: "another's who says nothing", holder: &op.Holder{}, locks: 1, trips: 1, code: diag.Locked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			host := enginetest.NewHost(test.files)
			host.Holder = test.holder
			f := &fleet{hosts: map[string]*enginetest.Host{"h1": host}, units: func(h string) []*unit.Unit {
				return []*unit.Unit{enginetest.Set(h, "/a", "1"), enginetest.Set(h, "/b", "1")}
			}}
			hosts := f.plan(t.Context())
			before := host.Counts.Trips
			var refused error
			e := &apply.Executor{
				Types: f.types(), Log: f, Contents: &plan.Contents{}, Forks: 1,
				Events: event.Func(func(e event.Event) {
					if e.Kind == event.HostRefused {
						refused = e.Err
					}
				}),
				Locker: lockerFunc(locked),
			}
			e.Apply(t.Context(), []rollout.Play{{Hosts: []string{"h1"}}}, hosts)
			if host.Counts.Locks != test.locks || host.Counts.Trips-before != test.trips || host.Counts.Writes != test.writes {
				t.Errorf("%d locks in %d round trips, %d files written; want %d, %d, %d",
					host.Counts.Locks, host.Counts.Trips-before, host.Counts.Writes, test.locks, test.trips, test.writes)
			}
			if got := diag.CodeOf(refused); got != test.code {
				t.Errorf("refused with %v, want the exit code %d", refused, test.code)
			}
		})
	}
}

// TestLostLock takes a host from a run in the middle: the unit at work fails with
// who has it, whatever it says of failures, nothing after it is executed, and both
// are left to whoever resumes the run.
func TestLostLock(t *testing.T) {
	tests := []struct {
		name string
		by   *op.Holder
		code diag.Code
		says string
	}{
		{"its runner is gone", nil, diag.Failed, `no longer holds the host: \x1b[1mits runner is gone`},
		{"another run's", &op.Holder{Run: "r0", Owner: "bob@desk", Since: 1, Trusted: true}, diag.Locked, "which is now being changed by bob@desk, since 1970-01-01"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			host := enginetest.NewHost(nil)
			host.Faults.FencedBy = test.by
			f := &fleet{hosts: map[string]*enginetest.Host{"h1": host}, units: func(h string) []*unit.Unit {
				second := enginetest.Set(h, "/b", "1")
				second.Failure.Ignore = true
				return []*unit.Unit{enginetest.Set(h, "/a", "1"), second, enginetest.Set(h, "/c", "1")}
			}}
			hosts := f.plan(t.Context())
			var failed []event.Event
			left := 0
			e := &apply.Executor{
				Types: f.types(), Log: f, Contents: &plan.Contents{}, Forks: 1,
				Events: event.Func(func(e event.Event) {
					if e.Kind == event.UnitFinished && e.Status == unit.Failed {
						failed = append(failed, e)
					}
					if e.Kind == event.UnitFinished && e.Status == unit.Skipped && e.Open {
						left++
					}
				}),
			}
			host.Faults.FenceAfter = host.Ops() + 3 // the first unit's, and the reads of the second
			count := e.Apply(t.Context(), []rollout.Play{{Hosts: []string{"h1"}}}, hosts)[0]
			if len(failed) != 1 || failed[0].Ignored || !failed[0].Open || left != 1 || count.Failed != 1 || host.Counts.Writes != 1 {
				t.Fatalf("%+v failed and %d were left, %+v, %d writes; want one of each", failed, left, count, host.Counts.Writes)
			}
			d, ok := errors.AsType[*diag.Error](failed[0].Err)
			if !ok || d.Code != test.code || !strings.Contains(d.Summary, test.says) || !strings.Contains(d.Hint, "nothing more was done") {
				t.Errorf("got %+v", failed[0].Err)
			}
		})
	}
}

// TestHeld shows what holders say of themselves: a command stands in a hint only
// where no other user could have written it.
func TestHeld(t *testing.T) {
	evil := "r0; rm -rf /"
	run := "20261125-210315-ab12cd"
	tests := []struct {
		name       string
		holder     op.Holder
		says, hint string
	}{
		{"root's or mine", op.Holder{Run: run, Owner: "bob@desk", Trusted: true}, "changed by bob@desk, since ", "wait, or: froyo lock break " + run},
		{"another user's", op.Holder{Run: run, Owner: "bob@desk", UID: 1001}, "changed by a process of the user with id 1001, which says it is bob@desk, since ", "fuser /tmp/.froyo-1001*.lease"},
		{"another user's who says nothing", op.Holder{UID: 1001}, "changed by a process of the user with id 1001, which does not say whose it is", "fuser"},
		{"no name of a run", op.Holder{Run: evil, Owner: "bob@desk", Trusted: true}, "run " + evil, "wait until it has ended"},
		{"escape sequences", op.Holder{Run: "\x1b[2J", Owner: "a\x1b]0;b\u202e", UID: 7}, `which says it is a\x1b]0;b\u{202e}, since `, "wait"},
		{"much", op.Holder{Run: strings.Repeat("x", 1000), Owner: "b", Trusted: true}, "xxx…", "wait"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := hostlock.Held("h1", test.holder)
			if d.Code != diag.Locked || !strings.Contains(d.Summary, test.says) || !strings.Contains(d.Hint, test.hint) {
				t.Errorf("got %q, hint %q; want %q, hint %q", d.Summary, d.Hint, test.says, test.hint)
			}
			if strings.Contains(d.Hint, evil) || !test.holder.Trusted && strings.Contains(d.Hint, "break") || strings.ContainsAny(d.Summary+d.Hint, "\x1b\u202e") || len(d.Summary) > 500 {
				t.Errorf("it shows what it must not: %q, hint %q", d.Summary, d.Hint)
			}
		})
	}
}
