// Package onefile finds units that manage one file under two names, through
// links in the directories on the way to it.
//
// It imports the engine's leaves and the contracts of providers and runner.
package onefile

import (
	"bytes"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Real is where links on the way to a unit's path lead, by what was read for it,
// or "" where there are none. A link at the path itself is not followed.
func Real(u *unit.Unit, reads []abi.Entry) string {
	for _, e := range reads {
		if e.Op.Stat != nil && !e.Op.Stat.Follow && e.Op.Stat.Path == u.ID.Key && e.Result.Stat != nil {
			return e.Result.Stat.Real
		}
	}
	return ""
}

// Files are the units of one host that are files, by where they really are. The
// zero value is not ready: see New.
type Files struct{ first map[place]*unit.Unit }

// place is a file as the units of one scope manage it. Handlers may well do
// something else with a file than the play.
type place struct {
	scope     unit.Scope
	typ, path string
}

// New begins to compare the files of a host.
func New() *Files { return &Files{first: map[place]*unit.Unit{}} }

// Add adds a unit whose key is a path that leads to real. Where another unit has
// that file under another name, they fight for it, which is refused, or are equal,
// of which the caller is warned.
func (f *Files) Add(u *unit.Unit, real string) (refused *abi.Error, warning *diag.Error) {
	at := place{u.ID.Scope, u.ID.Type, real}
	first := f.first[at]
	if first == nil {
		f.first[at] = u
		return nil, nil
	}
	if first.ID.Key == u.ID.Key {
		return nil, nil
	}
	text := fmt.Sprintf("%s and %s (at %s) are the same file", u.ID.Key, first.ID.Key, first.Pos)
	if real != first.ID.Key && real != u.ID.Key {
		text += ", " + real
	}
	if !sameWishes(first, u) {
		return &abi.Error{
			Class: op.Conflict, Message: text + ", and each would undo what the other does",
			Hint: "declare it once, as " + real,
		}, nil
	}
	warning = &diag.Error{Summary: text, Pos: u.Pos, Stack: u.Stack, Host: u.ID.Host, Unit: u.ID.Local()}
	return nil, warning.WithHint("declare it once, as %s", real)
}

// sameWishes reports whether two units want the same of a file, its path aside.
func sameWishes(a, b *unit.Unit) bool {
	if len(a.Later)+len(b.Later) > 0 || a.User != b.User {
		return false
	}
	var x, y map[string]codec.Raw
	if codec.Unmarshal(a.Args, &x) != nil || codec.Unmarshal(b.Args, &y) != nil || len(x) != len(y) {
		return false
	}
	keyA, errA := codec.Marshal(a.ID.Key)
	keyB, errB := codec.Marshal(b.ID.Key)
	if errA != nil || errB != nil {
		return false
	}
	for name, v := range x {
		if keys := bytes.Equal(v, keyA) && bytes.Equal(y[name], keyB); !keys && !bytes.Equal(v, y[name]) {
			return false
		}
	}
	return true
}
