package apply_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
)

// since is when the changes of these tests called for handlers.
var since = time.Date(2026, 11, 23, 21, 45, 1, 0, time.UTC)

// notified keeps which handlers a change notifies, as a store does.
func (f *fleet) notified(c runlog.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending == nil {
		f.pending = map[plan.PendingHandler]string{}
	}
	for _, name := range c.Notify {
		delete(f.potential, name)
		f.pending[plan.PendingHandler{Play: c.Play, Handler: name, Since: since, Run: "r1"}] = c.MachineID
	}
}

// PendingHandlers implements planning.History, for tests of one host.
func (f history) PendingHandlers(_ context.Context, h *plan.Host) ([]plan.PendingHandler, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var pending []plan.PendingHandler
	for o, machine := range f.pending {
		if machine == h.MachineID() {
			pending = append(pending, o)
		}
	}
	slices.SortFunc(pending, func(a, b plan.PendingHandler) int { return strings.Compare(a.Handler, b.Handler) })
	return pending, nil
}

var _ runlog.RunLog = (*fleet)(nil)

// RecordChanges implements runlog.RunLog.
func (f *fleet) RecordChanges(_ context.Context, changes ...runlog.Change) error {
	for _, c := range changes {
		if f.record != nil {
			if err := f.record(c); err != nil {
				return err
			}
		}
		f.notified(c)
	}
	return nil
}

// RecordIntent implements runlog.RunLog.
func (f *fleet) RecordIntent(_ context.Context, b runlog.Intent) error {
	if f.begin != nil {
		if err := f.begin(b); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.potential == nil {
		f.potential = map[string]bool{}
	}
	for _, name := range b.Pending.Handlers {
		f.potential[name] = true
	}
	return nil
}

// RecordEnds implements runlog.RunLog.
func (f *fleet) RecordEnds(_ context.Context, ends ...runlog.End) error {
	if f.end == nil {
		return nil
	}
	for _, e := range ends {
		if err := f.end(e); err != nil {
			return err
		}
	}
	return nil
}

// CancelIntent implements runlog.RunLog.
func (f *fleet) CancelIntent(_ context.Context, d runlog.PendingHandlers) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range d.Handlers {
		delete(f.potential, name)
	}
	return nil
}

// ClearPending implements runlog.RunLog.
func (f *fleet) ClearPending(_ context.Context, d runlog.PendingHandlers) error {
	if f.clearing != nil {
		if err := f.clearing(d); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range d.Handlers {
		delete(f.potential, name)
		delete(f.pending, plan.PendingHandler{Play: d.Play, Handler: name, Since: since, Run: "r1"})
	}
	return nil
}

// names lists the handlers that are pending.
func (f *fleet) names() []string {
	names := []string{}
	for o := range f.pending {
		names = append(names, o.Handler)
	}
	slices.Sort(names)
	return names
}

// run plans and applies, and tells what the units did and how many changes were planned.
func (f *fleet) run(t *testing.T) (log []string, pending int) {
	t.Helper()
	f.log = nil
	planned := f.plan(t.Context())
	pending = plan.Summarize(planned).Pending()
	f.apply(t.Context(), planned)
	for i := range f.log {
		f.log[i] = strings.TrimPrefix(f.log[i], "h1/")
	}
	return f.log, pending
}

// repaired is a host where /a notifies a handler and /b then fails, after one run.
func repaired(t *testing.T) (*fleet, *enginetest.Host) {
	t.Helper()
	h := enginetest.NewHost(nil)
	h.Faults.Refuse = map[string]bool{"/b": true}
	f := oneHost(h, notifies("/a", "1", "one"), set("/b", "1"))
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	f.run(t)
	if diff := cmp.Diff([]string{"one"}, f.names()); diff != "" {
		t.Fatalf("pending after the failure (-want +got):\n%s", diff)
	}
	h.Faults.Refuse = nil
	return f, h
}

func TestAnOwedHandlerIsDeliveredByTheNextRun(t *testing.T) {
	f, _ := repaired(t)
	planned := f.plan(t.Context())
	step := planned[0].Plays[0].Handlers[0].Steps[0]
	want := &plan.PendingHandler{Play: "web", Handler: "one", Since: since, Run: "r1"}
	if diff := cmp.Diff(want, step.PendingHandler); diff != "" || step.Dormant {
		t.Errorf("dormant is %v, pending (-want +got):\n%s", step.Dormant, diff)
	}
	if diff := cmp.Diff(map[string][]plan.PendingHandler{"web": {*want}}, planned[0].PendingHandlers); diff != "" {
		t.Errorf("pending on the host (-want +got):\n%s", diff)
	}
	log, pending := f.run(t)
	if diff := cmp.Diff([]string{"set[/a] ok", "set[/b] changed", "handler[web/one]/set[/one] changed"}, log); diff != "" || pending != 2 {
		t.Errorf("%d changes planned, want 2 (-want +got):\n%s", pending, diff)
	}
	log, pending = f.run(t)
	if diff := cmp.Diff([]string{"set[/a] ok", "set[/b] ok"}, log); diff != "" || pending != 0 {
		t.Errorf("%d changes planned, want 0 (-want +got):\n%s", pending, diff)
	}
}

func TestWhatStaysOwed(t *testing.T) {
	for _, tt := range []struct {
		name string
		next func(f *fleet, h *enginetest.Host)
		want []string
		log  string // the handler's line, or "" where it does not run
	}{
		{"it fails", func(_ *fleet, h *enginetest.Host) { h.Faults.Refuse = map[string]bool{"/one": true} }, []string{"one"}, "failed"},
		{"the connection is lost", func(_ *fleet, h *enginetest.Host) {
			h.OnWrite = func(h *enginetest.Host, _ string) { h.Faults.LoseAfter = 1 }
		}, []string{"one"}, "failed"},
		{"that it ran cannot be recorded", func(f *fleet, _ *enginetest.Host) {
			f.clearing = func(runlog.PendingHandlers) error { return errors.New("disk full") }
		}, []string{"one"}, "changed"},
		{"the operator leaves it out", func(f *fleet, _ *enginetest.Host) {
			f.confirm = func(_, unit string) (bool, error) { return !strings.HasPrefix(unit, "handler"), nil }
		}, []string{"one"}, "skipped"},
		{"its units have nothing to do", func(_ *fleet, h *enginetest.Host) { h.Files["/one"] = "run" }, []string{}, "ok"},
		{"the play no longer declares it", func(f *fleet, _ *enginetest.Host) { f.around = nil }, []string{"one"}, ""},
		{"the machine is another", func(_ *fleet, h *enginetest.Host) { h.MachineID = strings.Repeat("2", 32) }, []string{"one"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, h := repaired(t)
			tt.next(f, h)
			log, _ := f.run(t)
			if diff := cmp.Diff(tt.want, f.names()); diff != "" {
				t.Errorf("pending (-want +got):\n%s", diff)
			}
			got := ""
			for _, line := range log {
				if after, ok := strings.CutPrefix(line, "handler[web/one]/set[/one] "); ok {
					got, _, _ = strings.Cut(after, ":")
				}
			}
			if got != tt.log {
				t.Errorf("the handler's unit: %q, want %q", got, tt.log)
			}
		})
	}
}

func TestADeliveryThatCannotBeRecordedFailsTheHost(t *testing.T) {
	f, _ := repaired(t)
	f.clearing = func(runlog.PendingHandlers) error { return errors.New("disk full") }
	counts := f.apply(t.Context(), f.plan(t.Context()))
	want := []apply.Count{{Host: "h1", OK: 3, Changed: 2, Failed: 1}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnclaimed(t *testing.T) {
	f, _ := repaired(t)
	f.around = nil
	planned := f.plan(t.Context())
	want := []plan.PendingHandler{{Play: "web", Handler: "one", Since: since, Run: "r1"}}
	if diff := cmp.Diff(want, planned[0].Orphaned); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTheOwingIsRecordedBeforeTheHandlerRuns stops the world between the two.
func TestTheOwingIsRecordedBeforeTheHandlerRuns(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, notifies("/a", "1", "one"))
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	var pending []string
	h.OnWrite = func(_ *enginetest.Host, path string) {
		if path == "/one" { // it runs now: were the process to die, the next run would have it do so again
			pending = f.names()
		}
	}
	if log, _ := f.run(t); len(log) != 2 {
		t.Fatalf("%q", log)
	}
	if diff := cmp.Diff([]string{"one"}, pending); diff != "" {
		t.Errorf("pending while it runs (-want +got):\n%s", diff)
	}
	if len(f.pending) != 0 {
		t.Errorf("still pending: %v", f.pending)
	}
}

func TestHandlersThatCallForEachOtherComeToAnEnd(t *testing.T) {
	f := oneHost(enginetest.NewHost(nil), notifies("/a", "1", "one"))
	f.around = func(host string, p *unit.Play) {
		p.Handlers = []*unit.Handler{handler(host, "one", "/one", "two", "one"), handler(host, "two", "/two", "one")}
	}
	log, _ := f.run(t)
	want := []string{"set[/a] changed", "handler[web/one]/set[/one] changed", "handler[web/two]/set[/two] changed"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(f.pending) != 0 {
		t.Errorf("still pending: %v", f.pending)
	}
}

func TestWhatIsPresumed(t *testing.T) {
	for _, tt := range []struct {
		name string
		host func(h *enginetest.Host)
		unit func() *unit.Unit
		// potential is what may still be notified at the end, pending what is known to be.
		potential, pending []string
	}{
		{"it changed", func(*enginetest.Host) {}, notifies("/a", "1", "one"), nil, nil}, // and the handler ran
		{"it had nothing to do", func(h *enginetest.Host) { h.Files["/a"] = "1" }, notifies("/a", "1", "one"), nil, nil},
		{"it failed", func(h *enginetest.Host) { h.Faults.Refuse = map[string]bool{"/a": true} }, notifies("/a", "1", "one"), nil, nil},
		{
			"its change is called none", func(*enginetest.Host) {},
			func() *unit.Unit {
				u := notifies("/a", "1", "one")()
				u.Conditions.ChangedWhen = lambda(func() (any, error) { return false, nil })
				return u
			}, nil, nil,
		},
		{
			"the host was lost behind it", func(h *enginetest.Host) {
				h.OnWrite = func(h *enginetest.Host, _ string) { h.Faults.LoseAfter = 1 }
			}, func() *unit.Unit {
				u := notifies("/a", "1", "one")()
				u.Conditions.When = lambda(func() (any, error) { return true, nil })
				return u
			}, nil, []string{"one"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			tt.host(h)
			f := oneHost(h, tt.unit)
			f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
			var during bool
			lose := h.OnWrite
			h.OnWrite = func(h *enginetest.Host, path string) {
				during = during || f.potential["one"]
				if lose != nil {
					lose(h, path)
				}
			}
			f.run(t)
			if h.Counts.Writes > 0 && !during {
				t.Error("no intent was recorded while the host was changed")
			}
			if diff := cmp.Diff(tt.potential, slices.Sorted(maps.Keys(f.potential)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("potential (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.pending, f.names(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("pending (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatALostHostMayOwe loses the host between an effect and its result.
func TestWhatALostHostMayOwe(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, notifies("/a", "1", "one"), set("/b", "1"))
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	planned := f.plan(t.Context())
	h.Faults.LoseNow = true
	f.apply(t.Context(), planned)
	if h.Files["/a"] != "1" || len(f.pending) != 0 || !f.potential["one"] {
		t.Errorf("files %v, pending %v, potential %v: want the handler potential", h.Files, f.pending, f.potential)
	}
}
