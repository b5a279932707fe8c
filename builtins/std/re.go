package std

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/qri-io/starlib/re"
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// reFixes refuses what starlib would pass over in silence: flags, and a
// pattern that sub() cannot read.
func reFixes(name string, next fn) fn {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if argument(5, "flags", args, kw) != nil {
			return nil, fmt.Errorf("flags are not supported; write them into the pattern: (?i)")
		}
		if err := parsable("re."+name, args, kw); err != nil {
			return nil, err
		}
		if p, ok := argument(0, "pattern", args, kw).(starlark.String); ok && len(p) > maxPattern {
			return nil, fmt.Errorf("the pattern has %d bytes; the limit is %d", len(p), maxPattern)
		}
		if name == "sub" {
			if err := checkSub("re.sub", nil, args, kw); err != nil {
				return nil, err
			}
		}
		v, err := next(thread, b, args, kw)
		if compiled, ok := v.(*re.Regex); ok && err == nil {
			return pattern{compiled}, nil
		}
		return v, err
	}
}

// maxPattern is how many bytes a pattern may have: it is compiled to a program many times as large.
const maxPattern = 64 << 10

// parsable refuses texts that are too large to be searched.
func parsable(what string, args starlark.Tuple, kw []starlark.Tuple) error {
	for _, arg := range args {
		if err := bounds.Parsable(what, arg); err != nil {
			return err
		}
	}
	for _, pair := range kw {
		if err := bounds.Parsable(what, pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// checkSub reports, as an error, a pattern that cannot be read, and a result
// that would be too large. Where the pattern is compiled, it is no argument.
func checkSub(what string, compiled *regexp.Regexp, args starlark.Tuple, kw []starlark.Tuple) error {
	if compiled == nil {
		text, ok := argument(0, "pattern", args, kw).(starlark.String)
		if !ok {
			return nil
		}
		var err error
		if compiled, err = regexp.Compile(string(text)); err != nil {
			return err
		}
		args = args[min(1, len(args)):]
	}
	repl, _ := argument(0, "repl", args, kw).(starlark.String)
	text, _ := argument(1, "string", args, kw).(starlark.String)
	// Each $ of the replacement may stand for all that is matched.
	most := int64(len(text)) * int64(strings.Count(string(repl), "$")+1)
	if most+int64(len(repl))*int64(len(text)+1) <= bounds.MaxValue {
		return nil
	}
	n := len(compiled.FindAllStringIndex(string(text), -1))
	return bounds.Text(what, most+int64(n)*int64(len(repl)))
}

// pattern is what re.compile gives: starlib's, with its methods guarded.
type pattern struct{ *re.Regex }

// Attr implements starlark.HasAttrs.
func (p pattern) Attr(name string) (starlark.Value, error) {
	v, err := p.Regex.Attr(name)
	b, ok := v.(*starlark.Builtin)
	if err != nil || !ok {
		return v, err
	}
	full := "regexp." + name
	next := func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := parsable(full, args, kw); err != nil {
			return nil, err
		}
		if name == "sub" {
			compiled, err := regexp.Compile(p.String())
			if err != nil {
				return nil, err
			}
			if err := checkSub(full, compiled, args, kw); err != nil {
				return nil, err
			}
		}
		return b.CallInternal(thread, args, kw)
	}
	return starlark.NewBuiltin(full, guard(full, next)), nil
}
