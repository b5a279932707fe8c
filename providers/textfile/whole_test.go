package textfile_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// thing is a type whose file is /etc/thing.
type thing struct {
	Says  string `json:"says"`
	State string `json:"state"`
}

var whole = textfile.Whole{Path: "/etc/thing", Mode: 0o440}

func (thing) Read(t *sdk.T) textfile.WholeState { return whole.Read(t) }

func (y thing) Plan(t *sdk.T, now textfile.WholeState) {
	if y.State == "absent" {
		whole.Remove(t, now)
		return
	}
	whole.Write(t, now, y.Says)
}

func (y thing) Potential(t *sdk.T) {
	if y.State == "absent" {
		whole.PotentialRemove(t)
		return
	}
	whole.PotentialWrite(t)
}

func TestWhole(t *testing.T) {
	set := sdk.NewSet()
	sdk.Add[thing, textfile.WholeState](set, "thing")
	for _, tt := range []struct {
		name   string
		node   *providertest.Node
		args   string
		action abi.Action
		diffs  int
	}{
		{"new", nil, `{"says":"a\n"}`, abi.Create, 4},
		{"as it should be", &providertest.Node{Type: op.TypeFile, Mode: 0o440, Content: op.NewBlob([]byte("a\n"))}, `{"says":"a\n"}`, abi.None, 0},
		{"another content", &providertest.Node{Type: op.TypeFile, Mode: 0o440, Content: op.NewBlob([]byte("b\n"))}, `{"says":"a\n"}`, abi.Update, 1},
		{"another mode", &providertest.Node{Type: op.TypeFile, Mode: 0o666, Content: op.NewBlob([]byte("a\n"))}, `{"says":"a\n"}`, abi.Update, 1},
		{"another owner and content", &providertest.Node{Type: op.TypeFile, Mode: 0o440, Owner: "app", Content: op.NewBlob([]byte("b\n"))}, `{"says":"a\n"}`, abi.Update, 2},
		{"binary", &providertest.Node{Type: op.TypeFile, Mode: 0o440, Content: op.NewBlob([]byte{0xff})}, `{"says":"a\n"}`, abi.Update, 1},
		{"a link", &providertest.Node{Type: op.TypeLink, Target: "/etc/passwd"}, `{"says":"a\n"}`, abi.Replace, 5},
		{"empty", nil, `{"says":""}`, abi.Create, 4},
		{"removed", &providertest.Node{Type: op.TypeFile, Mode: 0o440, Content: op.NewBlob([]byte("b\n"))}, `{"state":"absent"}`, abi.Delete, 2},
		{"a link removed", &providertest.Node{Type: op.TypeLink, Target: "/etc/passwd"}, `{"state":"absent"}`, abi.Delete, 1},
		{"gone already", nil, `{"state":"absent"}`, abi.None, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Users: map[string]uint32{"app": 7}, Files: map[string]*providertest.Node{"/etc": {Type: op.TypeDir, Mode: 0o755}}}
			if tt.node != nil {
				m.Files["/etc/thing"] = tt.node
			}
			kit := providertest.New(t, providertest.Native(set), m)
			change, _ := kit.Converge(providertest.Unit{Type: "thing", Args: tt.args})
			if change.Action != tt.action || len(change.Diffs) != tt.diffs {
				t.Errorf("planned %s with %d differences: %+v", change.Action, len(change.Diffs), change.Diffs)
			}
			n := m.Files["/etc/thing"]
			switch {
			case tt.args == `{"state":"absent"}`:
				if n != nil {
					t.Error("it is still there")
				}
			case n == nil || n.Mode != 0o440 || n.Type != op.TypeFile:
				t.Errorf("it is %+v", n)
			case tt.args == `{"says":"a\n"}` && m.Says(t, "/etc/thing") != "a\n":
				t.Errorf("it says %q", m.Says(t, "/etc/thing"))
			}
		})
	}
}

func TestWholeInTheWay(t *testing.T) {
	set := sdk.NewSet()
	sdk.Add[thing, textfile.WholeState](set, "thing")
	for _, args := range []string{`{"says":"a"}`, `{"state":"absent"}`} {
		m := &providertest.Memory{Files: map[string]*providertest.Node{"/etc": {Type: op.TypeDir}, "/etc/thing": {Type: op.TypeDir}}}
		if _, err := providertest.New(t, providertest.Native(set), m).Plan(providertest.Unit{Type: "thing", Args: args}); err == nil || err.Hint != "move it away" {
			t.Errorf("%s: %v", args, err)
		}
	}
}
