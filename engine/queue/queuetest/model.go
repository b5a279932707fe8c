package queuetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/queue"
)

// testModel does any operations in any order, by a clock that goes anywhere,
// and compares the queue with a list that does the same the simple way.
func testModel(t *testing.T, f *fixture) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newFixture(t, f.open)
		m := &model{}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				items := rapid.SliceOfN(rapid.Custom(drawItem), 0, 4).Draw(rt, "items")
				must(t, g.Put(t.Context(), items...))
				m.put(g.clock.read(), items)
			},
			"claim": func(rt *rapid.T) {
				worker, n, ttl, which := drawWorker(rt), rapid.IntRange(0, 4).Draw(rt, "n"), drawTTL(rt), drawFilter(rt)
				got, err := g.Claim(t.Context(), worker, which, n, ttl)
				must(t, err)
				want := m.claim(g.clock.read(), worker, which, n, ttl)
				for _, i := range got {
					if i.Worker != worker || !i.Until.Equal(g.clock.read().Add(ttl)) {
						rt.Fatalf("%s claimed %+v", worker, i)
					}
				}
				equal(rt, want, idsOf(got))
			},
			"extend": func(rt *rapid.T) {
				worker, ttl, ids := drawWorker(rt), drawTTL(rt), drawIDs(rt)
				wantLost(rt, m.extend(g.clock.read(), worker, ttl, ids), g.Extend(t.Context(), worker, ttl, ids...))
			},
			"ack": func(rt *rapid.T) {
				worker, ids := drawWorker(rt), drawIDs(rt)
				wantLost(rt, m.ack(worker, ids), g.Complete(t.Context(), worker, ids...))
			},
			"release": func(rt *rapid.T) {
				worker, ids := drawWorker(rt), drawIDs(rt)
				wantLost(rt, m.release(worker, ids), g.Release(t.Context(), worker, ids...))
			},
			"drop": func(rt *rapid.T) {
				run, ids := drawRun(rt), drawIDs(rt)
				must(t, g.Drop(t.Context(), run, ids...))
				m.drop(run, ids)
			},
			"clock": func(rt *rapid.T) {
				g.clock.move(time.Duration(rapid.IntRange(-200, 400).Draw(rt, "seconds")) * time.Second)
			},
			"reopen": func(*rapid.T) { g.reopen(t) },
			"": func(rt *rapid.T) {
				equal(rt, m.describe(), describe(g.list(t)))
			},
		})
		g.close(t)
	})
}

func equal(rt *rapid.T, want, got []string) {
	if !slices.Equal(want, got) {
		rt.Fatalf("want %q\ngot  %q", want, got)
	}
}

func wantLost(rt *rapid.T, want bool, err error) {
	if lost := errors.Is(err, queue.ErrLost); lost != want || err != nil && !lost {
		rt.Fatalf("error %v, lost: want %t", err, want)
	}
}

func drawRun(rt *rapid.T) string { return rapid.SampledFrom([]string{"r1", "r2"}).Draw(rt, "run") }

func drawWorker(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"w1", "w2", "w3"}).Draw(rt, "worker")
}

func drawTTL(rt *rapid.T) time.Duration {
	return time.Duration(rapid.IntRange(1, 120).Draw(rt, "ttl")) * time.Second
}

func drawItem(rt *rapid.T) queue.Item {
	return item(drawRun(rt), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "host"))
}

func drawIDs(rt *rapid.T) []string {
	ids := rapid.SliceOfNDistinct(rapid.Custom(drawItem), 0, 3, func(i queue.Item) string { return i.ID }).Draw(rt, "ids")
	return idsOf(ids)
}

func drawFilter(rt *rapid.T) queue.Filter {
	switch rapid.IntRange(0, 2).Draw(rt, "filter") {
	case 0:
		return queue.Filter{Run: drawRun(rt)}
	case 1:
		return queue.Filter{Workspace: workspace, IDs: drawIDs(rt)}
	}
	return queue.Filter{}
}

func idsOf(items []queue.Item) []string {
	var ids []string
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	return ids
}

// model is a queue as simply as it can be told.
type model struct{ items []*modelled }

type modelled struct {
	id, run, worker string
	attempts        int
	put, until      time.Time
	ttl             time.Duration
	aside           bool
}

func (m *model) describe() []string {
	var lines []string
	for _, i := range m.items {
		lines = append(lines, fmt.Sprint(i.id, i.attempts, i.worker, i.put, i.until, i.ttl, i.aside))
	}
	return lines
}

func describe(items []queue.Item) []string {
	var lines []string
	for _, i := range items {
		lines = append(lines, fmt.Sprint(i.ID, i.Attempts, i.Worker, i.Put, i.Until, i.TTL, i.DeadLettered))
	}
	return lines
}

func (m *model) get(id string) *modelled {
	for _, i := range m.items {
		if i.id == id {
			return i
		}
	}
	return nil
}

func (m *model) put(now time.Time, items []queue.Item) {
	for _, i := range items {
		if m.get(i.ID) == nil {
			m.items = append(m.items, &modelled{id: i.ID, run: i.Run, put: now})
		}
	}
}

func (m *model) claim(now time.Time, worker string, which queue.Filter, n int, ttl time.Duration) []string {
	var got []string
	for _, i := range m.items {
		if len(got) == n {
			break
		}
		if which.Run != "" && which.Run != i.run || len(which.IDs) > 0 && !slices.Contains(which.IDs, i.id) || i.aside {
			continue
		}
		if i.worker != "" && i.until.Sub(now) > i.ttl {
			i.until = now.Add(i.ttl)
		}
		if i.worker != "" && i.until.After(now) {
			continue
		}
		if i.attempts == queue.MaxAttempts {
			i.aside, i.worker, i.until, i.ttl = true, "", time.Time{}, 0
			continue
		}
		i.attempts++
		i.worker, i.until, i.ttl = worker, now.Add(ttl), ttl
		got = append(got, i.id)
	}
	return got
}

// owned calls do with the items that a worker has, and reports whether it lacks some that are there.
func (m *model) owned(worker string, ids []string, do func(*modelled)) (lost bool) {
	for _, id := range ids {
		switch i := m.get(id); {
		case i == nil:
		case i.worker == worker:
			do(i)
		default:
			lost = true
		}
	}
	return lost
}

func (m *model) extend(now time.Time, worker string, ttl time.Duration, ids []string) bool {
	gone := slices.ContainsFunc(ids, func(id string) bool { return m.get(id) == nil })
	lost := m.owned(worker, ids, func(i *modelled) { i.until, i.ttl = now.Add(ttl), ttl })
	return lost || gone
}

func (m *model) ack(worker string, ids []string) bool {
	return m.owned(worker, ids, func(i *modelled) {
		m.items = slices.DeleteFunc(m.items, func(o *modelled) bool { return o == i })
	})
}

func (m *model) release(worker string, ids []string) bool {
	return m.owned(worker, ids, func(i *modelled) {
		i.worker, i.until, i.ttl = "", time.Time{}, 0
		i.attempts--
	})
}

func (m *model) drop(run string, ids []string) {
	m.items = slices.DeleteFunc(m.items, func(i *modelled) bool {
		return i.run == run && (len(ids) == 0 || slices.Contains(ids, i.id))
	})
}
