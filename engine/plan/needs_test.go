package plan

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestNeedsAreNoProof: of a command that was interrupted, that its program is there tells
// nothing; what its guard read does.
func TestNeedsAreNoProof(t *testing.T) {
	need := abi.Entry{Op: op.Op{Need: &op.Need{Program: "make"}}}
	guard := abi.Entry{Op: op.Op{Stat: &op.Stat{Path: "/made"}}}
	for _, tt := range []struct {
		name    string
		reads   []abi.Entry
		unknown bool
	}{{"nothing", nil, true}, {"its needs", []abi.Entry{need}, true}, {"a guard", []abi.Entry{guard, need}, false}} {
		s := &Step{Found: Found{Reads: tt.reads}, Change: &abi.Change{Action: abi.Run}}
		s.Interrupted = time.Unix(1, 0)
		if s.OutcomeUnknown() != tt.unknown {
			t.Errorf("%s was read: outcome unknown is %v", tt.name, !tt.unknown)
		}
	}
}
