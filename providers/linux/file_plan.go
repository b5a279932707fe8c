package linux

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Permissions of what is new and has no mode given.
const (
	newFile = 0o644
	newDir  = 0o755
)

// emptySum is the SHA-256 of no bytes.
const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Plan brings the path into the wanted state. Effects carry all attributes that
// are given, not only those that differ, so that they stay the same whatever is
// found at apply.
func (f File) Plan(t *sdk.T, actual FileState) {
	backup := ""
	switch f.State {
	case present:
		backup = f.planPresent(t, actual)
	case absent:
		f.planAbsent(t, actual)
	case directory:
		f.planDirectory(t, actual)
	case link:
		f.planLink(t, actual)
	default:
		t.Fail(op.Permanent, "unknown state "+strconv.Quote(f.State), "", "")
	}
	t.Output(FileOutput{Changed: t.Acted(), Backup: backup})
}

// May lists what brings the path into the wanted state from any other.
func (f File) May(t *sdk.T) {
	if !t.Unknown("state") {
		f.may(t)
		return
	}
	for _, f.State = range []string{present, absent, directory, link} {
		if f.State != link || f.Target != "" || t.Unknown("target") {
			f.may(t)
		}
	}
}

func (f File) may(t *sdk.T) {
	want := f.attributes(t, newFile, false)
	switch f.State {
	case present:
		content := f.Content
		if content == nil && !t.Unknown("content") {
			content = &op.Blob{Sum: emptySum}
		}
		f.write(t, content, want, f.Backup)
	case absent:
		t.Effect(op.Op{Remove: &op.Remove{Path: f.Path, Recurse: f.Recurse}})
	case directory:
		fresh := f
		fresh.Recurse = false // for an empty directory it means nothing yet
		fresh.mkdir(t, fresh.attributes(t, newDir, true))
		want = f.attributes(t, newDir, true)
	case link:
		want.Mode = nil
		f.link(t)
	}
	if f.State != absent && (want != (op.Attributes{}) || len(f.unknown(t, "mode", "owner", "group")) > 0) {
		f.setAttributes(t, want)
	}
}

func (f File) planPresent(t *sdk.T, actual FileState) (backup string) {
	content, now := f.Content, actual.Mode
	fresh := f.begin(t, actual, op.TypeFile, op.TypeLink)
	if fresh {
		now = newFile
		if content == nil && !t.Unknown("content") {
			content = &op.Blob{Sum: emptySum}
		}
	}
	want := f.attributes(t, now, false)
	if fresh && want.Mode == nil && !t.Unknown("mode") {
		want.Mode = new(uint32(newFile))
	}
	differs := f.differContent(t, actual, content)
	attributes := f.differAttributes(t, actual, want, fresh)
	if differs || fresh {
		if r := f.write(t, content, want, f.Backup && !fresh); t.Acting() {
			backup = r.Done.Backup
		}
	}
	// Content that is not known yet may turn out to be what is there already.
	if attributes && !fresh && (!differs || t.Unknown("content")) {
		f.setAttributes(t, want)
	}
	return backup
}

func (f File) write(t *sdk.T, content *op.Blob, want op.Attributes, backup bool) op.Result {
	write := &op.Write{Path: f.Path, Content: content, Attributes: want, Backup: backup, Check: f.Validate}
	return t.Effect(op.Op{Write: write}, f.unknown(t, "content", "mode", "owner", "group")...)
}

// begin settles whether something new has to be put at the path, in the place
// of nothing or of one of the types that give way. Other types are an error.
func (f File) begin(t *sdk.T, actual FileState, want op.Type, giveWay ...op.Type) (fresh bool) {
	if !actual.Exists {
		t.Action(abi.Create)
		return true
	}
	if actual.Type == want {
		return false
	}
	if slices.Contains(giveWay, actual.Type) {
		t.Action(abi.Replace)
		t.Differ("type", actual.Type, want)
		return true
	}
	what := string(actual.Type)
	if actual.Type == op.TypeLink {
		what = "link to " + strconv.Quote(actual.Target)
	}
	hint := `move it away, or remove it first: file(` + strconv.Quote(f.Path) + `, state = "absent")`
	if actual.Type == op.TypeDir {
		hint = `move it away, or remove it with all it holds: state = "absent", recurse = True`
	}
	t.Fail(op.Conflict, "a "+what+" is in the way at "+f.Path+", where a "+string(want)+" should be", "", hint)
	return false
}

func (f File) differContent(t *sdk.T, actual FileState, content *op.Blob) bool {
	if t.Unknown("content") {
		t.DifferUnknown("content", actual.blob())
		return true
	}
	return content != nil && content.Sum != actual.Sum && t.Differ("content", actual.blob(), content)
}

// differAttributes compares mode and owner; of a fresh file there is no before.
func (f File) differAttributes(t *sdk.T, actual FileState, want op.Attributes, fresh bool) bool {
	wanted := want.Mode
	if actual.Type == op.TypeDir && want.DirMode != nil {
		wanted = want.DirMode
	}
	mode := ""
	if wanted != nil {
		mode = octal(*wanted)
	}
	fields := []struct{ name, before, id, after string }{
		{"mode", octal(actual.Mode), "", mode},
		{"owner", actual.Owner, strconv.FormatUint(uint64(actual.UID), 10), want.Owner},
		{"group", actual.Group, strconv.FormatUint(uint64(actual.GID), 10), want.Group},
	}
	differs := false
	for _, field := range fields {
		unknown := t.Unknown(field.name)
		if !unknown && (field.after == "" || !fresh && (field.after == field.before || field.after == field.id)) {
			continue // most often, and before anything is made for a difference
		}
		var before any
		if !fresh {
			before = field.before
		}
		if unknown {
			t.DifferUnknown(field.name, before)
			differs = true
		} else if t.Differ(field.name, before, field.after) {
			differs = true
		}
	}
	return differs
}

func (f File) setAttributes(t *sdk.T, want op.Attributes) {
	unknown := f.unknown(t, "mode", "owner", "group")
	if f.Recurse && t.Unknown("mode") {
		unknown = append(unknown, "dir_mode")
	}
	t.Effect(op.Op{Attr: &op.Attr{Path: f.Path, Recurse: f.Recurse, Attributes: want}}, unknown...)
}

func (f File) planAbsent(t *sdk.T, actual FileState) {
	if !actual.Exists {
		return
	}
	if actual.Filled {
		t.Fail(op.Conflict, "directory "+f.Path+" is not empty", "", "to remove it with all it holds, add recurse = True")
	}
	t.Action(abi.Delete)
	t.Differ("type", actual.Type, nil)
	t.Effect(op.Op{Remove: &op.Remove{Path: f.Path, Recurse: f.Recurse}})
}

func (f File) planDirectory(t *sdk.T, actual FileState) {
	fresh := f.begin(t, actual, op.TypeDir)
	if fresh {
		f.makeDirectory(t, actual)
		return
	}
	want := f.attributes(t, actual.Mode, true)
	differs := f.differAttributes(t, actual, want, false)
	if len(actual.Others) > 0 {
		differs = t.Differ("below", othersText(actual), "the same mode and owner") || differs
	}
	if differs {
		f.setAttributes(t, want)
	}
}

// makeDirectory makes an empty directory, for which recurse means nothing yet.
func (f File) makeDirectory(t *sdk.T, actual FileState) {
	f.Recurse = false
	want := f.attributes(t, newDir, true)
	if want.Mode == nil && !t.Unknown("mode") {
		want.Mode = new(uint32(newDir))
	}
	f.differAttributes(t, actual, want, true)
	f.mkdir(t, want)
}

func (f File) mkdir(t *sdk.T, want op.Attributes) {
	t.Effect(op.Op{Mkdir: &op.Mkdir{Path: f.Path, Attributes: want}}, f.unknown(t, "mode", "owner", "group")...)
}

// othersText sums up entries below a directory that differ: "3 others: a, b, c".
func othersText(actual FileState) string {
	const shown = 3
	n := len(actual.Others)
	text := strconv.Itoa(n) + " others: " + strings.Join(actual.Others[:min(n, shown)], ", ")
	if actual.More {
		text = "more than " + text
	}
	if n > shown {
		text += ", ..."
	}
	return text
}

func (f File) planLink(t *sdk.T, actual FileState) {
	fresh := f.begin(t, actual, op.TypeLink, op.TypeFile)
	var before any
	if !fresh {
		before = actual.Target
	}
	differs := true
	if t.Unknown("target") {
		t.DifferUnknown("target", before)
	} else {
		differs = t.Differ("target", before, f.Target)
	}
	want := op.Attributes{Owner: f.Owner, Group: f.Group}
	attributes := f.differAttributes(t, actual, want, fresh)
	if differs || fresh {
		f.link(t)
	}
	if attributes && !fresh && (!differs || t.Unknown("target")) {
		f.setAttributes(t, want)
	}
}

func (f File) link(t *sdk.T) {
	l := &op.Link{Path: f.Path, Target: f.Target, Owner: f.Owner, Group: f.Group}
	t.Effect(op.Op{Link: l}, f.unknown(t, "target", "owner", "group")...)
}
