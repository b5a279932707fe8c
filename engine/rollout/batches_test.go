package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
)

func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hosts int
		sizes []unit.Size
		want  []int
	}{
		{"none given", 7, nil, []int{7}},
		{"one by one", 3, []unit.Size{{N: 1}}, []int{1, 1, 1}},
		{"a share, rounded up", 10, []unit.Size{{N: 25, Percent: true}}, []int{3, 3, 3, 1}},
		{"one first, then a share", 9, []unit.Size{{N: 1}, {N: 50, Percent: true}}, []int{1, 5, 3}},
		{"at least one", 3, []unit.Size{{N: 1, Percent: true}}, []int{1, 1, 1}},
		{"more than there are", 2, []unit.Size{{N: 5}}, []int{2}},
		{"no hosts", 0, []unit.Size{{N: 5}}, []int{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, rollout.Batches(tt.hosts, tt.sizes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBatchesHoldAllHosts: whatever the sizes, every host is in one batch, none
// is empty, and none is larger than its size.
func TestBatchesHoldAllHosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.IntRange(1, 500).Draw(t, "hosts")
		sizes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) unit.Size {
			if rapid.Bool().Draw(t, "percent") {
				return unit.Size{N: rapid.IntRange(1, 100).Draw(t, "share"), Percent: true}
			}
			return unit.Size{N: rapid.IntRange(1, 600).Draw(t, "number")}
		}), 0, 4).Draw(t, "sizes")
		got, total := rollout.Batches(hosts, sizes), 0
		for i, n := range got {
			total += n
			if n < 1 || len(sizes) > 0 && n > sizes[min(i, len(sizes)-1)].Up(hosts) {
				t.Fatalf("batch %d of %v is too small or too large", i, got)
			}
		}
		if total != hosts {
			t.Fatalf("%v hold %d hosts of %d", got, total, hosts)
		}
	})
}
