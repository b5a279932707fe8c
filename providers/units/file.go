package units

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// file is a unit's file in a directory of which a program reads all files.
type file struct {
	textfile.Whole
	absent  bool
	program string   // the package whose program reads it, and brings the directory
	later   []string // arguments that may be known only at apply
}

// in is the file of that name in a directory, readable by all, since the programs refuse files that others than root may write.
func in(dir, name string) file {
	return file{Whole: textfile.Whole{Path: dir + "/" + name, Mode: 0o644}}
}

// converge brings the file into its state. content is asked for only where all arguments are known.
func (f file) converge(t *sdk.T, now textfile.WholeState, content func() string) {
	switch {
	case f.absent:
		f.Remove(t, now)
	default:
		if now.NoParent {
			f.need(t)
			now.NoParent = false
		}
		if f.Unknown(t, now, f.later...) {
			break
		}
		f.Write(t, now, content())
	}
	t.Output(Output{Changed: t.Acted()})
}

// potential is all that converge may do.
func (f file) potential(t *sdk.T) {
	if f.absent {
		f.PotentialRemove(t)
		return
	}
	f.PotentialWrite(t)
}

// need announces that the directory is missing. Making it would not help: its program is missing as well.
func (f file) need(t *sdk.T) {
	dir := textfile.Dir(f.Path)
	t.Needs(abi.Need{
		What: "directory " + dir, Kind: "directory", Name: dir, Paths: []string{dir}, Directory: true,
		Hint: "declare what brings it before: pkg(" + strconv.Quote(f.program) + ")",
	})
}

// run has a program change the host, and fails the unit where it fails.
func run(t *sdk.T, argv ...string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Argv: argv}})
	if t.Acting() && r.Exec.RC != 0 {
		t.Fail(op.Permanent, strings.Join(argv, " ")+" ended with "+strconv.Itoa(r.Exec.RC), strings.TrimSpace(r.Exec.Stderr), "")
	}
}

// texts are those of an argument that is a text or a list of texts.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, each := range v {
			text, _ := each.(string)
			all = append(all, text)
		}
	}
	return all
}

// octal is a mode as operators write it.
func octal(bits uint32) string {
	s := strconv.FormatUint(uint64(bits), 8)
	return strings.Repeat("0", max(0, 4-len(s))) + s
}

// quote shows a text in a message.
func quote(s string) string { return strconv.Quote(s) }
