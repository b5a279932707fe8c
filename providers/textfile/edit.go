// Package textfile is what types have in common that manage text files: edits of a file that is there (Edit), and files
// that are the unit's as a whole (Whole).
//
// It imports providers/sdk and what lies below.
package textfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Edit is a text file that a unit edits: the arguments that all such types have in common.
type Edit struct {
	Path     string `json:"path"`
	Create   bool   `json:"create"`
	Backup   bool   `json:"backup"`
	Validate string `json:"validate"`
	Follow   string `json:"follow"`
}

// State is what is at the path.
type State struct{ op.TextResult }

// Output is what an edit offers to later units.
type Output struct {
	Changed bool   `json:"changed"`
	Backup  string `json:"backup"`
}

func (f Edit) unsafe() bool { return f.Follow == "unsafe" }

// Read asks for the text.
func (f Edit) Read(t *sdk.T) State {
	return State{*t.Must(t.Do(op.Op{Text: &op.Text{Path: f.Path, Limit: op.MaxText, Unsafe: f.unsafe()}})).Text}
}

// Plan brings the file into the state that edit makes of its text. absent says that the unit only takes away, so
// that a file which is not there is as it should be. edit may fail the unit.
func (f Edit) Plan(t *sdk.T, now State, absent bool, edit func(text string) string) {
	backup := ""
	switch {
	case !now.Exists && !absent && !f.Create:
		f.await(t)
	case f.ready(t, now, absent):
		after := edit(now.Text)
		if after != now.Text || !now.Exists {
			if !now.Exists {
				t.Action(abi.Create)
				if now.NoParent {
					NeedDirectory(t, f.Path)
				}
			}
			t.DifferText("content", now.Text, after, !now.Exists)
			if r := f.write(t, &op.Blob{Text: &after}); t.Acting() {
				backup = r.Done.Backup
			}
		}
	}
	t.Output(Output{Changed: t.Acted(), Backup: backup})
}

// ready reports whether there is a text to edit, which may be that of a file that is going to be made. Anything
// else at the path fails the unit.
func (f Edit) ready(t *sdk.T, now State, absent bool) bool {
	switch {
	case !now.Exists:
		return !absent
	case now.Type == op.TypeLink:
		t.Fail(op.Conflict, f.Path+" is a link to "+strconv.Quote(now.Target)+", and no text file", "", "edit the file that it leads to, by its own path")
	case now.Type != op.TypeFile:
		t.Fail(op.Conflict, f.Path+" is a "+string(now.Type)+", and no text file", "", "is the path right?")
	case now.Long > 0:
		t.Fail(op.Permanent, f.Path+" has "+strconv.FormatInt(now.Long, 10)+" bytes, more than the "+strconv.Itoa(op.MaxText)+" that can be edited", "", "bring the whole file: file(path, source = ...)")
	case now.Binary:
		t.Fail(op.Permanent, f.Path+" is not UTF-8 text", "", "bring the whole file: file(path, source = ...)")
	}
	return true
}

// await announces an edit of a file that is not there: what brings it has to come before.
func (f Edit) await(t *sdk.T) {
	t.Needs(abi.Need{
		What: "file " + f.Path, Kind: "file", Name: f.Path, Paths: []string{f.Path},
		Hint: "declare what brings it before; or create = True, to begin with an empty one",
	})
	t.DifferUnknown("content", nil)
	f.write(t, nil, "content")
}

func (f Edit) write(t *sdk.T, content *op.Blob, unknown ...string) op.Result {
	return t.Effect(op.Op{Write: &op.Write{Path: f.Path, Content: content, Backup: f.Backup, Check: f.Validate, Unsafe: f.unsafe()}}, unknown...)
}

// Potential is that the file is written, with whatever the text is by then.
func (f Edit) Potential(t *sdk.T) { f.write(t, nil, "content") }

// NeedDirectory announces that there is no directory for the file at a path.
func NeedDirectory(t *sdk.T, path string) {
	dir := Dir(path)
	t.Needs(abi.Need{
		What: "directory " + dir, Kind: "directory", Name: dir, Paths: []string{dir}, Directory: true,
		Hint: "declare it before: file(" + strconv.Quote(dir) + `, state = "directory")`,
	})
}

// Dir is the directory that holds what is at a path.
func Dir(path string) string { return path[:max(1, strings.LastIndexByte(path, '/'))] }

// Lines splits a text into lines, each with its end.
func Lines(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// Bare is a line without its end.
func Bare(line string) string { return strings.TrimRight(line, "\r\n") }

// Unknown announces that what the file is going to say is known only at apply, and reports whether it is: one of
// the arguments is.
func (f Edit) Unknown(t *sdk.T, arguments ...string) bool {
	if !slices.ContainsFunc(arguments, t.Unknown) {
		return false
	}
	t.DifferUnknown("content", nil)
	f.write(t, nil, "content")
	return true
}
