package queuetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/engine/queue"
)

// testWorkers has workers on one queue, and on a second one in the same place,
// as another process would, take what others put: each item is delivered once.
func testWorkers(t *testing.T, f *fixture) {
	const workers, each = 8, 15
	queues := []queue.Queue{f.Queue, f.another(t)}
	var mu sync.Mutex
	delivered := map[string]int{}
	var all sync.WaitGroup
	for w := range workers {
		q, worker, run := queues[w%2], fmt.Sprint("w", w), fmt.Sprint("r", w/2)
		all.Go(func() {
			for i := range each {
				shared := item(run, fmt.Sprint("shared", i)) // two put it, one comes first
				if err := q.Put(t.Context(), item(run, fmt.Sprint(worker, "-", i)), shared); err != nil {
					t.Error(err)
					return
				}
				got, err := q.Claim(t.Context(), worker, queue.Filter{}, 2, ttl)
				if err != nil {
					t.Error(err)
					return
				}
				for _, it := range got {
					mu.Lock()
					delivered[it.ID]++
					mu.Unlock()
				}
				if _, err := q.List(t.Context(), workspace); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	must(t, queues[1].Close())
	f.reopen(t)
	if got, want := len(f.list(t)), workers*each+workers/2*each; got != want {
		t.Errorf("%d items are there, want %d", got, want)
	}
	rest, err := f.Claim(t.Context(), "w", queue.Filter{}, workers*each*2, ttl)
	must(t, err)
	for _, it := range rest {
		delivered[it.ID]++
	}
	for id, n := range delivered {
		if n != 1 {
			t.Errorf("%s was delivered %d times", id, n)
		}
	}
	if got, want := len(delivered), workers*each+workers/2*each; got != want {
		t.Errorf("%d items were delivered, want %d", got, want)
	}
}

// testMany has a large fleet.
func testMany(t *testing.T, f *fixture) {
	const n = 10_000
	items := make([]queue.Item, n)
	ids := make([]string, n)
	for i := range items {
		items[i] = item("r1", fmt.Sprint("host", i))
		ids[i] = items[i].ID
	}
	must(t, f.Put(t.Context(), items...))
	must(t, f.Put(t.Context(), items...))
	got, err := f.Claim(t.Context(), "w1", queue.Filter{Run: "r1"}, n/2, ttl)
	must(t, err)
	same(t, hosts(items[:n/2]), hosts(got))
	must(t, f.Complete(t.Context(), "w1", ids[:n/2]...))
	same(t, []string{items[n/2].Host}, f.claim(t, "w1", 1))
	f.reopen(t)
	same(t, hosts(items[n/2:]), hosts(f.list(t)))
	must(t, f.Drop(t.Context(), "r1"))
	same(t, nil, f.list(t))
}
