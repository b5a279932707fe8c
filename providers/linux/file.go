package linux

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// File is a file, directory or symbolic link. Its fields are described in file.cue.
type File struct {
	Path     string   `json:"path"`
	State    string   `json:"state"`
	Content  *op.Blob `json:"content"`
	Target   string   `json:"target"`
	Mode     string   `json:"mode"`
	Owner    string   `json:"owner"`
	Group    string   `json:"group"`
	Recurse  bool     `json:"recurse"`
	Backup   bool     `json:"backup"`
	Validate string   `json:"validate"`
}

// The states of a file.
const (
	present   = "present"
	absent    = "absent"
	directory = "directory"
	link      = "link"
)

// Limits of what is read to compare.
const (
	previewLimit = 1 << 20 // bytes of old content that the plan may show
	othersLimit  = 100     // entries below a directory that are told apart
)

// FileState is what is at a file's path.
type FileState struct {
	op.StatResult
	Sum string `json:"sum,omitempty"` // of the content, where that was asked for
	// Others names entries below a directory whose mode or owner is not as
	// wanted, the first of them where More is set.
	Others []string `json:"others,omitempty"`
	More   bool     `json:"more,omitempty"`
	Filled bool     `json:"filled,omitempty"` // a directory that is not empty
}

// FileOutput is what a file offers to later units.
type FileOutput struct {
	Changed bool   `json:"changed"`
	Backup  string `json:"backup"`
}

// Read asks in one go what is there and what may differ.
func (f File) Read(t *sdk.T) FileState {
	f.check(t)
	ops := append(make([]op.Op, 0, 2), op.Op{Stat: &op.Stat{Path: f.Path}})
	more, kind := f.closer(t)
	if kind != "" {
		ops = append(ops, more)
	}
	results := t.All(ops...)
	s := FileState{StatResult: *t.Must(results[0]).Stat}
	if !s.Exists || s.Type != kind {
		return s
	}
	switch r := t.Must(results[1]); {
	case r.Read != nil:
		s.Sum, s.Size = r.Read.Sum, r.Read.Size
	case f.State == absent:
		s.Filled = len(r.List.Entries) > 0
	default:
		for _, e := range r.List.Entries {
			s.Others = append(s.Others, e.Path)
		}
		s.More = r.List.More
	}
	return s
}

// closer returns the op that looks closer at what is there, and the type of
// file for which its result matters; "" where there is nothing more to know.
func (f File) closer(t *sdk.T) (op.Op, op.Type) {
	switch f.State {
	case present:
		if f.Content != nil {
			return op.Op{Read: &op.Read{Path: f.Path, Limit: previewLimit, Unless: f.Content.Sum}}, op.TypeFile
		}
		if t.Unknown("content") {
			return op.Op{Read: &op.Read{Path: f.Path, Limit: previewLimit}}, op.TypeFile
		}
	case absent:
		if !f.Recurse {
			return op.Op{List: &op.List{Path: f.Path, Limit: 1}}, op.TypeDir
		}
	case directory:
		want := f.attributes(t, 0, true)
		if f.Recurse && want != (op.Attributes{}) && len(f.unknown(t, "mode", "owner", "group")) == 0 {
			return op.Op{List: &op.List{Path: f.Path, Recurse: true, Limit: othersLimit, Unless: &want}}, op.TypeDir
		}
	}
	return op.Op{}, ""
}

// blob refers to the content that is there, nil where there is none.
func (s *FileState) blob() *op.Blob {
	if s.Sum == "" {
		return nil
	}
	return &op.Blob{Sum: s.Sum, Size: s.Size}
}

// check refuses a mode that cannot be meant. What goes with which state is in the schema.
func (f File) check(t *sdk.T) {
	m, err := parseMode(f.Mode)
	if err != nil {
		t.Fail(op.Permanent, err.Error(), "", `write mode = "0644" or mode = "u=rw,go=r"`)
	}
	if f.Recurse && f.State == directory && f.Mode != "" && !m.whole() {
		t.Fail(op.Permanent, "mode "+strconv.Quote(f.Mode)+" does not say all for a whole tree", "", `name u, g and o: mode = "u=rwX,go=rX"`)
	}
}

// unknown returns those of the fields whose value is known only at apply.
func (f File) unknown(t *sdk.T, fields ...string) []string {
	var names []string
	for _, name := range fields {
		if t.Unknown(name) {
			names = append(names, name)
		}
	}
	return names
}

// attributes returns the wanted mode and owner of what now has other permissions.
func (f File) attributes(t *sdk.T, now uint32, dir bool) op.Attributes {
	m, err := parseMode(f.Mode)
	if err != nil {
		t.Fail(op.Permanent, err.Error(), "", "")
	}
	want := op.Attributes{Owner: f.Owner, Group: f.Group}
	switch {
	case m.given == 0:
	case f.Recurse:
		want.Mode = new(m.on(0, false))
		if d := m.on(0, true); d != *want.Mode {
			want.DirMode = &d
		}
	default:
		want.Mode = new(m.on(now, dir))
	}
	return want
}
