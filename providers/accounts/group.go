package accounts

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Group is a group of users. Its fields are described in group.cue.
type Group struct {
	Name      string  `json:"name"`
	State     string  `json:"state"`
	GID       *uint32 `json:"gid"`
	NonUnique bool    `json:"non_unique"`
	System    bool    `json:"system"`
}

// GroupState is what is known of the group.
type GroupState struct {
	Found bool           `json:"found"`
	GID   string         `json:"gid,omitempty"`
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

// tool is the program without which nothing can be done.
func (g Group) tool() string {
	if g.State == absent {
		return "groupdel"
	}
	return "groupadd"
}

// Read implements sdk.Resource.
func (g Group) Read(t *sdk.T) GroupState {
	got := t.All(entry("group", g.Name), op.Op{Need: &op.Need{Program: g.tool()}})
	found := t.Must(got[0]).Getent
	return GroupState{Found: found.Found, GID: field(found, fieldID), Lacks: lacks(t, got[1])}
}

// Plan implements sdk.Resource.
func (g Group) Plan(t *sdk.T, now GroupState) {
	switch {
	case g.State == absent:
		if now.Found {
			t.Action(abi.Delete)
			t.Differ("gid", now.GID, nil)
			need(t, g.tool(), now.Lacks)
			g.remove(t)
		}
	case !now.Found:
		t.Action(abi.Create)
		if g.GID != nil {
			t.Differ("gid", nil, g.gid())
		}
		need(t, g.tool(), now.Lacks)
		g.add(t)
	case g.GID != nil && t.Differ("gid", now.GID, g.gid()):
		need(t, g.tool(), now.Lacks)
		g.modify(t)
	}
	t.Output(Output{Changed: t.Acted()})
}

// Potential implements sdk.HasPotential.
func (g Group) Potential(t *sdk.T) {
	if g.State == absent {
		g.remove(t)
		return
	}
	g.add(t)
	if g.GID != nil {
		g.modify(t)
	}
}

func (g Group) gid() string { return strconv.FormatUint(uint64(*g.GID), 10) }

func (g Group) add(t *sdk.T) {
	argv := append([]string{"groupadd"}, g.number()...)
	if g.System {
		argv = append(argv, "--system")
	}
	program(t, append(argv, "--", g.Name)...)
}

func (g Group) modify(t *sdk.T) {
	program(t, append(append([]string{"groupmod"}, g.number()...), "--", g.Name)...)
}

func (g Group) remove(t *sdk.T) { program(t, "groupdel", "--", g.Name) }

// number are the options for the group's number.
func (g Group) number() []string {
	if g.GID == nil {
		return nil
	}
	options := []string{"--gid=" + g.gid()}
	if g.NonUnique {
		options = append(options, "--non-unique")
	}
	return options
}
