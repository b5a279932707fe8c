package transfer

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Sync is a directory of the workspace that is brought to a host. Its fields are described in sync.cue.
type Sync struct {
	Path     string   `json:"path"`
	State    string   `json:"state"`
	Tree     *op.Blob `json:"tree"`
	Exclude  []string `json:"exclude"`
	Delete   bool     `json:"delete"`
	FileMode string   `json:"file_mode"`
	DirMode  string   `json:"dir_mode"`
	Owner    string   `json:"owner"`
	Group    string   `json:"group"`
	Follow   string   `json:"follow"`
}

// SyncState is in what a directory differs from the tree.
type SyncState struct {
	op.TreeResult
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

func (s Sync) mirror(t *sdk.T) *op.Tree {
	return &op.Tree{
		Path: s.Path, Tree: s.Tree, Exclude: s.Exclude, Delete: s.Delete && s.State != absent, Absent: s.State == absent, Unsafe: s.Follow == "unsafe",
		Attributes: op.Attributes{Mode: octal(t, s.FileMode), DirMode: octal(t, s.DirMode), Owner: s.Owner, Group: s.Group},
	}
}

// Read implements sdk.Resource.
func (s Sync) Read(t *sdk.T) SyncState {
	query := s.mirror(t)
	query.Query = true
	ops := []op.Op{{Tree: query}}
	if asked := owners(s.Owner, s.Group); asked != nil && s.State != absent {
		ops = append(ops, op.Op{Need: asked})
	}
	state := SyncState{}
	for _, r := range t.All(ops...) {
		switch r := t.Must(r); {
		case r.Tree != nil:
			state.TreeResult = *r.Tree
		case r.Need != nil && r.Need.Lacking() > 0:
			state.Lacks = r.Need
		}
	}
	return state
}

// Plan implements sdk.Resource.
func (s Sync) Plan(t *sdk.T, now SyncState) {
	if s.State == absent {
		s.remove(t, now)
	} else {
		s.bring(t, now)
	}
	t.Output(Output{Changed: t.Acted()})
}

func (s Sync) bring(t *sdk.T, now SyncState) {
	if n := now.InTheWay; n.Count > 0 && !s.Delete {
		t.Fail(op.Conflict, counted(n.Count, "name")+" of the tree cannot be brought into "+s.Path+": "+some(n.Names, n.Count), "",
			"remove what is there, or let delete = True do it; exclude leaves it alone")
	}
	differs := !now.Exists && t.Differ("directory", nil, s.Path)
	for _, d := range []struct {
		field, now, then string
		part             op.TreePart
	}{
		{"added", "", "", now.Missing},
		{"changed", "", "as in the tree", now.Differing},
		{"replaced", "", "as in the tree", now.InTheWay},
		{"deleted", "", "", now.Extra},
	} {
		if d.part.Count == 0 {
			continue
		}
		differs = true
		told := counted(d.part.Count, "name") + ": " + some(d.part.Names, d.part.Count)
		switch {
		case d.field == "added":
			t.Differ(d.field, nil, told)
		case d.then == "":
			t.Differ(d.field, told, nil)
		default:
			t.Differ(d.field, told, d.then)
		}
	}
	if !differs {
		return
	}
	if !now.Exists {
		t.Action(abi.Create)
	}
	if now.Bytes > 0 {
		t.Reason("sends " + strconv.FormatInt(now.Bytes, 10) + " bytes")
	}
	if now.Lacks != nil {
		need(t, now.Lacks)
	}
	tree := s.mirror(t)
	tree.Pick = now.Pick
	t.Effect(op.Op{Tree: tree})
}

func (s Sync) remove(t *sdk.T, now SyncState) {
	if now.Extra.Count == 0 {
		return
	}
	t.Action(abi.Delete)
	t.Differ("deleted", counted(now.Extra.Count, "name")+": "+some(now.Extra.Names, now.Extra.Count), nil)
	s.discard(t)
}

func (s Sync) discard(t *sdk.T) { t.Effect(op.Op{Tree: s.mirror(t)}) }

// Potential implements sdk.HasPotential.
func (s Sync) Potential(t *sdk.T) {
	if s.State == absent {
		s.discard(t)
		return
	}
	t.Effect(op.Op{Tree: s.mirror(t)}, "pick")
}
