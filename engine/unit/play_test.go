package unit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/unit"
)

// TestKeepMovesBarriers: what is left out before a barrier does not shift it.
func TestKeepMovesBarriers(t *testing.T) {
	p := &unit.Play{
		Barriers: []unit.Barrier{{Name: "first"}, {Name: "middle", At: 2}, {Name: "last", At: 3, Flushes: 1}},
		Flush:    []int{2},
	}
	for _, key := range []string{"a", "b", "c"} {
		p.Units = append(p.Units, &unit.Unit{ID: unit.ID{Type: "cmd", Key: key}})
	}
	kept := p.Keep(func(u *unit.Unit) bool { return u.ID.Key != "a" })
	want := []unit.Barrier{{Name: "first"}, {Name: "middle", At: 1}, {Name: "last", At: 2, Flushes: 1}}
	if diff := cmp.Diff(want, kept.Barriers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1}, kept.Flush); diff != "" {
		t.Error(diff)
	}
}
