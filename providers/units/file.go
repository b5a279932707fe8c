package units

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
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

// quote shows a text in a message.
func quote(s string) string { return strconv.Quote(s) }
