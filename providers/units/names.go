package units

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// names are users and groups that a file names: the programs that read it skip what names one who is not there.
type names struct{ need op.Need }

func (n *names) user(name string)  { add(&n.need.Users, name) }
func (n *names) group(name string) { add(&n.need.Groups, name) }

// add adds a name that has to be known: a number has not, and root always is.
func add(list *[]string, name string) {
	if name != "" && name != "root" && strings.Trim(name, "0123456789") != "" && !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// ask adds the question for the names to others, as the last one.
func (n *names) ask(ops []op.Op) []op.Op {
	if len(n.need.Users)+len(n.need.Groups) > 0 {
		ops = append(ops, op.Op{Need: &n.need})
	}
	return ops
}

// lacks is the answer, nil where all are there.
func (n *names) lacks(t *sdk.T, results []op.Result) *op.NeedResult {
	if len(n.need.Users)+len(n.need.Groups) == 0 {
		return nil
	}
	if found := t.Must(results[len(results)-1]).Need; found.Lacking() > 0 {
		return found
	}
	return nil
}

// announce says which names have to be brought before.
func announce(t *sdk.T, lacks *op.NeedResult) {
	if lacks == nil {
		return
	}
	for i, user := range lacks.NoUsers {
		t.Needs(abi.NeedUser(user, lacks.NearUser(i)))
	}
	for i, group := range lacks.NoGroups {
		t.Needs(abi.Need{
			What: "group " + group, Kind: "group", Name: group, Near: lacks.NearGroup(i), Paths: []string{"/etc/group"},
			Hint: "is the name right? what brings it has to be declared before",
		})
	}
}
