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
	InPlace  bool     `json:"in_place"`
	Follow   string   `json:"follow"`
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
	namesLimit   = 3       // entries of a directory that goes, which the plan names
)

// FileState is what is at a file's path.
type FileState struct {
	op.StatResult
	Sum    string `json:"sum,omitempty"`    // of the content, where that was asked for
	Unread bool   `json:"unread,omitempty"` // it is large, and has another size than the content it should have
	// Others names entries below a directory whose mode or owner is not as
	// wanted, the first of them where More is set.
	Others []string `json:"others,omitempty"`
	More   bool     `json:"more,omitempty"`
	Filled bool     `json:"filled,omitempty"` // a directory that is not empty
	// Below is what is in a directory that goes with all it holds.
	Below *Tally `json:"below,omitempty"`
	// Mounts names mount points at and below a directory, relative to it.
	Mounts []string `json:"mounts,omitempty"`
	// Lacks is what the file needs and the host does not have.
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

// Tally sums up what is below a directory.
type Tally struct {
	Count  int      `json:"count"`
	Dirs   int      `json:"dirs,omitempty"` // how many of them are directories
	Bytes  int64    `json:"bytes"`
	Beyond bool     `json:"beyond,omitempty"` // there is more
	Names  []string `json:"names"`            // of the first entries
}

// FileOutput is what a file offers to later units.
type FileOutput struct {
	Changed bool   `json:"changed"`
	Backup  string `json:"backup"`
}

// Read asks in one go what is there and what may differ.
func (f File) Read(t *sdk.T) FileState {
	f.check(t)
	ops := append(make([]op.Op, 0, 3), op.Op{Stat: &op.Stat{Path: f.Path, Unsafe: f.unsafe()}})
	more, kind := f.closer(t)
	if kind != "" {
		ops = append(ops, more)
	}
	need := f.needs()
	if need != nil {
		ops = append(ops, op.Op{Need: need})
	}
	results := t.All(ops...)
	s := FileState{StatResult: *t.Must(results[0]).Stat}
	if need != nil {
		s.Lacks = lacks(t, results[len(results)-1])
	}
	if !s.Exists || s.Type != kind {
		return s
	}
	switch r := t.Must(results[1]); {
	case r.Read != nil:
		s.Sum, s.Size = r.Read.Sum, r.Read.Size
		s.Unread = r.Read.Regular && r.Read.Sum == ""
	case f.State == absent:
		s.Mounts, s.Filled = r.List.Mounts, len(r.List.Entries) > 0
		if f.Recurse && s.Filled {
			s.Below = &Tally{Count: r.List.Count, Dirs: r.List.Dirs, Bytes: r.List.Bytes, Beyond: r.List.Beyond, Names: names(r.List)}
		}
	default:
		s.Mounts, s.Others, s.More = r.List.Mounts, names(r.List), r.List.More
	}
	return s
}

// names returns the paths of the entries that were listed.
func names(l *op.ListResult) []string {
	var paths []string
	for _, e := range l.Entries {
		paths = append(paths, e.Path)
	}
	return paths
}

// unsafe reports whether links are followed whoever made them.
func (f File) unsafe() bool { return f.Follow == "unsafe" }

// closer returns the op that looks closer at what is there, and the type of
// file for which its result matters; "" where there is nothing more to know.
func (f File) closer(t *sdk.T) (op.Op, op.Type) {
	switch f.State {
	case present:
		if f.Content != nil {
			return op.Op{Read: f.read(f.Content.Sum, f.Content.Size)}, op.TypeFile
		}
		if t.Unknown("content") {
			return op.Op{Read: f.read("", 0)}, op.TypeFile
		}
	case absent:
		list := &op.List{Path: f.Path, Limit: 1, Mounts: true, Unsafe: f.unsafe()}
		if f.Recurse {
			list.Recurse, list.Tally, list.Limit = true, true, namesLimit
		}
		return op.Op{List: list}, op.TypeDir
	case directory:
		want := f.attributes(t, 0, true)
		if f.Recurse && want != (op.Attributes{}) && len(f.unknown(t, "mode", "owner", "group")) == 0 {
			list := &op.List{Path: f.Path, Recurse: true, Limit: othersLimit, Unless: &want, Mounts: true, Unsafe: f.unsafe()}
			return op.Op{List: list}, op.TypeDir
		}
	}
	return op.Op{}, ""
}

// read asks for the content of the file itself: a link at the path is no file.
// What is large and has another size differs anyway, and is not read.
func (f File) read(unless string, size int64) *op.Read {
	return &op.Read{Path: f.Path, Limit: previewLimit, Unless: unless, Size: size, NoFollow: true, Unsafe: f.unsafe()}
}

// content refers to the content that is there, nil where there is none, or says
// how large it is where it was not read.
func (s *FileState) content() any {
	switch {
	case s.Unread:
		return strconv.FormatInt(s.Size, 10) + " bytes, not read"
	case s.Sum == "":
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
