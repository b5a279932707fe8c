package textfile

import (
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Whole is a text file that is a unit's as a whole: it says what the unit makes of its arguments, and nothing else. Owner
// and group are names; it is root's where they are empty.
type Whole struct {
	Path         string
	Mode         uint32
	Owner, Group string
	// Validate is a shell command that checks the new file, given as "%s", before it counts.
	Validate string
	Backup   bool
	// Label stands before the names of differences, where a unit has several files.
	Label string
}

// WholeState is what is at the path of a Whole.
type WholeState struct {
	op.TextResult
	Mode  uint32 `json:"mode,omitempty"`
	Owner string `json:"owner,omitempty"`
	Group string `json:"group,omitempty"`
}

// Ops are the reads that WholeState is made of, for types that read more in one go.
func (w Whole) Ops() []op.Op {
	return []op.Op{{Text: &op.Text{Path: w.Path, Limit: op.MaxText}}, {Stat: &op.Stat{Path: w.Path}}}
}

// State makes the state of the results of Ops.
func (w Whole) State(t *sdk.T, results []op.Result) WholeState {
	text, stat := t.Must(results[0]).Text, t.Must(results[1]).Stat
	return WholeState{*text, stat.Mode, stat.Owner, stat.Group}
}

// Read asks for the file.
func (w Whole) Read(t *sdk.T) WholeState { return w.State(t, t.All(w.Ops()...)) }

// Write brings the file into its state, and returns the path of the copy that was kept, or "".
func (w Whole) Write(t *sdk.T, now WholeState, content string) (backup string) {
	if w.Owner == "" {
		w.Owner = "root"
	}
	if w.Group == "" {
		w.Group = "root"
	}
	fresh := !now.Exists
	switch {
	case fresh:
		t.Action(abi.Create)
		if now.NoParent {
			NeedDirectory(t, w.Path)
		}
	case now.Type == op.TypeLink:
		t.Action(abi.Replace)
		t.Differ(w.field("type"), now.Type, op.TypeFile)
		fresh = true
	case now.Type != op.TypeFile:
		t.Fail(op.Conflict, "a "+string(now.Type)+" is in the way at "+w.Path, "", "move it away")
	}
	unread := now.Binary || now.Long > 0 // by somebody else: it is replaced
	differs := t.DifferText(w.field("content"), now.Text, content, fresh || unread)
	attributes := w.differ(t, now, fresh)
	switch {
	case differs:
		write := &op.Write{Path: w.Path, Content: &op.Blob{Text: &content}, Attributes: w.attributes(), Backup: w.Backup, Check: w.Validate}
		if r := t.Effect(op.Op{Write: write}); t.Acting() {
			backup = r.Done.Backup
		}
	case attributes:
		t.Effect(op.Op{Attr: &op.Attr{Path: w.Path, Attributes: w.attributes()}})
	}
	return backup
}

func (w Whole) attributes() op.Attributes {
	return op.Attributes{Mode: &w.Mode, Owner: w.Owner, Group: w.Group}
}

// differ compares mode and owner; of a fresh file there is no before.
func (w Whole) differ(t *sdk.T, now WholeState, fresh bool) bool {
	differs := false
	for _, field := range []struct{ name, before, after string }{
		{"mode", Octal(now.Mode), Octal(w.Mode)}, {"owner", now.Owner, w.Owner}, {"group", now.Group, w.Group},
	} {
		var before any
		if !fresh {
			before = field.before
		}
		differs = t.Differ(w.field(field.name), before, field.after) || differs
	}
	return differs
}

// Unknown announces that what the file is going to say is known only at apply, and reports whether it is: one of the
// arguments is.
func (w Whole) Unknown(t *sdk.T, now WholeState, arguments ...string) bool {
	if !slices.ContainsFunc(arguments, t.Unknown) {
		return false
	}
	if !now.Exists {
		t.Action(abi.Create)
		if now.NoParent {
			NeedDirectory(t, w.Path)
		}
	}
	t.DifferUnknown(w.field("content"), nil)
	w.PotentialWrite(t)
	return true
}

// Remove removes the file, if it is there.
func (w Whole) Remove(t *sdk.T, now WholeState) {
	if !now.Exists {
		return
	}
	if now.Type == op.TypeDir {
		t.Fail(op.Conflict, "a directory is in the way at "+w.Path, "", "move it away")
	}
	t.Action(abi.Delete)
	t.Differ(w.field("type"), now.Type, nil)
	if now.Type == op.TypeFile && now.Text != "" {
		t.RemoveText(w.field("content"), now.Text)
	}
	t.Effect(op.Op{Remove: &op.Remove{Path: w.Path}})
}

// field is the name of a difference.
func (w Whole) field(name string) string {
	if w.Label == "" {
		return name
	}
	return w.Label + " " + name
}

// PotentialWrite is that the file is written or only gets its mode and owner, with whatever content.
func (w Whole) PotentialWrite(t *sdk.T) {
	if w.Owner == "" {
		w.Owner = "root"
	}
	if w.Group == "" {
		w.Group = "root"
	}
	t.Effect(op.Op{Write: &op.Write{Path: w.Path, Attributes: w.attributes(), Backup: w.Backup, Check: w.Validate}}, "content")
	t.Effect(op.Op{Attr: &op.Attr{Path: w.Path, Attributes: w.attributes()}})
}

// PotentialRemove is that the file is removed.
func (w Whole) PotentialRemove(t *sdk.T) { t.Effect(op.Op{Remove: &op.Remove{Path: w.Path}}) }

// Octal is how a file's permissions stand in a difference.
func Octal(bits uint32) string {
	s := strconv.FormatUint(uint64(bits), 8)
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}
