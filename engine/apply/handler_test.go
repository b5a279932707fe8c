package apply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// notifies makes a unit that calls for handlers.
func notifies(path, value string, handlers ...string) func() *unit.Unit {
	return func() *unit.Unit {
		u := enginetest.Set("h1", path, value)
		u.Notify = handlers
		return u
	}
}

// handler makes a handler that writes a file.
func handler(host, name, path string, calls ...string) *unit.Handler {
	u := enginetest.Set(host, path, "run")
	u.ID.Scope = unit.Scope{Play: "web", Handler: name}
	u.Notify = calls
	return &unit.Handler{Name: name, Units: []*unit.Unit{u}}
}

// volatile makes a handler whose unit has the same key as another's, and does value.
func volatile(host, name, value, includes string, calls ...string) *unit.Handler {
	h := handler(host, name, "/service", calls...)
	h.Units[0].Args = enginetest.Set(host, "/service", value).Args
	h.Units[0].Volatile = &unit.Volatile{Value: value, Includes: includes}
	return h
}

// TestAHandlerThatIncludesAnother: a restart that is asked for as well takes the place of a reload, before it or after it, but
// not of one that was asked for once it had run, nor where the restart may not be done.
func TestAHandlerThatIncludesAnother(t *testing.T) {
	const reload, restart = "handler[web/reload]/set[/service] ", "handler[web/restart]/set[/service] "
	reloads := func(host string) *unit.Handler { return volatile(host, "reload", "reloaded", "") }
	restarts := func(host string) *unit.Handler { return volatile(host, "restart", "restarted", "reloaded") }
	for _, tt := range []struct {
		name     string
		notify   []string
		handlers func(host string) []*unit.Handler
		planned  bool // the plan says that the reload may be left out
		want     []string
	}{
		{"the restart comes later", []string{"reload", "restart"}, func(h string) []*unit.Handler { return []*unit.Handler{reloads(h), restarts(h)} }, true, []string{reload + "skipped", restart + "changed"}},
		{"the restart came before", []string{"reload", "restart"}, func(h string) []*unit.Handler { return []*unit.Handler{restarts(h), reloads(h)} }, true, []string{restart + "changed", reload + "skipped"}},
		{"no restart", []string{"reload"}, func(h string) []*unit.Handler { return []*unit.Handler{restarts(h), reloads(h)} }, false, []string{reload + "changed"}},
		{
			"asked for again after the restart",
			[]string{"reload", "restart"},
			func(h string) []*unit.Handler {
				return []*unit.Handler{restarts(h), handler(h, "between", "/between", "reload"), reloads(h)}
			},
			true,
			[]string{restart + "changed", reload + "skipped"}, // nothing calls for between
		},
		{
			"asked for again after the restart, by a handler",
			[]string{"reload", "restart", "between"},
			func(h string) []*unit.Handler {
				return []*unit.Handler{restarts(h), handler(h, "between", "/between", "reload"), reloads(h)}
			},
			true,
			[]string{restart + "changed", "handler[web/between]/set[/between] changed", reload + "changed"},
		},
		{
			"a restart on a condition",
			[]string{"reload", "restart"},
			func(h string) []*unit.Handler {
				on := restarts(h)
				on.Units[0].Conditions.When = lambda(func() (any, error) { return true, nil })
				return []*unit.Handler{reloads(h), on}
			},
			false,
			[]string{reload + "changed", restart + "changed"},
		},
		{
			"a restart whose failure is ignored",
			[]string{"reload", "restart"},
			func(h string) []*unit.Handler {
				on := restarts(h)
				on.Units[0].Failure.Ignore = true
				return []*unit.Handler{reloads(h), on}
			},
			false,
			[]string{reload + "changed", restart + "changed"},
		},
		{
			"another argument",
			[]string{"reload", "restart"},
			func(h string) []*unit.Handler {
				on := restarts(h)
				on.Units[0].Volatile.Rest = "enabled"
				return []*unit.Handler{reloads(h), on}
			},
			false,
			[]string{reload + "changed", restart + "changed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := oneHost(enginetest.NewHost(nil), notifies("/a", "1", tt.notify...))
			f.around = func(host string, p *unit.Play) { p.Handlers = tt.handlers(host) }
			planned := f.plan(t.Context())
			for _, h := range planned[0].Plays[0].Handlers {
				left := tt.planned && h.Name == "reload"
				if said := h.Steps[0].Undecided == `left out where handler "restart" runs, which includes it`; said != left {
					t.Errorf("the plan says of %s: %q", h.Name, h.Steps[0].Undecided)
				}
			}
			f.apply(t.Context(), planned)
			for i := range f.log {
				f.log[i] = strings.TrimPrefix(f.log[i], "h1/")
			}
			if diff := cmp.Diff(append([]string{"set[/a] changed"}, tt.want...), f.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, pending := range f.pending {
				t.Errorf("%v of machine %q is still pending", name, pending)
			}
		})
	}
}

func TestHandlersRunOnceAfterTheUnits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		units []func() *unit.Unit
		flush []int
		want  []string
	}{
		{"nothing changed", map[string]string{"/a": "1"}, []func() *unit.Unit{notifies("/a", "1", "two")}, nil, []string{"set[/a] ok"}},
		{
			"two units call for one, in the order of the handlers",
			nil,
			[]func() *unit.Unit{notifies("/a", "1", "two"), notifies("/b", "1", "two", "one"), set("/c", "1")},
			nil,
			[]string{"set[/a] changed", "set[/b] changed", "set[/c] changed", "handler[web/one]/set[/one] changed", "handler[web/two]/set[/two] changed"},
		},
		{
			"one handler calls for an earlier one",
			nil,
			[]func() *unit.Unit{notifies("/a", "1", "three")},
			nil,
			[]string{"set[/a] changed", "handler[web/three]/set[/three] changed", "handler[web/one]/set[/one] changed"},
		},
		{
			"run early",
			nil,
			[]func() *unit.Unit{notifies("/a", "1", "one"), notifies("/b", "1", "two")},
			[]int{1},
			[]string{"set[/a] changed", "handler[web/one]/set[/one] changed", "set[/b] changed", "handler[web/two]/set[/two] changed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := oneHost(enginetest.NewHost(tt.files), tt.units...)
			f.around = func(host string, p *unit.Play) {
				p.Flush = tt.flush
				p.Handlers = []*unit.Handler{handler(host, "one", "/one"), handler(host, "two", "/two"), handler(host, "three", "/three", "one")}
			}
			planned := f.plan(t.Context())
			pending := plan.Summarize(planned).Pending()
			f.apply(t.Context(), planned)
			for i := range f.log {
				f.log[i] = strings.TrimPrefix(f.log[i], "h1/")
			}
			if diff := cmp.Diff(tt.want, f.log); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if changed := len(f.log) - strings.Count(strings.Join(f.log, "\n"), " ok"); pending != changed {
				t.Errorf("the plan counted %d changes, %d were made", pending, changed)
			}
		})
	}
}

func TestAHandlerIsNotRunWhereItsHostFailed(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Faults.Refuse = map[string]bool{"/b": true}
	f := oneHost(h, notifies("/a", "1", "one"), set("/b", "1"))
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	f.apply(t.Context(), f.plan(t.Context()))
	if h.Files["/one"] != "" {
		t.Error("the handler ran after a failure")
	}
}

func TestVerifyThatFailsStopsThePlayEverywhere(t *testing.T) {
	good, bad := enginetest.NewHost(nil), enginetest.NewHost(nil)
	bad.Faults.Refuse = map[string]bool{"/ok": true}
	f := &fleet{hosts: map[string]*enginetest.Host{"h1": good, "h2": bad}, units: func(host string) []*unit.Unit {
		return []*unit.Unit{enginetest.Set(host, "/a", "1")}
	}}
	f.around = func(host string, p *unit.Play) {
		u := enginetest.Set(host, "/ok", "yes")
		u.ID.Scope = unit.Scope{Play: "web"}
		p.Verify = []*unit.Unit{u}
	}
	planned := f.plan(t.Context())
	counts := f.apply(t.Context(), planned)
	want := []apply.Count{{Host: "h1", OK: 2, Changed: 2, Failed: 1}, {Host: "h2", OK: 1, Changed: 1, Failed: 1}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyComesWhenAllHostsAreThrough(t *testing.T) {
	slow, quick := enginetest.NewHost(nil), enginetest.NewHost(nil)
	release := make(chan struct{})
	slow.OnWrite = func(*enginetest.Host, string) { <-release }
	f := &fleet{hosts: map[string]*enginetest.Host{"h1": slow, "h2": quick}, units: func(host string) []*unit.Unit {
		return []*unit.Unit{enginetest.Set(host, "/a", "1")}
	}}
	f.around = func(host string, p *unit.Play) {
		u := enginetest.Set(host, "/ok", "yes")
		u.ID.Scope = unit.Scope{Play: "web"}
		p.Verify = []*unit.Unit{u}
	}
	quick.OnWrite = func(_ *enginetest.Host, path string) {
		if path == "/a" {
			time.AfterFunc(20*time.Millisecond, func() { close(release) })
		}
	}
	f.apply(t.Context(), f.plan(t.Context()))
	first := slices.IndexFunc(f.log, func(line string) bool { return strings.Contains(line, "verify") })
	last := slices.IndexFunc(f.log, func(line string) bool { return line == "h1/set[/a] changed" })
	if first < last {
		t.Errorf("verify began before the slow host was through: %q", f.log)
	}
}

func TestRetry(t *testing.T) {
	never := errors.New("not asked")
	for _, tt := range []struct {
		name    string
		stumble int
		refuse  bool
		until   []any // answers
		retry   unit.Retry
		status  string
		waited  time.Duration
	}{
		{name: "comes right", stumble: 2, retry: unit.Retry{Attempts: 3, Delay: time.Second, Backoff: 2}, status: "changed", waited: 3 * time.Second},
		{name: "gives up", stumble: 9, retry: unit.Retry{Attempts: 3, Delay: time.Second, Backoff: 1}, status: "failed", waited: 2 * time.Second},
		{name: "what cannot pass is not tried again", refuse: true, retry: unit.Retry{Attempts: 3, Delay: time.Second, Backoff: 1}, status: "failed"},
		{name: "until it is true", until: []any{false, false, true}, retry: unit.Retry{Attempts: 5, Delay: time.Second, Backoff: 1}, status: "changed", waited: 2 * time.Second},
		{name: "until is never true", until: []any{false, false}, retry: unit.Retry{Attempts: 2, Delay: time.Second, Backoff: 1}, status: "failed", waited: time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := enginetest.NewHost(nil)
				h.Faults.Stumble = map[string]int{"/a": tt.stumble}
				h.Faults.Refuse = map[string]bool{"/a": tt.refuse}
				f := oneHost(h, func() *unit.Unit {
					u := enginetest.Set("h1", "/a", "1")
					u.Failure.Retry = &tt.retry
					if tt.until != nil {
						u.Failure.Retry.Until = lambda(func() (any, error) {
							if len(tt.until) == 0 {
								return nil, never
							}
							answer := tt.until[0]
							tt.until = tt.until[1:]
							delete(h.Files, "/a") // so that the next attempt has something to do
							return answer, nil
						})
					}
					return u
				})
				planned := f.plan(t.Context())
				began := time.Now()
				f.apply(t.Context(), planned)
				if waited := time.Since(began); waited != tt.waited {
					t.Errorf("waited %s, want %s", waited, tt.waited)
				}
				if len(f.log) != 1 || !strings.HasPrefix(f.log[0], "h1/set[/a] "+tt.status) {
					t.Errorf("%q, want one unit that is %s", f.log, tt.status)
				}
			})
		})
	}
}

func TestOnChange(t *testing.T) {
	watching := func() *unit.Unit {
		u := enginetest.Set("h1", "/b", "2")
		u.Conditions.OnChange = []unit.ID{{Host: "h1", Type: "set", Key: "/a"}}
		return u
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"changed", nil, "h1/set[/b] changed"},
		{"unchanged", map[string]string{"/a": "1"}, "h1/set[/b] skipped"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := oneHost(enginetest.NewHost(tt.files), set("/a", "1"), watching)
			planned := f.plan(t.Context())
			if pending := planned[0].Plays[0].Steps[1].Pending(); pending != (tt.files == nil) {
				t.Errorf("planned as pending: %v", pending)
			}
			f.apply(t.Context(), planned)
			if f.log[1] != tt.want {
				t.Errorf("%q, want %q", f.log[1], tt.want)
			}
		})
	}
}

func TestAStepWithoutGround(t *testing.T) {
	f := oneHost(enginetest.NewHost(map[string]string{"/a": "1"}), set("/a", "1"), set("/b", "2"))
	f.provider = &enginetest.Provider{Groundless: map[string]string{"/b": "unit b.service"}}
	planned := f.plan(t.Context())
	if s := planned[0].Plays[0].Steps[1]; s.Err == nil || !strings.Contains(s.Err.Message, "no unit before this one brings it") {
		t.Errorf("nothing changes the host, yet the plan says %v", s.Err)
	}
	f = oneHost(enginetest.NewHost(nil), set("/a", "1"), set("/b", "2"))
	f.provider = &enginetest.Provider{Groundless: map[string]string{"/b": "unit b.service"}}
	planned = f.plan(t.Context())
	if s := planned[0].Plays[0].Steps[1]; s.Err != nil {
		t.Errorf("the unit before may bring it, yet the plan says %v", s.Err)
	}
	f.apply(t.Context(), planned)
	if !strings.Contains(f.log[1], "the units before this one did not bring it") {
		t.Errorf("%q", f.log)
	}
}
