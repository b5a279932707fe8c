package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// migration is n hosts of which one writes /once for all. Each then writes
// /after, and /then where /once changed.
func migration(n int) *fleet {
	f := rolling(n, nil)
	f.units = func(host string) []*unit.Unit {
		once, then := enginetest.Set(host, "/once", "1"), enginetest.Set(host, "/then", "3")
		once.Rollout.RunOnce, once.Notify = true, []string{"fix"}
		then.Conditions.OnChange, then.Require = []unit.ID{once.ID}, []unit.ID{once.ID}
		return []*unit.Unit{once, enginetest.Set(host, "/after", "2"), then}
	}
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "fix", "/fixed")} }
	return f
}

// heads are the lines of a log without what errors say.
func heads(log []string) []string {
	var all []string
	for _, line := range log {
		head, _, _ := strings.Cut(line, ": ")
		all = append(all, head)
	}
	slices.Sort(all)
	return all
}

func TestAUnitIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := migration(3)
		f.forks = 1
		c := watch(f, func(string, string) time.Duration { return time.Second })
		c.apply(t.Context())
		want := []string{
			"h00/handler[web/fix]/set[/fixed] changed",
			"h00/set[/after] changed", "h00/set[/once] changed", "h00/set[/then] changed",
			"h01/set[/after] changed", "h01/set[/once] skipped", "h01/set[/then] changed",
			"h02/set[/after] changed", "h02/set[/once] skipped", "h02/set[/then] changed",
		}
		if diff := cmp.Diff(want, heads(f.log)); diff != "" {
			t.Error(diff)
		}
		if f.hosts["h01"].Files["/once"] != "" || f.hosts["h00"].Files["/once"] != "1" {
			t.Error("it was not done on the first host only")
		}
	})
}

// TestOthersWaitForWhereItIsDone: also with more forks than hosts.
func TestOthersWaitForWhereItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := migration(2)
		c := watch(f, func(_, path string) time.Duration {
			if path == "/once" {
				return 9 * time.Second
			}
			return 0
		})
		c.apply(t.Context())
		if c.acts["h01/after"] != 9 {
			t.Errorf("h01 went on after %ds, want 9: %v", c.acts["h01/after"], c.acts)
		}
	})
}

func TestFollowersOfWhatFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		how  func(f *fleet, planned []*plan.Host)
		// with changes the unit that is done once.
		with func(u *unit.Unit)
		want []string // of h01
		says string
	}{
		{
			"it fails there", func(f *fleet, _ []*plan.Host) { f.hosts["h00"].Faults.Refuse = map[string]bool{"/once": true} }, nil,
			[]string{"h01/set[/after] skipped", "h01/set[/once] failed", "h01/set[/then] skipped"},
			"set[/once] is done once, on h00, and failed there",
		},
		{
			"it fails there and may", func(f *fleet, _ []*plan.Host) { f.hosts["h00"].Faults.Refuse = map[string]bool{"/once": true} },
			func(u *unit.Unit) { u.Failure.Ignore = true },
			[]string{"h01/set[/after] changed", "h01/set[/once] failed", "h01/set[/then] skipped"},
			"set[/once] is done once, on h00, and failed there",
		},
		{
			"the host is not applied", func(_ *fleet, planned []*plan.Host) { planned[0].Err = errors.New("it is no longer as planned") }, nil,
			[]string{"h01/set[/after] skipped", "h01/set[/once] failed", "h01/set[/then] skipped"},
			"set[/once] is done once, on h00, which did not come to it",
		},
		{
			"it is left out there", func(*fleet, []*plan.Host) {},
			func(u *unit.Unit) { u.Conditions.When = lambda(func() (any, error) { return false, nil }) },
			[]string{"h01/set[/after] changed", "h01/set[/once] skipped", "h01/set[/then] skipped"},
			"",
		},
	} {
		for _, batch := range []int{1, 2} {
			t.Run(tt.name, func(t *testing.T) {
				f := migration(2)
				f.batch = []unit.Size{{N: batch}}
				units := f.units
				f.units = func(host string) []*unit.Unit {
					all := units(host)
					if tt.with != nil {
						tt.with(all[0])
					}
					return all
				}
				planned := f.plan(t.Context())
				tt.how(f, planned)
				f.apply(t.Context(), planned)
				var got []string
				for _, line := range heads(f.log) {
					if strings.HasPrefix(line, "h01/") {
						got = append(got, line)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if !strings.Contains(strings.Join(f.log, "\n"), tt.says) {
					t.Errorf("%q does not say %q", f.log, tt.says)
				}
			})
		}
	}
}

// TestAHostThatCannotPlanItDoesNotDoIt: the next one does.
func TestAHostThatCannotPlanItDoesNotDoIt(t *testing.T) {
	f := migration(2)
	f.hosts["h00"].Faults.LoseAfter = 1
	f.apply(t.Context(), f.plan(t.Context()))
	if f.hosts["h01"].Files["/once"] != "1" {
		t.Errorf("h01 did not do it: %q", f.log)
	}
}

// TestOnceAndABarrierThatWaitForEachOther: they are told, not waited for.
func TestOnceAndABarrierThatWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := migration(2)
		f.around = func(host string, p *unit.Play) {
			p.Handlers = []*unit.Handler{handler(host, "fix", "/fixed")}
			p.Barriers = []unit.Barrier{{Name: "x", At: 0}}
			if host == "h01" {
				p.Barriers[0].At = 1
			}
		}
		f.apply(t.Context(), f.plan(t.Context()))
		if !strings.Contains(strings.Join(f.log, "\n"), "h01: set[/once]: it waits for hosts that wait for this one") {
			t.Errorf("%q", f.log)
		}
	})
}

// TestGoingOnWithWhatIsDoneOnce: where the run was broken off, who has done it
// for all is not asked again, and no other host does it.
func TestGoingOnWithWhatIsDoneOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status unit.Status
		batch  int
		want   []string
	}{
		{"done", unit.Changed, 2, []string{
			"h00/set[/after] changed", "h00/set[/once] skipped", "h00/set[/then] changed", "h01/set[/after] changed", "h01/set[/then] changed",
		}},
		{"done by a host of a later batch", unit.Changed, 1, []string{
			"h00/set[/after] changed", "h00/set[/once] skipped", "h00/set[/then] changed", "h01/set[/after] changed", "h01/set[/then] changed",
		}},
		{"interrupted", "", 2, []string{
			"h00/set[/after] changed", "h00/set[/once] skipped", "h00/set[/then] changed",
			"h01/handler[web/fix]/set[/fixed] changed", "h01/set[/after] changed", "h01/set[/once] changed", "h01/set[/then] changed",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := migration(2)
			f.batch = []unit.Size{{N: tt.batch}}
			f.progress = map[string]map[string]resume.Progress{"h01": {
				"set[/once]": {Action: abi.Create, Status: tt.status, Started: time.Unix(1, 0)},
			}}
			f.apply(t.Context(), f.plan(t.Context()))
			if diff := cmp.Diff(tt.want, heads(f.log)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatALostHostDidOnceIsDone: where the host that did it before the run was
// broken off does not answer, no other does it again.
func TestWhatALostHostDidOnceIsDone(t *testing.T) {
	for _, test := range []struct {
		name    string
		was     resume.Progress
		written bool
	}{
		{"done", resume.Progress{Action: abi.Create, Status: unit.Changed, Started: time.Unix(1, 0)}, false},
		{"failed", resume.Progress{Action: abi.Create, Status: unit.Failed, Started: time.Unix(1, 0)}, true},
		{"not begun", resume.Progress{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := migration(3)
			f.progress = map[string]map[string]resume.Progress{"h00": {"set[/once]": test.was}}
			p := f.planner()
			connect := p.Connect
			p.Connect = func(ctx context.Context, h *inventory.Host) (plan.Target, error) {
				if h.Name == "h00" {
					return nil, errors.New("no route")
				}
				return connect(ctx, h)
			}
			f.apply(t.Context(), p.Plan(t.Context(), []*inventory.Host{enginetest.Inventory("h00"), enginetest.Inventory("h01"), enginetest.Inventory("h02")}))
			for i, name := range []string{"h01", "h02"} {
				files := f.hosts[name].Files
				if written := files["/once"] == "1"; written != (test.written && i == 0) {
					t.Errorf("%s: /once is written: %v", name, written)
				}
				if files["/then"] != "3" || files["/after"] != "2" {
					t.Errorf("%s: what depends on it was not done: %v", name, files)
				}
			}
		})
	}
}
