package planning

import (
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestFetchedListsAreNotRehearsed holds that a unit which has the package lists fetched, and names no package, is planned
// without a question to the host.
func TestFetchedListsAreNotRehearsed(t *testing.T) {
	for _, tt := range []struct {
		ensure op.PkgEnsure
		want   bool
	}{
		{op.PkgEnsure{Update: true}, false},
		{op.PkgEnsure{Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}}}, true},
	} {
		s := &plan.Step{Certainty: plan.Sure, Change: &abi.Change{Effects: []abi.Effect{{Op: op.Op{PkgEnsure: &tt.ensure}}}}}
		o, got := simulatedOp(s)
		if got != tt.want {
			t.Errorf("%+v: got %v", tt.ensure, got)
		}
		if err := o.Validate(); got && err != nil {
			t.Error(err)
		}
	}
}
