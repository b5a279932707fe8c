package collect_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// session is a host that tells who it is, and counts how often it was asked.
type session struct {
	*enginetest.Host
	asked *atomic.Int64
}

func (s session) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	s.asked.Add(1)
	return s.Host.Do(ctx, steps)
}
func (session) Warm(string)                         {}
func (session) Ready(context.Context, string) error { return nil }
func (session) Close(context.Context) error         { return nil }
func (session) DialContext(context.Context, string, string, int) (net.Conn, error) {
	return nil, errors.New("no connections")
}

// bench is a collector over hosts in memory, and a store that outlives it.
type bench struct {
	store    state.Store
	machine  string
	asked    atomic.Int64
	called   atomic.Int64
	warnings []string
	own      *facts.Namespace
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	r, err := facts.Read(fstest.MapFS{"facts/app.cue": {Data: []byte("@ttl(\"1h\")\nn: int\n")}, "facts/app.star": {Data: []byte("")}})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{store: store, machine: enginetest.MachineID, own: r.Lookup("app")}
}

// collector is that of another command.
func (b *bench) collector() *collect.Collector {
	return &collect.Collector{
		Store: b.store, Workspace: "w", Forks: 2, Warn: func(w *diag.Error) { b.warnings = append(b.warnings, w.Summary) },
		Function: func(context.Context, *inventory.Host, *facts.Namespace, runbook.Reader) (map[string]any, error) {
			return map[string]any{"n": b.called.Add(1)}, nil
		},
		Pool: fleet.NewPool(func(_ context.Context, h *inventory.Host) (fleet.Session, error) {
			if h.Name == "gone" {
				return nil, &target.Error{Host: h.Name, Stage: target.StageConnect, Message: "connection refused"}
			}
			host := enginetest.NewHost(nil)
			host.MachineID = b.machine
			return session{host, &b.asked}, nil
		}),
	}
}

func TestCollect(t *testing.T) {
	b := newBench(t)
	hosts := []*inventory.Host{{Name: "h1"}, {Name: "gone"}, {Name: "h2"}}
	namespaces := []*facts.Namespace{facts.Lookup(facts.Basic), b.own}
	answers, err := b.collector().Collect(t.Context(), hosts, namespaces, false)
	if err != nil || len(answers) != 3 {
		t.Fatalf("got %v, %v", answers, err)
	}
	if answers[1].Err == nil || !strings.Contains(answers[1].Err.Error(), "connection refused") {
		t.Errorf("a host that is gone: %v", answers[1].Err)
	}
	for _, i := range []int{0, 2} {
		a := answers[i]
		if a.Err != nil || a.MachineID != b.machine || a.Facts[facts.Basic].Values["id"] != "debian" || a.Facts["app"].Values["n"] == nil || a.Facts["app"].Source != "facts/app.star" {
			t.Errorf("got %+v", a)
		}
	}

	// What is kept is not asked for again, but anew.
	asked, called := b.asked.Load(), b.called.Load()
	answers, err = b.collector().Collect(t.Context(), hosts[:1], namespaces, false)
	if err != nil || b.asked.Load() != asked || b.called.Load() != called || !answers[0].Facts["app"].Kept {
		t.Errorf("asked again: %v, %+v", err, answers)
	}
	if answers[0].Facts["app"].Values["n"] != int64(1) && answers[0].Facts["app"].Values["n"] != int64(2) {
		t.Errorf("what was kept is %#v", answers[0].Facts["app"].Values)
	}
	answers, err = b.collector().Collect(t.Context(), hosts[:1], namespaces, true)
	if err != nil || b.asked.Load() == asked || b.called.Load() == called || answers[0].Facts["app"].Kept {
		t.Errorf("not asked anew: %v, %+v", err, answers)
	}
}

// TestOldFactsAreAskedForAgain: also those that the definition does not allow any more.
func TestOldFactsAreAskedForAgain(t *testing.T) {
	b := newBench(t)
	h := []*inventory.Host{{Name: "h1"}}
	if _, err := b.store.HostSeen(t.Context(), state.Sighting{Workspace: "w", Host: "h1", MachineID: b.machine, Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []state.Fact{
		{Data: []byte(`{"n":7}`), Time: time.Now().Add(-2 * time.Hour), TTL: time.Hour},
		{Data: []byte(`{"n":"seven"}`), Time: time.Now(), TTL: time.Hour},
		{Data: []byte(`{}`), Time: time.Now(), TTL: time.Hour},
	} {
		kept.Workspace, kept.Host, kept.MachineID, kept.Namespace = "w", "h1", b.machine, "app"
		if err := b.store.PutFacts(t.Context(), []state.Fact{kept}); err != nil {
			t.Fatal(err)
		}
		answers, err := b.collector().Collect(t.Context(), h, []*facts.Namespace{b.own}, false)
		if err != nil || answers[0].Facts["app"].Kept || answers[0].Facts["app"].Values["n"] != b.called.Load() {
			t.Errorf("%s: %v, %+v", kept.Data, err, answers)
		}
	}
}

// TestMachines: another machine under a name is told, and has facts of its own; nothing is kept of one that cannot be told from another.
func TestMachines(t *testing.T) {
	b := newBench(t)
	h, namespaces := []*inventory.Host{{Name: "h1"}}, []*facts.Namespace{b.own}
	collectOnce := func() collect.Answer {
		t.Helper()
		answers, err := b.collector().Collect(t.Context(), h, namespaces, true)
		if err != nil {
			t.Fatal(err)
		}
		return answers[0]
	}
	collectOnce()
	b.machine = strings.Repeat("2", 32)
	collectOnce()
	if len(b.warnings) != 1 || !strings.Contains(b.warnings[0], "a new machine answers under this name") {
		t.Errorf("warnings: %q", b.warnings)
	}
	namespaces = append(namespaces, facts.Lookup(facts.Basic))
	collectOnce()
	b.machine = strings.Repeat("3", 32) // what is kept of the other machine is not the new one's
	answers, err := b.collector().Collect(t.Context(), h, append(namespaces, facts.Lookup("hw.cpu")), false)
	if err != nil || answers[0].Facts["app"].Kept || answers[0].MachineID != b.machine {
		t.Errorf("got %+v, %v", answers, err)
	}
	b.machine = ""
	if a := collectOnce(); a.MachineID != "" || a.Facts["app"].Values == nil {
		t.Errorf("got %+v", a)
	}
	kept, err := b.collector().Kept(t.Context(), h[0])
	if err != nil || kept["app"].Values["n"] != int64(4) {
		t.Errorf("kept is %+v, %v", kept, err)
	}
}

// TestReader answers evaluations: of what functions tell only what is kept.
func TestReader(t *testing.T) {
	b := newBench(t)
	h := &inventory.Host{Name: "h1"}
	r := b.collector().Reader()
	if _, err := r.Facts(t.Context(), h, b.own); !errors.Is(err, runbook.ErrNotKnown) {
		t.Errorf("got %v", err)
	}
	if values, err := r.Facts(t.Context(), h, facts.Lookup(facts.Basic)); err != nil || values["id"] != "debian" {
		t.Errorf("got %v, %v", values, err)
	}
	if _, err := r.Facts(t.Context(), &inventory.Host{Name: "gone"}, facts.Lookup(facts.Basic)); err == nil {
		t.Error("a host that is gone told something")
	}
	if _, err := b.collector().Collect(t.Context(), []*inventory.Host{h}, []*facts.Namespace{b.own}, true); err != nil {
		t.Fatal(err)
	}
	if values, err := b.collector().Reader().Facts(t.Context(), h, b.own); err != nil || values["n"] != int64(1) {
		t.Errorf("got %v, %v", values, err)
	}
}
