package inline_test

import (
	"io"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/inline"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

func write(text string) op.Op {
	return op.Op{Write: &op.Write{Path: "/x", Content: &op.Blob{Text: &text}}}
}

func TestTake(t *testing.T) {
	r := abi.Reply{
		Need: []op.Op{write("needed")},
		Change: &abi.Change{
			Effects: []abi.Effect{{Op: write("announced")}},
			Diffs:   []abi.Diff{{Field: "content", Before: codec.Raw(`{"text":"was"}`), After: codec.Raw(`{"text":"announced"}`)}},
		},
	}
	if err := inline.Take(&r); err != nil {
		t.Fatal(err)
	}
	for text, o := range map[string]op.Op{"needed": r.Need[0], "announced": r.Change.Effects[0].Op} {
		b := o.Write.Content
		if b.Text != nil || !b.Made || b.Sum != op.Sum([]byte(text)) || b.Size != int64(len(text)) {
			t.Fatalf("%s: got %+v", text, b)
		}
		f, err := b.Open()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(f); string(data) != text || err != nil {
			t.Errorf("%s: it holds %q, %v", text, data, err)
		}
	}
	d := r.Change.Diffs[0]
	if want := `{"sum":"` + op.Sum([]byte("announced")) + `","size":9}`; string(d.After) != want {
		t.Errorf("got %s, expected %s", d.After, want)
	}
	if want := `{"sum":"` + op.Sum([]byte("was")) + `","size":3}`; string(d.Before) != want {
		t.Errorf("got %s, expected %s", d.Before, want)
	}
}

func TestTakeRefuses(t *testing.T) {
	large := strings.Repeat("x", inline.Most+1)
	for name, r := range map[string]abi.Reply{
		"a large text":  {Need: []op.Op{write(large)}},
		"in an effect":  {Change: &abi.Change{Effects: []abi.Effect{{Op: write(large)}}}},
		"no text":       {Change: &abi.Change{Diffs: []abi.Diff{{Field: "x", After: codec.Raw(`{"text":1}`)}}}},
		"a large value": {Change: &abi.Change{Diffs: []abi.Diff{{Field: "x", Before: codec.Raw(`{"text":"` + large + `"}`)}}}},
	} {
		if err := inline.Take(&r); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
