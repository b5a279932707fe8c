package unit_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/unit"
)

// TestSizesRound: a share is at most the next whole host up, and at least the one down.
func TestSizesRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts, n := rapid.IntRange(0, 1000).Draw(t, "hosts"), rapid.IntRange(0, 100).Draw(t, "share")
		s := unit.Size{N: n, Percent: true}
		if up, down := s.Up(hosts), s.Down(hosts); down*100 > hosts*n || up*100 < hosts*n || up > max(1, down+1) {
			t.Fatalf("%d%% of %d: %d down, %d up", n, hosts, down, up)
		}
	})
}
