package apply_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
)

// site is a random runbook of several plays over hosts of which some fail.
type site struct {
	hosts, forks int
	plays        []sitePlay
	stop         <-chan struct{} // nil is never
	// bad are what fails: a host at a play.
	bad map[string]bool

	mu     sync.Mutex
	atWork map[string]int
	most   int
	// inside are the hosts at the throttled unit of each play, crowd the most there ever were.
	inside, crowd map[int]int
	// spans are when hosts' work in plays began and ended.
	spans map[string]*span
}

type sitePlay struct {
	batch    int // 0 is all at once
	maxFail  *unit.Size
	graph    bool
	barrier  bool
	throttle int
	once     bool
}

// span is when work began, when its last round trip did, and when it ended.
type span struct{ from, last, to time.Time }

// key names a host's part of a play; it is also the path that is written.
func key(host string, play int) string { return fmt.Sprintf("%s/p%d", host, play) }

func drawSite(rt *rapid.T) *site {
	s := &site{
		hosts: rapid.IntRange(1, 6).Draw(rt, "hosts"), forks: rapid.IntRange(1, 4).Draw(rt, "forks"),
		bad: map[string]bool{}, atWork: map[string]int{}, inside: map[int]int{}, crowd: map[int]int{}, spans: map[string]*span{},
	}
	for play := range rapid.IntRange(1, 3).Draw(rt, "plays") {
		p := sitePlay{
			batch: rapid.IntRange(0, 3).Draw(rt, "batch"), graph: rapid.Bool().Draw(rt, "graph"), barrier: rapid.Bool().Draw(rt, "barrier"),
			throttle: rapid.IntRange(0, 2).Draw(rt, "throttle"), once: rapid.Bool().Draw(rt, "once"),
		}
		if rapid.Bool().Draw(rt, "bounded") {
			p.maxFail = &unit.Size{N: rapid.IntRange(0, 3).Draw(rt, "max_fail")}
		}
		s.plays = append(s.plays, p)
		for i := range s.hosts {
			if rapid.IntRange(0, 5).Draw(rt, "fails") == 0 {
				s.bad[key(name(i), play)] = true
			}
		}
	}
	return s
}

func name(i int) string { return fmt.Sprintf("h%02d", i) }

// units are what a play wants of a host: something to do, a unit that is done
// once, and one more behind a barrier, of which only some may be at once.
func (s *site) units(host string, play int) *unit.Play {
	p := s.plays[play]
	path := func(what string) string { return fmt.Sprintf("/p%d/%s", play, what) }
	out := &unit.Play{Graph: p.graph}
	out.Units = append(out.Units, enginetest.Set(host, path("first"), "1"), enginetest.Set(host, path("beside"), "1"))
	if p.once {
		u := enginetest.Set(host, path("once"), "1")
		u.Rollout.RunOnce, u.Require = true, []unit.ID{out.Units[0].ID}
		out.Units = append(out.Units, u)
	}
	if p.barrier {
		out.Barriers = []unit.Barrier{{Name: "all", At: len(out.Units)}}
	}
	last := enginetest.Set(host, path("last"), "1")
	last.Rollout.Throttle = p.throttle
	out.Units = append(out.Units, last)
	return out
}

// watch takes part in a round trip of a host.
func (s *site) watch(host string, steps []target.Step) {
	var began time.Time
	for _, step := range steps {
		if step.Op.Link == nil {
			continue
		}
		var play int
		if _, err := fmt.Sscanf(step.Op.Link.Path, "/p%d/", &play); err != nil {
			panic(err) // all paths of a site are so
		}
		s.mu.Lock()
		at := s.spans[key(host, play)]
		if at == nil {
			at = &span{from: time.Now()}
			s.spans[key(host, play)] = at
		}
		if began.IsZero() {
			began = time.Now()
			at.last = began
		}
		s.atWork[host]++
		s.most = max(s.most, len(s.atWork))
		if strings.HasSuffix(step.Op.Link.Path, "/last") {
			s.inside[play]++
			s.crowd[play] = max(s.crowd[play], s.inside[play])
		}
		s.mu.Unlock()
		time.Sleep(time.Duration(1+len(host+step.Op.Link.Path)%3) * time.Second)
		s.mu.Lock()
		at.to = time.Now()
		if strings.HasSuffix(step.Op.Link.Path, "/last") {
			s.inside[play]--
		}
		if s.atWork[host]--; s.atWork[host] == 0 {
			delete(s.atWork, host)
		}
		s.mu.Unlock()
	}
}

// run plans and applies the site.
func (s *site) run() []apply.Count {
	f := &fleet{hosts: map[string]*enginetest.Host{}, provider: &enginetest.Provider{}, forks: s.forks, stop: s.stop}
	var hosts []*inventory.Host
	var names []string
	for i := range s.hosts {
		h := enginetest.NewHost(nil)
		h.Faults.Refuse = map[string]bool{}
		for play := range s.plays {
			h.Faults.Refuse[fmt.Sprintf("/p%d/first", play)] = s.bad[key(name(i), play)]
		}
		f.hosts[name(i)] = h
		hosts, names = append(hosts, enginetest.Inventory(name(i))), append(names, name(i))
	}
	p := f.planner()
	p.Evaluate = func(_ context.Context, h *inventory.Host, _ plan.Target) (*planning.Evaluation, error) {
		plays := map[int]*unit.Play{}
		for i := range s.plays {
			plays[i] = s.units(h.Name, i)
		}
		return &planning.Evaluation{Plays: plays}, nil
	}
	planned := p.Plan(context.Background(), hosts)
	var plays []rollout.Play
	for i, p := range s.plays {
		play := rollout.Play{Name: fmt.Sprintf("p%d", i), Hosts: names, MaxFail: p.maxFail}
		if p.batch > 0 {
			play.Batch = []unit.Size{{N: p.batch}}
		}
		plays = append(plays, play)
	}
	for n, h := range f.hosts {
		h.Before = func(steps []target.Step) { s.watch(n, steps) }
	}
	return f.executor().Apply(context.Background(), plays, planned)
}

// check walks through the plays and batches as they must have gone: who fails
// is out, a play begins a batch only while not too many have failed, and
// nothing of it begins before the batch before has ended.
func (s *site) check(rt *rapid.T) {
	out := map[string]bool{}
	var ended time.Time // of all batches so far
	for play, p := range s.plays {
		if p.throttle > 0 && s.crowd[play] > p.throttle {
			rt.Fatalf("%d hosts were at the unit of play %d, the throttle is %d", s.crowd[play], play, p.throttle)
		}
		size := p.batch
		if size == 0 {
			size = s.hosts
		}
		onceFails := p.once && s.bad[key(name(0), play)] || p.once && out[name(0)]
		for from := 0; from < s.hosts; from += size {
			if p.maxFail != nil && len(out) > p.maxFail.N {
				for i := from; i < s.hosts; i++ {
					if s.spans[key(name(i), play)] != nil {
						rt.Fatalf("play %d began on %s although %d failed: %+v", play, name(i), len(out), slices.Sorted(maps.Keys(s.spans)))
					}
					out[name(i)] = true
				}
				break
			}
			latest := ended
			for i := from; i < min(from+size, s.hosts); i++ {
				at := s.spans[key(name(i), play)]
				switch {
				case (at != nil) == out[name(i)]:
					rt.Fatalf("play %d on %s: worked is %v, was out is %v", play, name(i), at != nil, out[name(i)])
				case at == nil:
					continue
				case at.from.Before(ended):
					rt.Fatalf("play %d began on %s before the batch before it ended", play, name(i))
				case at.to.After(latest):
					latest = at.to
				}
				out[name(i)] = s.bad[key(name(i), play)] || onceFails
			}
			for n, is := range out {
				if !is {
					delete(out, n)
				}
			}
			ended = latest
		}
	}
}

// checkCounts sees that each host has its line, and each of its units one
// outcome; those of a host that failed before a play that then stops have none.
func (s *site) checkCounts(rt *rapid.T, counts []apply.Count) {
	units, may := 0, false
	for play, p := range s.plays {
		units += len(s.units(name(0), play).Units)
		may = may || p.maxFail != nil
	}
	for i, c := range counts {
		if sum := c.OK + c.Failed + c.Unreachable + c.Skipped; c.Host != name(i) || sum > units || sum < units && !may {
			rt.Fatalf("%d units on each host, in their order, came to %+v", units, counts)
		}
	}
	if s.most > s.forks {
		rt.Fatalf("%d hosts were at work at once, forks are %d", s.most, s.forks)
	}
}

// TestTheSchedulerKeepsItsWord: whatever the plays, batches, forks and failures.
func TestTheSchedulerKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSite(rt)
		synctestRun(t, func() {
			s.checkCounts(rt, s.run())
			s.check(rt)
		})
	})
}

// TestTheSchedulerStopsAnywhere: whenever nothing more shall begin, what runs
// ends, all waits end, and nothing is begun after that.
func TestTheSchedulerStopsAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSite(rt)
		after := time.Duration(rapid.IntRange(0, 30_000).Draw(rt, "milliseconds")) * time.Millisecond
		synctestRun(t, func() {
			stop := make(chan struct{})
			s.stop = stop
			began := time.Now()
			timer := time.AfterFunc(after, func() { close(stop) })
			defer timer.Stop()
			s.checkCounts(rt, s.run())
			for what, at := range s.spans {
				if at.last.Sub(began) > after {
					rt.Fatalf("%s began something %s after the begin, although all was stopped at %s", what, at.last.Sub(began), after)
				}
			}
		})
	})
}
