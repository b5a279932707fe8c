package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

func TestBreaksComeInTheirOrder(t *testing.T) {
	p := &plan.Play{
		Flush:    []int{1, 1, 3},
		Barriers: []unit.Barrier{{Name: "a", At: 0}, {Name: "b", At: 1, Flushes: 1}, {Name: "c", At: 3, Flushes: 3}},
	}
	var got []string
	for at, b := range p.Breaks() {
		name := "flush"
		if b != nil {
			name = b.Name
		}
		got = append(got, name+" "+string(rune('0'+at)))
	}
	if diff := cmp.Diff([]string{"a 0", "flush 1", "b 1", "flush 1", "flush 3", "c 3"}, got); diff != "" {
		t.Error(diff)
	}
}
