package bolt

import (
	"fmt"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
)

// BenchmarkRound measures what a work item costs its run: claimed, extended
// once and acknowledged, beside others that wait.
func BenchmarkRound(b *testing.B) {
	for _, waiting := range []int{20, 10_000} {
		b.Run(fmt.Sprint("waiting=", waiting), func(b *testing.B) {
			q := filled(b, waiting)
			for b.Loop() {
				got, err := q.Claim(b.Context(), "w", queue.Filter{Run: "r1"}, 1, time.Minute)
				must(b, err)
				must(b, q.Extend(b.Context(), "w", time.Minute, got[0].ID))
				must(b, q.Complete(b.Context(), "w", got[0].ID))
				b.StopTimer()
				must(b, q.Put(b.Context(), item(got[0].Host)))
				b.StartTimer()
			}
		})
	}
}

// BenchmarkPut measures an item of a batch that is put at once.
func BenchmarkPut(b *testing.B) {
	const batch = 1000
	q := filled(b, 0)
	items := make([]queue.Item, batch)
	n := 0
	for b.Loop() {
		for i := range items {
			n++
			items[i] = item(fmt.Sprint("h", n))
		}
		must(b, q.Put(b.Context(), items...))
		b.StopTimer()
		must(b, q.Drop(b.Context(), "r1"))
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "µs/item")
}

// BenchmarkList measures what a command pays that only looks.
func BenchmarkList(b *testing.B) {
	q := filled(b, 1000)
	for b.Loop() {
		_, err := q.List(b.Context(), "/w")
		must(b, err)
	}
}
