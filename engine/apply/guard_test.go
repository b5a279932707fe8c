package apply_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	contract "github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/target"
)

// watched is a guard of hosts in memory.
type watched struct {
	fleet  *fleet
	length time.Duration
	// refuses is why it cannot be armed, ends how proving ends, nil for well.
	refuses, ends error
	calls         []string
}

func (w *watched) note(what string, steps []*plan.Step) {
	for _, s := range steps {
		what += " " + s.Unit.ID.Key
	}
	w.fleet.mu.Lock()
	defer w.fleet.mu.Unlock()
	w.calls = append(w.calls, what)
	w.fleet.log = append(w.fleet.log, what)
}

// Arm implements apply.Guard.
func (w *watched) Arm(_ context.Context, h *plan.Host, steps []*plan.Step) (*guard.Window, error) {
	w.note("arm", steps)
	return guard.NewWindow(h, w.length), w.refuses
}

// Prove implements apply.Guard.
func (w *watched) Prove(context.Context, *guard.Window) error { w.note("prove", nil); return w.ends }

// Recover implements apply.Guard.
func (w *watched) Recover(context.Context, *guard.Window, error) error {
	w.note("recover", nil)
	return w.ends
}

// undone is a host that has put back what was there.
func undone() error {
	return guard.Undone(contract.State{Why: contract.NotConfirmed, Restored: []string{"/a"}}, nil)
}

// guarded is a unit that the runbook wants guarded.
func guarded(path, value string, with ...func(*unit.Unit)) func() *unit.Unit {
	return func() *unit.Unit {
		u := enginetest.Set("h1", path, value)
		u.Order.Alone, u.Order.Lockout.Wanted = true, true
		for _, f := range with {
			f(u)
		}
		return u
	}
}

// logged is a line of the log: a unit, its status, and what its error says behind its place.
var logged = regexp.MustCompile(`^h1/set\[(.*?)\] (\w+)(: )?(?:h1: set\[.*?\]: )?`)

// TestGuard: what is done under guard, in which order, and what counts.
func TestGuard(t *testing.T) {
	lost := &target.Error{Host: "h1", Stage: target.StageConnect, Message: "no route"}
	ignored := func(u *unit.Unit) { u.Failure.Ignore = true }
	twice := func(u *unit.Unit) {
		u.Failure.Retry = &unit.Retry{Attempts: 2, Until: lambda(func() (any, error) { return false, nil })}
	}
	needs := func(u *unit.Unit) { u.Require = []unit.ID{enginetest.Set("h1", "/a", "").ID} }
	for _, tt := range []struct {
		name  string
		units []func() *unit.Unit
		files map[string]string
		guard watched
		spoil func(*enginetest.Host)
		want  []string
		count apply.Count
	}{
		{
			name: "nothing to do", units: []func() *unit.Unit{guarded("/a", "1")}, files: map[string]string{"/a": "1"},
			want: []string{"/a ok"}, count: apply.Count{OK: 1},
		},
		{
			name: "those that stand together", units: []func() *unit.Unit{set("/x", "1"), guarded("/a", "1"), guarded("/b", "1"), set("/y", "1"), guarded("/c", "1")},
			want: []string{"/x changed", "arm /a /b", "prove", "/a changed", "/b changed", "/y changed", "arm /c", "prove", "/c changed"}, count: apply.Count{OK: 5, Changed: 5},
		},
		{
			name: "one that comes after another", units: []func() *unit.Unit{guarded("/a", "1"), guarded("/b", "1", needs)},
			want: []string{"arm /a /b", "prove", "/a changed", "arm /b", "prove", "/b changed"}, count: apply.Count{OK: 2, Changed: 2},
		},
		{
			name: "taken back", units: []func() *unit.Unit{guarded("/a", "1"), guarded("/b", "1", ignored), set("/y", "1")}, guard: watched{ends: undone()},
			want: []string{"arm /a /b", "prove", "/a failed: " + undone().Error(), "/b failed: " + undone().Error(), "/y skipped"}, count: apply.Count{Failed: 2, Skipped: 1},
		},
		{
			name: "one that may fail is taken back", units: []func() *unit.Unit{guarded("/a", "1", ignored), set("/y", "1")}, guard: watched{ends: undone()},
			want: []string{"arm /a", "prove", "/a failed: " + undone().Error(), "/y skipped"}, count: apply.Count{Failed: 1, Skipped: 1},
		},
		{
			name: "tried again, where nothing is left to do, and taken back", units: []func() *unit.Unit{guarded("/a", "1", twice), set("/y", "1")}, guard: watched{ends: undone()},
			want: []string{"arm /a", "prove", "/a failed: " + undone().Error(), "/y skipped"}, count: apply.Count{Failed: 1, Skipped: 1},
		},
		{
			name: "tried again, where nothing is left to do", units: []func() *unit.Unit{guarded("/a", "1", twice), set("/y", "1")},
			want: []string{"arm /a", "prove", "/a ok", "/y changed"}, count: apply.Count{OK: 2, Changed: 1},
		},
		{
			name: "lost for good", units: []func() *unit.Unit{guarded("/a", "1"), guarded("/b", "1")}, guard: watched{ends: lost},
			want: []string{"arm /a /b", "prove", "/a failed: " + lost.Error(), "/b failed: " + lost.Error()}, count: apply.Count{Unreachable: 1},
		},
		{
			name: "cannot be guarded", units: []func() *unit.Unit{guarded("/a", "1"), set("/y", "1")}, guard: watched{refuses: errors.New("not root")},
			want: []string{"arm /a", "/a failed: not root", "/y skipped"}, count: apply.Count{Failed: 1, Skipped: 1},
		},
		{
			name: "one that fails", units: []func() *unit.Unit{guarded("/a", "1"), guarded("/b", "1")}, spoil: func(h *enginetest.Host) { h.Faults.Refuse = map[string]bool{"/b": true} },
			want: []string{"arm /a /b", "prove", "/a changed", "/b failed: /b: permission denied"}, count: apply.Count{OK: 1, Changed: 1, Failed: 1},
		},
		{
			name: "the connection is lost and the change taken back", units: []func() *unit.Unit{guarded("/a", "1")}, guard: watched{ends: undone()},
			spoil: func(h *enginetest.Host) { h.Faults.LoseNow = true },
			want:  []string{"arm /a", "recover", "/a failed: " + undone().Error()}, count: apply.Count{Failed: 1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(tt.files)
			f := oneHost(h, tt.units...)
			tt.guard.fleet, tt.guard.length = f, time.Minute
			f.guard = &tt.guard
			planned := f.plan(t.Context())
			if tt.spoil != nil {
				tt.spoil(h)
			}
			counts := f.apply(t.Context(), planned)
			tt.count.Host = "h1"
			if want := []apply.Count{tt.count}; !cmp.Equal(counts, want) {
				t.Errorf("counts: %s", cmp.Diff(want, counts))
			}
			var log []string
			for _, line := range f.log {
				log = append(log, logged.ReplaceAllString(line, "$1 $2$3"))
			}
			if diff := cmp.Diff(tt.want, log); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestGuardWindow: a change for which there is no time in the window is not begun, and with more time it is.
func TestGuardWindow(t *testing.T) {
	for length, want := range map[time.Duration]int{time.Nanosecond: 0, 5 * time.Minute: 1} {
		h := enginetest.NewHost(nil)
		f := oneHost(h, guarded("/a", "1"))
		f.guard = &watched{fleet: f, length: length}
		hint := ""
		f.listen = func(e event.Event) {
			if e.Err != nil {
				hint = diag.Of(e.Err).Hint
			}
		}
		counts := f.apply(t.Context(), f.plan(t.Context()))
		if counts[0].Changed != want || h.Counts.Writes != want {
			t.Errorf("%s: %+v, %d writes", length, counts, h.Counts.Writes)
		}
		if (hint == "give it more: --guard-window 5m") != (want == 0) {
			t.Errorf("%s: the hint is %q", length, hint)
		}
	}
}

// TestGuardApart: a unit whose path leads to what lets one in only since it was planned is refused before anything is written there,
// and the ones beside it are done.
func TestGuardApart(t *testing.T) {
	for name, late := range map[string]bool{"sent ahead": false, "on its own": true} {
		t.Run(name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			alone := func(u *unit.Unit) { u.Order.Alone = late; u.Failure.Ignore = true }
			f := oneHost(h, set("/a", "1"), func() *unit.Unit { u := enginetest.Set("h1", "/srv/x/sudoers", "1"); alone(u); return u }, set("/b", "1"))
			f.guard = &watched{fleet: f, length: time.Minute}
			var told *diag.Error
			f.listen = func(e event.Event) {
				if e.Err != nil {
					told = diag.Of(e.Err)
				}
			}
			planned := f.plan(t.Context())
			for _, s := range planned[0].Steps() {
				s.Apart = &plan.Apart{Ways: []string{"/etc/ssh", "/etc/sudoers"}, Own: []string{s.Unit.ID.Key}}
			}
			h.Links = map[string]string{"/srv/x": "/etc"}
			counts := f.apply(t.Context(), planned)
			if counts[0].Changed != 2 || h.Counts.Writes != 2 || h.Files["/etc/sudoers"] != "" || h.Files["/srv/x/sudoers"] != "" {
				t.Errorf("%+v, files %v", counts, h.Files)
			}
			if told == nil || !strings.Contains(told.Summary, "leads to /etc/sudoers by now") || told.Hint != "apply again: what leads there is done under guard then" {
				t.Errorf("told %+v", told)
			}
		})
	}
}
