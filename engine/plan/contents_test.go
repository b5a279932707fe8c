package plan_test

import (
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// TestAttachLeavesTheOpAsItIs: a planned effect only refers to content; what is sent has it.
func TestAttachLeavesTheOpAsItIs(t *testing.T) {
	content := op.NewBlob([]byte("text"))
	u := &unit.Unit{Blobs: map[string]*op.Blob{content.Sum: content}}
	planned := op.Op{Write: &op.Write{Path: "/a", Content: &op.Blob{Sum: content.Sum}}}
	sent, err := plan.Attach(u, planned)
	if err != nil {
		t.Fatal(err)
	}
	if b := sent.Write.Content; b.Open == nil || b.Size != content.Size || sent.Write.Path != "/a" {
		t.Errorf("the op that is sent has no content: %+v", sent.Write)
	}
	if b := planned.Write.Content; b.Open != nil || b.Size != 0 {
		t.Errorf("the planned op was changed: %+v", b)
	}
	if _, err := plan.Attach(&unit.Unit{}, planned); err == nil {
		t.Error("content that the unit does not have was attached")
	}
}
