package apply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

func probe(port int) func() *unit.Unit {
	return func() *unit.Unit { return enginetest.Probe("h1", port) }
}

// TestProbesAreMadeAtApply: each time with another result, which is no
// surprise, no change, and nothing that makes a saved plan stale.
func TestProbesAreMadeAtApply(t *testing.T) {
	h := enginetest.NewHost(nil)
	var outputs any
	asked := func() *unit.Unit {
		u := enginetest.Probe("h1", 81)
		u.Failure.Retry = &unit.Retry{Attempts: 1, Until: result(func(of any) (any, error) {
			outputs = of
			return true, nil
		})}
		return u
	}
	f := oneHost(h, set("/a", "1"), probe(80), set("/b", "2"), asked, probe(80+2))
	f.exact = true
	h.OnWrite = func(h *enginetest.Host, path string) {
		if path == "/b" && h.Counts.Probes != 1 {
			t.Errorf("%d probes were made before /b was written, want 1", h.Counts.Probes)
		}
	}
	recorded := 0
	f.record = func(c runlog.Change) error {
		recorded++
		return nil
	}
	for round, want := range []apply.Count{{Host: "h1", OK: 5, Changed: 2}, {Host: "h1", OK: 5}} {
		planned := f.plan(t.Context())
		if h.Counts.Probes != 3*round {
			t.Errorf("%d probes after plan %d", h.Counts.Probes, round)
		}
		if s := plan.Summarize(planned); s.Pending() != 2*(1-round) {
			t.Errorf("%d changes are pending in plan %d", s.Pending(), round)
		}
		if counts := f.apply(t.Context(), planned); !cmp.Equal(counts, []apply.Count{want}) {
			t.Errorf("counts: %s", cmp.Diff([]apply.Count{want}, counts))
		}
		if h.Counts.Probes != 3*(round+1) || recorded != 2 {
			t.Errorf("%d probes and %d records after apply %d", h.Counts.Probes, recorded, round)
		}
		if out, ok := outputs.(map[string]any); !ok || out["attempts"] == nil || out["changed"] != false {
			t.Errorf("the outputs of a probe are %v", outputs)
		}
	}
}

func TestAProbeThatFailsEndsTheHost(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Shut = map[int]bool{80: true}
	f := oneHost(h, set("/a", "1"), probe(80), set("/b", "2"))
	var recorded []string
	f.record = func(c runlog.Change) error {
		recorded = append(recorded, c.Unit.ID.Key)
		return nil
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if want := []apply.Count{{Host: "h1", OK: 1, Changed: 1, Failed: 1, Skipped: 1}}; !cmp.Equal(counts, want) {
		t.Errorf("counts: %s", cmp.Diff(want, counts))
	}
	if diff := cmp.Diff([]string{"/a"}, recorded); diff != "" || h.Files["/b"] != "" {
		t.Errorf("%v, and what is recorded as done (-want +got):\n%s", h.Files, diff)
	}
}

func TestUnannouncedProbeIsRefused(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, func() *unit.Unit { // which is executed on its own
		u := enginetest.Probe("h1", 80)
		u.Conditions.When = lambda(func() (any, error) { return true, nil })
		return u
	})
	f.provider = &enginetest.Provider{Extra: &op.Op{TCP: &op.TCPProbe{Address: "elsewhere", Port: 80, Tries: op.Tries{TimeoutMS: 1, Attempts: 1}}}}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if log := strings.Join(f.log, "\n"); counts[0].Failed != 1 || h.Counts.Probes != 0 || !strings.Contains(log, "unannounced effect: probe.tcp elsewhere:80") {
		t.Errorf("%+v, %d probes\n%s", counts[0], h.Counts.Probes, log)
	}
}
