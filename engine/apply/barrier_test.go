package apply_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/unit"
)

// meeting is n hosts that write /a, meet at a barrier and write /b.
func meeting(n int) *fleet {
	f := rolling(n, nil)
	f.units = func(host string) []*unit.Unit {
		return []*unit.Unit{enginetest.Set(host, "/a", "1"), enginetest.Set(host, "/b", "2")}
	}
	f.around = func(_ string, p *unit.Play) { p.Barriers = []unit.Barrier{{Name: "all", At: 1}} }
	return f
}

func TestHostsMeetAtABarrier(t *testing.T) {
	for _, tt := range []struct {
		name  string
		forks int
		batch []unit.Size
		fails string // the host that never comes to its barrier
		want  map[string]int
	}{
		{"the fast wait for the slow", 3, nil, "", map[string]int{
			"h00/a": 0, "h01/a": 0, "h02/a": 0, "h00/b": 9, "h01/b": 9, "h02/b": 9,
		}},
		{"those that wait leave their fork to others", 1, nil, "", map[string]int{
			"h00/a": 0, "h01/a": 1, "h02/a": 10, "h02/b": 12, "h00/b": 14, "h01/b": 15,
		}},
		{"they wait for no host of another batch", 3, []unit.Size{{N: 1}, {N: 2}}, "", map[string]int{
			"h00/a": 0, "h00/b": 1, "h01/a": 2, "h02/a": 2, "h01/b": 11, "h02/b": 11,
		}},
		{"nor for one that failed", 3, nil, "h01", map[string]int{
			"h00/a": 0, "h01/a": 0, "h02/a": 0, "h00/b": 9, "h02/b": 9,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := meeting(3)
				f.forks, f.batch = tt.forks, tt.batch
				if tt.fails != "" {
					f.hosts[tt.fails].Faults.Refuse = map[string]bool{"/a": true}
				}
				c := watch(f, each(map[string]int{"h00": 1, "h01": 9, "h02": 2}))
				c.apply(t.Context())
				if diff := cmp.Diff(tt.want, c.acts); diff != "" {
					t.Error(diff)
				}
				if c.most > tt.forks {
					t.Errorf("%d hosts were at work at once, want at most %d", c.most, tt.forks)
				}
			})
		})
	}
}

// TestBarriersThatWaitForEachOtherFail: two hosts that come to two barriers the
// other way round would wait for ever.
func TestBarriersThatWaitForEachOtherFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := meeting(2)
		f.around = func(host string, p *unit.Play) {
			p.Barriers = []unit.Barrier{{Name: "x", At: 1}, {Name: "y", At: 2}}
			if host == "h01" {
				p.Barriers = []unit.Barrier{{Name: "y", At: 1}, {Name: "x", At: 2}}
			}
		}
		var told []string
		f.heard = func(err error) { told = append(told, err.Error()) }
		counts := f.apply(t.Context(), f.plan(t.Context()))
		want := []apply.Count{
			{Host: "h00", OK: 1, Changed: 1, Failed: 1, Skipped: 1}, {Host: "h01", OK: 1, Changed: 1, Failed: 1, Skipped: 1},
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Error(diff)
		}
		if text := strings.Join(told, "\n"); !strings.Contains(text, `h00: it waits at barrier "x" for hosts that wait for it`) {
			t.Errorf("told %q", text)
		}
	})
}

func TestStopEndsTheWaitAtABarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := meeting(2)
		stop := make(chan struct{})
		f.stop = stop
		c := watch(f, each(map[string]int{"h00": 1, "h01": 9}))
		planned := f.plan(t.Context())
		time.AfterFunc(2*time.Second, func() { close(stop) })
		c.applyPlanned(t.Context(), planned)
		if want := map[string]int{"h00": 2, "h01": 9}; !cmp.Equal(want, c.ends) {
			t.Error(cmp.Diff(want, c.ends))
		}
		if want := map[string]int{"h00/a": 0, "h01/a": 0}; !cmp.Equal(want, c.acts) {
			t.Error(cmp.Diff(want, c.acts))
		}
	})
}
