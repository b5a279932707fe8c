package std

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// bounded refuses what would make a result that is too large from a small value: see bounds.
func bounded(name string, next fn) fn {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		switch name {
		case "encode":
			if v := argument(0, "x", args, kw); v != nil {
				if err := bounds.Printable("json.encode", v); err != nil {
					return nil, err
				}
			}
		case "decode", "indent":
			text := argument(0, "str", args, kw)
			if name == "decode" {
				text = argument(0, "x", args, kw)
			}
			if err := bounds.Parsable("json."+name, text); err != nil {
				return nil, err
			}
			if err := checkDepth(text); err != nil {
				return nil, err
			}
			if name == "indent" {
				if err := checkIndent(text, kw); err != nil {
					return nil, err
				}
			}
		}
		return next(thread, b, args, kw)
	}
}

// checkDepth refuses what is nested so deeply that reading it would exhaust the stack.
func checkDepth(text starlark.Value) error {
	s, _ := text.(starlark.String)
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > bounds.MaxDepth {
				return fmt.Errorf("the text is nested more than %d levels deep", bounds.MaxDepth)
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return nil
}

// checkIndent counts the lines that json.indent makes, each of which begins with the prefix and an indent for each level.
func checkIndent(text starlark.Value, kw []starlark.Tuple) error {
	s, ok := text.(starlark.String)
	if !ok {
		return nil
	}
	prefix, _ := argument(1, "prefix", nil, kw).(starlark.String)
	indent, _ := argument(2, "indent", nil, kw).(starlark.String)
	if indent == "" {
		indent = "\t"
	}
	depth, total := int64(0), int64(len(s))
	for i := range len(s) {
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
		default:
			continue
		}
		if total += int64(len(prefix)) + max(depth, 0)*int64(len(indent)); total > bounds.MaxValue {
			return bounds.Text("json.indent", total)
		}
	}
	return nil
}
