package early_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/apply/early"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// host answers reads with the contents of its files.
type host struct {
	files map[string]string
	asked []string
	down  bool
}

func (h *host) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	if h.down {
		return nil, errors.New("down")
	}
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		h.asked = append(h.asked, s.User+":"+s.Op.Subject())
		results[i] = h.read(s.Op.Subject())
	}
	return results, nil
}

func (h *host) Run(context.Context, []target.Step) ([]target.Outcome, error) {
	return nil, errors.New("nothing is to be changed")
}

func (h *host) read(path string) op.Result {
	return op.Result{Read: &op.ReadResult{Exists: h.files[path] != "", Sum: op.Sum([]byte(h.files[path]))}}
}

// look is a question about a file as the host is now.
func (h *host) look(path string, after int) plan.Look {
	return plan.Look{After: after, Op: op.Op{Read: &op.Read{Path: path}}, User: "app", Digest: protocol.Digest(h.read(path))}
}

func step(index int, key string, action abi.Action, o op.Op) *plan.Step {
	return &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: "t", Key: key}, Index: index}, Change: &abi.Change{Action: action, Effects: []abi.Effect{{Op: o}}}}
}

// TestLooks: what was asked behind a command is asked again once it has run, all of it at once, and what has another answer is named.
func TestLooks(t *testing.T) {
	h := &host{files: map[string]string{"/a": "1", "/b": "1"}}
	run := op.Op{Exec: &op.Exec{Shell: "x"}}
	steps := []*plan.Step{
		step(0, "first", abi.Run, run), step(1, "file", abi.Create, op.Op{Write: &op.Write{Path: "/f"}}), step(2, "probe", abi.Probe, run),
		step(3, "last", abi.Run, run), step(4, "end", abi.None, run),
	}
	secret := h.look("/b", 4)
	secret.Digest = ""
	p := &plan.Host{Plays: map[int]*plan.Play{0: {Steps: steps}}, Looks: []plan.Look{
		h.look("/a", 0), h.look("/a", 1), h.look("/b", 3), h.look("/a", 5), secret,
	}}
	l := early.New(p)
	if first, second := l.Next(steps), l.Next(steps[1:]); first != 1 || second != 3 || l.Next(steps[4:]) != 1 {
		t.Errorf("asked behind %d and %d", first, second)
	}
	h.files["/b"] = "2"
	different, err := l.Different(t.Context(), h, steps[0])
	if err != nil || len(different) != 1 || different[0].Op.Subject() != "/b" {
		t.Errorf("%v, %v", different, err)
	}
	if want := []string{"app:/a", "app:/b"}; !slices.Equal(h.asked, want) {
		t.Errorf("asked %q, want %q", h.asked, want)
	}
	if different, err = l.Different(t.Context(), h, steps[1]); err != nil || different != nil || len(h.asked) != 2 {
		t.Errorf("behind a file: %v, %v, asked %q", different, err, h.asked)
	}
	if different, err = l.Different(t.Context(), h, steps[3]); err != nil || different != nil {
		t.Errorf("of what is as it was: %v, %v", different, err)
	}
	h.down = true
	if _, err = l.Different(t.Context(), h, steps[3]); err == nil {
		t.Error("a host that is gone answered")
	}
	if n := early.New(&plan.Host{Plays: p.Plays}).Next(steps); n != len(steps) {
		t.Errorf("without questions the sequence ends after %d", n)
	}
}
