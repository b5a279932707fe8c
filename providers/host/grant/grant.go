// Package grant decides whether a program that a guest asks for is one that its
// manifest grants: one that the runbook's author wrote into the unit's arguments,
// or one whose program and arguments match patterns. A guest cannot make one up.
//
// It imports providers/abi, runner/op and runner/codec.
package grant

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Grant is one kind of program. One of From, Argv and Shell is set.
type Grant struct {
	// From says, by the fields of exec, which argument of the unit each is taken
	// from. A field that stands in neither the op nor the unit is fine, any other
	// difference is not: the program runs as the author wrote it.
	From map[string]string
	// Where holds values that arguments of the unit must have, as JSON.
	Where map[string]string
	// Argv are patterns, one for each word of the program; nothing else of exec may
	// be set. "*" matches any word that does not begin with a dash, and "..." any number of
	// words of which each is one of Options.
	Argv []string
	// Shell is a shell command as it stands here, such as the check of a file: nothing else of exec may be set, but what Stdin grants.
	Shell string
	// Options are the words that stand for "...": each a pattern as in Argv, an option with
	// any value, "--uid=*", or a variable with any value that env sets, "GEM_HOME=*".
	Options []string
	// Stdin grants something on the standard input as well.
	Stdin bool
	// Public grants the promise that what the program prints is no secret.
	Public bool
}

// Rest is the pattern in Argv that stands for any number of options.
const Rest = "..."

// Unit is what is known of the unit for which a guest asks. Its arguments are
// read when they are first needed, which for most replies is never.
type Unit struct {
	request *abi.Request
	args    map[string]codec.Raw
}

// NewUnit is the unit of a request.
func NewUnit(r *abi.Request) *Unit { return &Unit{request: r} }

// argument is an argument as JSON, nil where it is not there.
func (u *Unit) argument(name string) codec.Raw {
	if u.args == nil && codec.Unmarshal(u.request.Unit, &u.args) != nil {
		u.args = map[string]codec.Raw{} // which grant nothing
	}
	return u.args[name]
}

// Has reports whether one of some arguments is a text.
func (u *Unit) Has(arguments []string, text string) bool {
	return slices.ContainsFunc(arguments, func(name string) bool {
		var value string
		return codec.Unmarshal(u.argument(name), &value) == nil && value != "" && value == text
	})
}

// free are the fields of exec that do not decide what runs: the promise itself,
// and how much of the output is kept.
var free = []string{"read_only", "limit"}

// Any reports whether one of some grants is for a program.
func Any(grants []Grant, u *Unit, e abi.Effect) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.covers(u, e) })
}

func (g Grant) covers(u *Unit, e abi.Effect) bool {
	if e.Op.Exec == nil || !g.holds(u) {
		return false
	}
	fields, err := abi.Fields(e.Op)
	if err != nil {
		return false
	}
	for _, name := range free {
		delete(fields, name)
	}
	if g.Shell != "" {
		if g.Stdin {
			delete(fields, "stdin")
		}
		return !g.opens(e.Unknown) && len(fields) == 1 && e.Op.Exec.Shell == g.Shell
	}
	if len(g.Argv) > 0 {
		if g.Stdin {
			delete(fields, "stdin")
		}
		if g.Public {
			delete(fields, "public")
		}
		return !g.opens(e.Unknown) && len(fields) == 1 && g.matches(e.Op.Exec.Argv)
	}
	for field, argument := range g.From {
		if slices.Contains(e.Unknown, field) {
			if !slices.Contains(u.request.Unknown, argument) {
				return false
			}
		} else if !bytes.Equal(fields[field], expected(field, u.argument(argument))) {
			return false
		}
		delete(fields, field)
	}
	for _, field := range e.Unknown {
		if _, taken := g.From[field]; !taken {
			return false
		}
	}
	return len(fields) == 0
}

// opens reports whether fields are known only at apply, other than a standard input that is granted.
func (g Grant) opens(unknown []string) bool {
	return slices.ContainsFunc(unknown, func(name string) bool { return !g.Stdin || name != "stdin" })
}

// holds reports whether the unit's arguments are as the grant needs them.
func (g Grant) holds(u *Unit) bool {
	for argument, want := range g.Where {
		if string(u.argument(argument)) != want {
			return false
		}
	}
	return true
}

func (g Grant) matches(argv []string) bool {
	rest := slices.Index(g.Argv, Rest)
	if rest < 0 {
		return slices.EqualFunc(g.Argv, argv, matches)
	}
	behind := len(g.Argv) - rest - 1
	if len(argv) < rest+behind {
		return false
	}
	options, end := argv[rest:len(argv)-behind], argv[len(argv)-behind:]
	return slices.EqualFunc(g.Argv[:rest], argv[:rest], matches) && slices.EqualFunc(g.Argv[rest+1:], end, matches) &&
		!slices.ContainsFunc(options, func(word string) bool { return !g.isOption(word) })
}

// isOption reports whether a word is one that may stand for "...".
func (g Grant) isOption(word string) bool {
	return slices.ContainsFunc(g.Options, func(pattern string) bool {
		if option, is := strings.CutSuffix(pattern, "=*"); is && !strings.ContainsAny(option, `*?[\`) {
			return strings.HasPrefix(word, option+"=")
		}
		return matches(pattern, word)
	})
}

// matches reports whether a word is one of a pattern.
func matches(pattern, word string) bool {
	if strings.HasPrefix(word, "-") && !strings.HasPrefix(pattern, "-") {
		return false
	}
	if pattern == "*" {
		return true
	}
	ok, err := path.Match(pattern, word)
	return ok && err == nil
}

// expected is the value that a field of exec has where it is taken from an
// argument: nil where it is not set then. One argument may be a command or a
// list of words, and variables are an object there and lines here.
func expected(field string, argument codec.Raw) codec.Raw {
	var value any
	if len(argument) == 0 || codec.Unmarshal(argument, &value) != nil {
		return nil
	}
	switch v := value.(type) {
	case string:
		if v == "" || field == "argv" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case []any:
		if len(v) == 0 || field == "shell" {
			return nil
		}
	case map[string]any:
		if field == "env" {
			value = lines(v)
		}
		if len(v) == 0 {
			return nil
		}
	}
	if field == "stdin" || field == "script" {
		return blob(argument)
	}
	raw, err := codec.Marshal(value)
	if err != nil {
		return nil
	}
	return raw
}

// blob spells a reference to content as ops do.
func blob(argument codec.Raw) codec.Raw {
	var b op.Blob
	if codec.Unmarshal(argument, &b) != nil {
		return nil
	}
	raw, err := codec.Marshal(b)
	if err != nil {
		return nil
	}
	return raw
}

func lines(env map[string]any) []any {
	out := make([]any, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		text, _ := env[name].(string)
		out = append(out, name+"="+text)
	}
	return out
}
