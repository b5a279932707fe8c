package rollout_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
)

// operator answers the pauses, and notes what was asked.
type operator struct {
	no   int // from which question on the answer is no; 0 is never
	stop chan struct{}

	mu    sync.Mutex
	asked []string
}

func (o *operator) Pause(ctx context.Context, p rollout.Pause) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, fmt.Sprint(p.Play, " ", p.Message, " ", p.Hosts))
	time.Sleep(time.Minute) // the operator looks at what was done
	if ctx.Err() != nil || o.no > 0 && len(o.asked) >= o.no {
		close(o.stop)
		return false
	}
	return true
}

// TestPauses: the hosts of a batch wait, the operator is asked once for all of them, and no lets none of them go on and
// no other begin.
func TestPauses(t *testing.T) {
	pause := unit.Barrier{Name: "is it well?", Pause: true}
	for _, tt := range []struct {
		name   string
		batch  []unit.Size
		no     int
		silent bool     // nobody is asked
		unmet  string   // a host that ends before it comes to the pause
		quiet  string   // a host that has passed the pause in the run that is resumed
		asked  []string // what the operator is asked
		passed []string // hosts that go on behind the pause
	}{
		{name: "all at once", asked: []string{"web is it well? [h1 h2 h3]"}, passed: []string{"h1", "h2", "h3"}},
		{
			name: "by batches", batch: []unit.Size{{N: 2}},
			asked: []string{"web is it well? [h1 h2]", "web is it well? [h3]"}, passed: []string{"h1", "h2", "h3"},
		},
		{name: "no", no: 1, asked: []string{"web is it well? [h1 h2 h3]"}},
		{name: "no to the second batch", batch: []unit.Size{{N: 1}}, no: 2, asked: []string{"web is it well? [h1]", "web is it well? [h2]"}, passed: []string{"h1"}},
		{name: "nobody is asked", silent: true, passed: []string{"h1", "h2", "h3"}},
		{name: "one host fails before", unmet: "h2", asked: []string{"web is it well? [h1 h3]"}, passed: []string{"h1", "h3"}},
		{name: "one host was confirmed before", quiet: "h1", asked: []string{"web is it well? [h1 h2 h3]"}, passed: []string{"h1", "h2", "h3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, who := &journal{}, &operator{no: tt.no, stop: make(chan struct{})}
				r := rollout.Rollout{Slots: 2, Events: event.Func(func(event.Event) {}), Stop: who.stop, Asks: map[string]map[int][]unit.Barrier{}}
				if !tt.silent {
					r.Pauser = who
				}
				play := rollout.Play{Name: "web", Batch: tt.batch}
				var members []rollout.Member
				var mu sync.Mutex
				var passed []string
				for _, name := range []string{"h1", "h2", "h3"} {
					m := &member{name: name, log: log, part: rollout.Part{Barriers: []unit.Barrier{pause}, Last: true}}
					m.work = func(slot *rollout.Slot) error {
						if name == tt.unmet {
							return fmt.Errorf("%s failed", name)
						}
						if slot.Meet(pause, event.Event{Kind: event.HostWaits, Host: name, Play: "web"}) == rollout.Granted {
							mu.Lock()
							defer mu.Unlock()
							passed = append(passed, name)
						}
						return nil
					}
					if name != tt.quiet {
						r.Asks[name] = map[int][]unit.Barrier{0: {pause}}
					}
					members, play.Hosts = append(members, m), append(play.Hosts, name)
				}
				r.Run(t.Context(), []rollout.Play{play}, members)
				slices.Sort(passed)
				if diff := cmp.Diff(tt.passed, passed); diff != "" {
					t.Errorf("passed: want -, got +:\n%s", diff)
				}
				if diff := cmp.Diff(tt.asked, who.asked); diff != "" {
					t.Errorf("asked: want -, got +:\n%s", diff)
				}
			})
		})
	}
}
