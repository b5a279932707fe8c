package transfer_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/transfer"
	"github.com/openfroyo/froyo/runner/op"
)

var treeList = op.NewBlob([]byte("a list"))

var syncArgs = given{"path": "/srv/app", "state": "present", "src": "app", "tree": treeList, "delete": false, "follow": "safe"}

// mirrors is a target that holds trees: what it says of a directory is what the test says, until one is brought or removed.
type mirrors struct {
	*providertest.Memory
	now op.TreeResult
}

func (m *mirrors) Do(o op.Op) op.Result {
	switch {
	case o.Tree != nil && o.Tree.Query:
		now := m.now
		return op.Result{Tree: &now}
	case o.Tree != nil:
		m.now = op.TreeResult{Exists: !o.Tree.Absent}
	default:
		return m.Memory.Do(o)
	}
	m.Done = append(m.Done, o)
	return op.Result{Done: &op.Done{Changed: true}}
}

func part(names ...string) op.TreePart { return op.TreePart{Count: len(names), Names: names} }

func TestSync(t *testing.T) {
	all := op.TreeResult{
		Exists: true, Missing: part("a"), Differing: part("b has another mode", "c is a link"), Extra: op.TreePart{Count: 30, Names: []string{"x"}}, Pick: "0,7", Bytes: 9,
	}
	for _, tt := range []struct {
		name   string
		args   given
		now    op.TreeResult
		action abi.Action
		diffs  string
	}{
		{"new", nil, op.TreeResult{Missing: part("a", "b"), Pick: "0-1", Bytes: 2}, abi.Create, `directory "/srv/app"; added "2 names: a, b"`},
		{"empty", nil, op.TreeResult{}, abi.Create, `directory "/srv/app"`},
		{"there", nil, op.TreeResult{Exists: true}, abi.None, ""},
		{"some", nil, all, abi.Update, `added "1 name: a"; changed "2 names: b has another mode, c is a link" "as in the tree"; deleted "30 names: x, ..."`},
		{"in the way", given{"delete": true}, op.TreeResult{Exists: true, InTheWay: part("a is a directory")}, abi.Update, `replaced "1 name: a is a directory" "as in the tree"`},
		{
			"owner",
			given{"owner": "root", "group": "0", "file_mode": "0640", "dir_mode": "750", "exclude": []any{".git"}},
			all, abi.Update,
			`added "1 name: a"; changed "2 names: b has another mode, c is a link" "as in the tree"; deleted "30 names: x, ..."`,
		},
		{"gone", given{"state": "absent"}, op.TreeResult{Exists: true, Extra: part("a")}, abi.Delete, `deleted "1 name: a"`},
		{"gone already", given{"state": "absent"}, op.TreeResult{Exists: true}, abi.None, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := &mirrors{&providertest.Memory{}, tt.now}
			change, _ := providertest.New(t, providertest.Native(transfer.Types()), target).Converge(providertest.Unit{Type: "sync", Args: args(t, syncArgs, tt.args)})
			var diffs []string
			for _, d := range change.Diffs {
				diffs = append(diffs, strings.TrimSpace(strings.ReplaceAll(d.Field+" "+string(d.Before)+" "+string(d.After), "  ", " ")))
			}
			if got := strings.Join(diffs, "; "); change.Action != tt.action || got != tt.diffs {
				t.Errorf("planned %s of %s", change.Action, got)
			}
			for _, o := range target.Done {
				s := o.Tree
				if absent := tt.args["state"] == "absent"; s.Pick != tt.now.Pick || s.Absent != absent || s.Tree.Sum != treeList.Sum {
					t.Errorf("performed %+v", s)
				}
			}
		})
	}
}

// TestSyncHints does what each hint says.
func TestSyncHints(t *testing.T) {
	const hint = "remove what is there, or let delete = True do it; exclude leaves it alone"
	target := &mirrors{&providertest.Memory{}, op.TreeResult{Exists: true, InTheWay: part("a is a directory")}}
	kit := providertest.New(t, providertest.Native(transfer.Types()), target)
	_, err := kit.Plan(providertest.Unit{Type: "sync", Args: args(t, syncArgs, nil)})
	if err == nil || err.Hint != hint || !strings.Contains(err.Message, "1 name of the tree cannot be brought into /srv/app: a is a directory") {
		t.Errorf("got %v", err)
	}
	kit.Converge(providertest.Unit{Type: "sync", Args: args(t, syncArgs, given{"delete": true})})
	target.now = op.TreeResult{Exists: true} // with the directory removed, or left out
	if change, err := kit.Plan(providertest.Unit{Type: "sync", Args: args(t, syncArgs, given{"exclude": []any{"a"}})}); err != nil || change.Action != abi.None {
		t.Errorf("got %+v, %v", change, err)
	}
}

func TestSyncNeeds(t *testing.T) {
	target := &mirrors{&providertest.Memory{}, op.TreeResult{}}
	change, err := providertest.New(t, providertest.Native(transfer.Types()), target).Plan(providertest.Unit{Type: "sync", Args: args(t, syncArgs, given{"owner": "lost", "group": "none"})})
	if err != nil || len(change.Needs) != 2 || change.Needs[0].String() != "user lost" || change.Needs[1].String() != "group none" {
		t.Errorf("needs %+v, %v", change, err)
	}
}
