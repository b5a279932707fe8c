package linux

import (
	"strconv"
	"strings"

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
	backup, change := "", fileChange{f, t, actual}
	switch f.State {
	case present:
		backup = change.file()
	case absent:
		change.remove()
	case directory:
		change.directory()
	case link:
		change.link()
	default:
		t.Fail(op.Permanent, "unknown state "+strconv.Quote(f.State), "", "")
	}
	if actual.Lacks != nil {
		need(t, f.needs(), actual.Lacks)
	}
	t.Output(FileOutput{Changed: t.Acted(), Backup: backup})
}

// Potential lists what brings the path into the wanted state from any other.
func (f File) Potential(t *sdk.T) {
	if !t.Unknown("state") {
		f.fromAny(t)
		return
	}
	for _, f.State = range []string{present, absent, directory, link} {
		if f.State != link || f.Target != "" || t.Unknown("target") {
			f.fromAny(t)
		}
	}
}

// fromAny asks for what brings the path into its state from any other.
func (f File) fromAny(t *sdk.T) {
	want := f.attributes(t, newFile, false)
	switch f.State {
	case present:
		content := f.Content
		if content == nil && !t.Unknown("content") {
			content = &op.Blob{Sum: emptySum}
		}
		f.write(t, content, want)
	case absent:
		t.Effect(op.Op{Remove: &op.Remove{Path: f.Path, Recurse: f.Recurse, Unsafe: f.unsafe()}})
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

func (f File) write(t *sdk.T, content *op.Blob, want op.Attributes) op.Result {
	want, unknown := f.open(t, want, false)
	write := &op.Write{Path: f.Path, Content: content, Attributes: want, Backup: f.Backup, Check: f.Validate, InPlace: f.InPlace, Unsafe: f.unsafe()}
	return t.Effect(op.Op{Write: write}, append(unknown, f.unknown(t, "content")...)...)
}

// open names the attributes that get their value only at apply: those of unknown
// arguments, and a mode that depends on the one which is there by then.
func (f File) open(t *sdk.T, want op.Attributes, dir bool) (op.Attributes, []string) {
	unknown := f.unknown(t, "mode", "owner", "group")
	m, err := parseMode(f.Mode)
	if err == nil && !f.Recurse && m.depends(dir) {
		unknown = append(unknown, "mode")
		if !t.Acting() {
			want.Mode = nil
		}
	}
	return want, unknown
}

// parent is the directory that holds a path, which has no slash at its end.
func parent(path string) string { return path[:max(1, strings.LastIndexByte(path, '/'))] }

func (f File) setAttributes(t *sdk.T, want op.Attributes) {
	want, unknown := f.open(t, want, f.State == directory)
	if f.Recurse && t.Unknown("mode") {
		unknown = append(unknown, "dir_mode")
	}
	t.Effect(op.Op{Attr: &op.Attr{Path: f.Path, Recurse: f.Recurse, Attributes: want, Unsafe: f.unsafe()}}, unknown...)
}

func (f File) mkdir(t *sdk.T, want op.Attributes) {
	want, unknown := f.open(t, want, true)
	t.Effect(op.Op{Mkdir: &op.Mkdir{Path: f.Path, Attributes: want, Unsafe: f.unsafe()}}, unknown...)
}

func (f File) link(t *sdk.T) {
	l := &op.Link{Path: f.Path, Target: f.Target, Owner: f.Owner, Group: f.Group, Unsafe: f.unsafe()}
	t.Effect(op.Op{Link: l}, f.unknown(t, "target", "owner", "group")...)
}

// belowText sums up what goes with a directory, itself among the directories:
// "1,234 files in 57 directories, 5.6 MB: a, b, c, ...".
func belowText(b *Tally) string {
	var text string
	switch files := b.Count - b.Dirs; {
	case files == 0:
		text = counted(b.Dirs+1, "directory", "directories")
	case b.Dirs == 0:
		text = counted(files, "file", "files")
	default:
		text = counted(files, "file", "files") + " in " + counted(b.Dirs+1, "directory", "directories")
	}
	if b.Beyond {
		text = "more than " + text
	}
	text += ", " + size(b.Bytes) + ": " + strings.Join(b.Names, ", ")
	if b.Beyond || b.Count > len(b.Names) {
		text += ", ..."
	}
	return text
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + more
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes bytes in powers of 1000, with one digit after the point.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n), 0
	for ; value >= 999.95 && unit < 4; unit++ {
		value /= 1000
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + "kMGT"[unit-1:unit] + "B"
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
