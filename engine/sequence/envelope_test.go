package sequence_test

import (
	"errors"
	"testing"

	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

func text(path, says string) abi.Entry {
	return abi.Entry{
		Op:     op.Op{Text: &op.Text{Path: path, Limit: 1}},
		Result: op.Result{Text: &op.TextResult{Exists: true, Type: op.TypeFile, Text: says}},
	}
}

// TestEdited: content that was made of a text may be another where the text is, and only there.
func TestEdited(t *testing.T) {
	write := func(path, content string, made bool) abi.Effect {
		b := op.NewBlob([]byte(content))
		b.Made = made
		return abi.Effect{Op: op.Op{Write: &op.Write{Path: path, Content: b}}}
	}
	change := func(e abi.Effect) *abi.Change { return &abi.Change{Action: abi.Update, Effects: []abi.Effect{e}} }
	for _, tt := range []struct {
		name           string
		announced, now abi.Effect
		found, read    []abi.Entry
		within         bool
	}{
		{"as planned", write("/x", "b", true), write("/x", "b", true), []abi.Entry{text("/x", "a")}, []abi.Entry{text("/x", "a")}, true},
		{"another text", write("/x", "b", true), write("/x", "c", true), []abi.Entry{text("/x", "a")}, []abi.Entry{text("/x", "z")}, true},
		{"the same text", write("/x", "b", true), write("/x", "c", true), []abi.Entry{text("/x", "a")}, []abi.Entry{text("/x", "a")}, false},
		{"another path", write("/x", "b", true), write("/y", "c", true), []abi.Entry{text("/x", "a")}, []abi.Entry{text("/x", "z")}, false},
		{"of a text not read before", write("/x", "b", true), write("/x", "c", true), nil, []abi.Entry{text("/x", "z")}, true},
		{"content of the runbook", write("/x", "b", false), write("/x", "c", true), []abi.Entry{text("/x", "a")}, []abi.Entry{text("/x", "z")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			announced := change(tt.announced)
			err := sequence.Within(change(tt.now), sequence.Edited(announced, tt.found, tt.read), nil)
			if (err == nil) != tt.within {
				t.Errorf("got %v", err)
			}
			if e, is := errors.AsType[*abi.Error](err); !tt.within && (!is || e.Hint != "the provider is faulty or hostile; nothing of this op was done") {
				t.Errorf("got %#v", err)
			}
			if len(announced.Effects[0].Unknown) > 0 {
				t.Error("the announced change was changed itself")
			}
		})
	}
}
