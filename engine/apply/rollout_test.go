package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/unit"
)

// rolling is a fleet of n hosts that all want one file, which some refuse.
func rolling(n int, refuse map[int]bool) *fleet {
	f := &fleet{hosts: map[string]*enginetest.Host{}, units: func(host string) []*unit.Unit {
		return []*unit.Unit{enginetest.Set(host, "/a", "1")}
	}}
	for i := range n {
		h := enginetest.NewHost(nil)
		h.Faults.Refuse = map[string]bool{"/a": refuse[i]}
		f.hosts[fmt.Sprintf("h%02d", i)] = h
	}
	return f
}

func TestABatchWaitsForTheOneBefore(t *testing.T) {
	f := rolling(5, nil)
	f.batch = []unit.Size{{N: 1}, {N: 2}}
	f.apply(t.Context(), f.plan(t.Context()))
	batch := map[string]int{"h00": 0, "h01": 1, "h02": 1, "h03": 2, "h04": 2}
	last := 0
	for _, line := range f.log {
		host, _, _ := strings.Cut(line, "/")
		if batch[host] < last {
			t.Errorf("%s of batch %d came after batch %d: %q", host, batch[host], last, f.log)
		}
		last = batch[host]
	}
	if len(f.log) != 5 {
		t.Errorf("%q, want all five hosts", f.log)
	}
}

func TestVerifyThatFailsStopsTheRollout(t *testing.T) {
	f := rolling(4, nil)
	f.batch = []unit.Size{{N: 2}}
	f.hosts["h01"].Faults.Refuse = map[string]bool{"/ok": true}
	f.around = func(host string, p *unit.Play) {
		u := enginetest.Set(host, "/ok", "yes")
		u.ID.Scope = unit.Scope{Play: "web"}
		p.Verify = []*unit.Unit{u}
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	var got []string
	for _, c := range counts {
		got = append(got, fmt.Sprintf("%s changed=%d failed=%d skipped=%d", c.Host, c.Changed, c.Failed, c.Skipped))
	}
	want := []string{
		"h00 changed=2 failed=1 skipped=0", "h01 changed=1 failed=1 skipped=0",
		"h02 changed=0 failed=0 skipped=1", "h03 changed=0 failed=0 skipped=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMaxFailHoldsFurtherBatchesBack: a batch begins only while no more hosts
// than allowed have failed, and where it begins all of its hosts are executed.
func TestMaxFailHoldsFurtherBatchesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "hosts")
		refuse := map[int]bool{}
		for i := range n {
			refuse[i] = rapid.Bool().Draw(rt, "refuses")
		}
		size := rapid.IntRange(1, 5).Draw(rt, "batch")
		limit := unit.Size{N: rapid.IntRange(0, 100).Draw(rt, "max_fail"), Percent: true}
		f := rolling(n, refuse)
		f.batch, f.maxFail = []unit.Size{{N: size}}, &limit
		f.apply(t.Context(), f.plan(t.Context()))
		failed := 0
		for from := 0; from < n; from += size {
			begins := failed <= limit.Down(n)
			for i := from; i < min(from+size, n); i++ {
				line := fmt.Sprintf("h%02d/set[/a] skipped", i)
				if skipped := slices.Contains(f.log, line); skipped == begins {
					rt.Fatalf("host %d, %d failed before it, at most %d may: skipped is %v", i, failed, limit.Down(n), skipped)
				}
			}
			for i := from; begins && i < min(from+size, n); i++ {
				if refuse[i] {
					failed++
				}
			}
		}
	})
}

func TestIgnoreFailureLetsTheHostGoOn(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Faults.Refuse = map[string]bool{"/a": true}
	f := oneHost(h, func() *unit.Unit {
		u := enginetest.Set("h1", "/a", "1")
		u.Failure.Ignore = true
		return u
	}, set("/b", "2"))
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if want := []apply.Count{{Host: "h1", OK: 1, Changed: 1, Ignored: 1}}; !cmp.Equal(want, counts) {
		t.Error(cmp.Diff(want, counts))
	}
}

func TestOnFailureRunsOnlyWhereTheUnitFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse bool
		want   []string
	}{
		{"fails", true, []string{"h1/set[/a] failed", "h1/handler[web/fix]/set[/fixed] changed", "h1/set[/b] skipped"}},
		{"does not fail", false, []string{"h1/set[/a] changed", "h1/set[/b] changed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			h.Faults.Refuse = map[string]bool{"/a": tt.refuse}
			f := oneHost(h, func() *unit.Unit {
				u := enginetest.Set("h1", "/a", "1")
				u.Failure.Handler = "fix"
				return u
			}, set("/b", "2"))
			f.around = func(host string, p *unit.Play) {
				fix := handler(host, "fix", "/fixed")
				fix.Rescue = true
				p.Handlers = []*unit.Handler{fix}
			}
			planned := f.plan(t.Context())
			if s := planned[0].Plays[0].Handlers[0].Steps[0]; !s.Dormant || !s.Rescue || s.Pending() {
				t.Errorf("planned as %+v", s)
			}
			counts := f.apply(t.Context(), planned)
			var got []string
			for _, line := range f.log {
				head, _, _ := strings.Cut(line, ":")
				got = append(got, head)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if failed := counts[0].Failed == 1; failed != tt.refuse {
				t.Errorf("%+v", counts)
			}
		})
	}
}

// TestAHostThatIsThroughSaysSoAtOnce: it does not wait for a slower one.
func TestAHostThatIsThroughSaysSoAtOnce(t *testing.T) {
	f := rolling(2, nil)
	finished := make(chan string, 2)
	f.hosts["h00"].OnWrite = func(*enginetest.Host, string) {
		if name := <-finished; name != "h01" {
			t.Errorf("%s was through before h01", name)
		}
	}
	f.finished = func(host string) { finished <- host }
	f.apply(t.Context(), f.plan(t.Context()))
	if name := <-finished; name != "h00" || len(finished) > 0 {
		t.Errorf("%s was through last, and %d more", name, len(finished))
	}
}
