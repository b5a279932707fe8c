package queuetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
)

// testEmpty asks an empty queue for everything that a queue can do.
func testEmpty(t *testing.T, f *fixture) {
	same(t, nil, f.claim(t, "w1", 10))
	same(t, nil, f.list(t))
	must(t, f.Put(t.Context()))
	must(t, f.Complete(t.Context(), "w1", "gone"))
	must(t, f.Release(t.Context(), "w1", "gone"))
	lost(t, f.Extend(t.Context(), "w1", ttl, "gone"))
	must(t, f.Drop(t.Context(), "r1"))
	must(t, f.Complete(t.Context(), "w1"))
	must(t, f.Extend(t.Context(), "w1", ttl))
}

func testOrder(t *testing.T, f *fixture) {
	f.items(t, "r1", "c", "a")
	f.clock.move(-time.Hour) // it is not the clock that says what is older
	f.items(t, "r2", "b")
	must(t, f.Put(t.Context(), item("r1", "z"), item("r1", "d")))
	f.reopen(t)
	same(t, []string{"c", "a", "b", "z", "d"}, hosts(f.list(t)))
	same(t, []string{"c", "a"}, f.claim(t, "w1", 2))
	same(t, []string{"b", "z", "d"}, f.claim(t, "w2", 10))
	same(t, nil, f.claim(t, "w3", 10))
	same(t, nil, f.claim(t, "w3", 0))
	same(t, []string{"c", "a", "b", "z", "d"}, hosts(f.list(t)))
	items, err := f.List(t.Context(), "/elsewhere")
	must(t, err)
	same(t, nil, items)
}

func testPutAgain(t *testing.T, f *fixture) {
	first := item("r1", "h1")
	given := first
	given.Attempts, given.Worker, given.DeadLettered, given.Reason = 3, "w9", true, "by hand" // which are not the caller's to say
	must(t, f.Put(t.Context(), given, given))
	first.Put = began
	same(t, []queue.Item{first}, f.list(t))
	same(t, []string{"h1"}, f.claim(t, "w1", 10))
	f.clock.move(time.Second)
	other := item("r1", "h1")
	other.Host, other.Workspace, other.Batch = "h2", "/other", 7
	must(t, f.Put(t.Context(), other))
	f.reopen(t)
	first.Attempts, first.Worker, first.Until, first.TTL = 1, "w1", began.Add(ttl), ttl
	same(t, []queue.Item{first}, f.list(t))
	must(t, f.Complete(t.Context(), "w1", first.ID))
	f.items(t, "r1", "h1") // is new again
	same(t, []string{"h1 waiting 0"}, f.states(t))
}

func testFilters(t *testing.T, f *fixture) {
	f.items(t, "r1", "a", "b", "c")
	ids := f.items(t, "r2", "a", "b", "c")
	elsewhere := item("r3", "x")
	elsewhere.Workspace = "/other"
	must(t, f.Put(t.Context(), elsewhere))
	same(t, nil, f.leaseOf(t, "w1", queue.Filter{Run: "r9"}, 9))
	same(t, nil, f.leaseOf(t, "w1", queue.Filter{Run: "r1", IDs: ids}, 9))
	same(t, nil, f.leaseOf(t, "w1", queue.Filter{IDs: []string{"", "gone"}}, 9))
	same(t, []string{"x"}, f.leaseOf(t, "w1", queue.Filter{Workspace: "/other"}, 9))
	same(t, []string{"b", "c"}, f.leaseOf(t, "w1", queue.Filter{IDs: []string{ids[2], ids[1], ids[1], "gone"}}, 9))
	same(t, []string{"a", "b", "c"}, f.leaseOf(t, "w1", queue.Filter{Run: "r1", Workspace: workspace}, 9))
	same(t, []string{"a 1", "b 1", "c 1", "a 0", "b 1", "c 1"}, attempts(f.list(t)))
}

func attempts(items []queue.Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.Host+" "+string(rune('0'+i.Attempts)))
	}
	return out
}

func testDrop(t *testing.T, f *fixture) {
	f.items(t, "r1", "a", "b")
	ids := f.items(t, "r2", "a", "b", "c")
	f.claim(t, "w1", 3)
	must(t, f.Drop(t.Context(), "r1", ids...)) // are of another run
	must(t, f.Drop(t.Context(), "r2", ids[0], "gone"))
	f.reopen(t)
	same(t, []string{"a w1 1", "b w1 1", "b waiting 0", "c waiting 0"}, f.states(t))
	must(t, f.Drop(t.Context(), "r1"))
	same(t, []string{"b waiting 0", "c waiting 0"}, f.states(t))
	must(t, f.Complete(t.Context(), "w1", ids[0]))
	if err := f.Drop(t.Context(), ""); err == nil {
		t.Error("the items of no run were dropped")
	}
	same(t, []string{"b", "c"}, hosts(f.list(t)))
}

// testHostile has names that were made up to do harm.
func testHostile(t *testing.T, f *fixture) {
	names := []string{
		"a/b", "a%2Fb", "..", "/", " ", "\x00", "a\x00b", "a\nb", `"`, `\`, "{}", "\x1b[31m", "\u202e", "\u2028", "é", "e\u0301", "日本",
		strings.Repeat("x", 1000), strings.Repeat("é", 1000), "items", "meta", "\x00\x00\x00\x00\x00\x00\x00\x01", "<script>", "null",
	}
	ids := map[string]bool{}
	var want []string
	for i, name := range names {
		for _, it := range []queue.Item{
			{ID: queue.ID(name, i, name, name), Run: name, Workspace: workspace, Play: name, Host: name, Batch: i},
			{ID: name, Run: "r", Workspace: workspace, Host: name},
		} {
			must(t, f.Put(t.Context(), it))
			ids[it.ID] = true
			want = append(want, it.Host)
		}
	}
	if len(ids) != 2*len(names) {
		t.Fatalf("%d items have %d IDs", 2*len(names), len(ids))
	}
	f.reopen(t)
	same(t, want, hosts(f.list(t)))
	worker := "\x00w\n\"é"
	same(t, want, f.claim(t, worker, len(want)))
	for id := range ids {
		lost(t, f.Complete(t.Context(), "w", id))
		must(t, f.Extend(t.Context(), worker, ttl, id))
		must(t, f.Complete(t.Context(), worker, id))
	}
	same(t, nil, f.list(t))
}

func testRefused(t *testing.T, f *fixture) {
	spoil := []struct {
		name string
		with func(i *queue.Item)
	}{
		{"no ID", func(i *queue.Item) { i.ID = "" }},
		{"no run", func(i *queue.Item) { i.Run = "" }},
		{"no host", func(i *queue.Item) { i.Host = "" }},
		{"not UTF-8", func(i *queue.Item) { i.Host = "h\xff" }},
		{"an ID that is not UTF-8", func(i *queue.Item) { i.ID = "h\xff" }},
		{"a very long play", func(i *queue.Item) { i.Play = strings.Repeat("x", 1<<20) }},
		{"batch -1", func(i *queue.Item) { i.Batch = -1 }},
	}
	for _, s := range spoil {
		t.Run(s.name, func(t *testing.T) {
			bad := item("r1", "h2")
			s.with(&bad)
			explained(t, f.Put(t.Context(), item("r1", "h1"), bad))
			same(t, nil, f.list(t))
		})
	}
	f.items(t, "r1", "h1")
	for _, claim := range []struct {
		worker string
		ttl    time.Duration
	}{
		{"", ttl}, {"w\xff", ttl}, {"w", 0}, {"w", -ttl}, {"w", queue.MaxTTL + 1},
	} {
		_, err := f.Claim(t.Context(), claim.worker, queue.Filter{}, 1, claim.ttl)
		explained(t, err)
		explained(t, f.Extend(t.Context(), claim.worker, claim.ttl, "x"))
	}
	same(t, []string{"h1 waiting 0"}, f.states(t))
}

// explained expects an error that tells the operator what to do.
func explained(t *testing.T, err error) {
	t.Helper()
	if d, ok := errors.AsType[*diag.Error](err); !ok || d.Hint == "" || strings.Contains(d.Summary, "\n") {
		t.Errorf("error %#v, want one line and a hint", err)
	}
}

func testCancelled(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, claimed := f.Claim(ctx, "w1", queue.Filter{}, 1, ttl)
	_, listed := f.List(ctx, workspace)
	for _, err := range []error{
		claimed, listed, f.Put(ctx, item("r1", "h2")), f.Extend(ctx, "w1", ttl, ids...), f.Complete(ctx, "w1", ids...),
		f.Release(ctx, "w1", ids...), f.Drop(ctx, "r1"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	}
	same(t, []string{"h1 waiting 0"}, f.states(t))
}
