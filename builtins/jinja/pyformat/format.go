// Package pyformat is Python's two ways to format values: the operator % of texts, and format() with its specifications.
//
// It imports package py and the Starlark library only.
package pyformat

import (
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// formatter fills in what format() and format_map() find in braces.
type formatter struct {
	args    py.Args
	mapping py.Value // of format_map; nil otherwise
	next    int
	manual  bool // fields are numbered
	auto    bool
}

// Format is text.format(args).
func Format(s string, a py.Args) (string, error) {
	f := &formatter{args: a}
	return f.fill(s, 0)
}

// FormatMap is text.format_map(mapping).
func FormatMap(s string, mapping py.Value) (string, error) {
	f := &formatter{mapping: mapping}
	return f.fill(s, 0)
}

func (f *formatter) fill(s string, depth int) (string, error) {
	if depth > 1 {
		return "", py.Errorf("Max string recursion exceeded")
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c != '{' && c != '}':
			b.WriteByte(c)
			i++
		case i+1 < len(s) && s[i+1] == c && (depth == 0 || c == '{'):
			b.WriteByte(c)
			i += 2
		case c == '}':
			return "", py.Errorf("Single '}' encountered in format string")
		default:
			n := fieldEnd(s[i:])
			if n == 0 {
				return "", py.Errorf("Single '{' encountered in format string")
			}
			out, err := f.field(s[i+1:i+n-1], depth)
			if err != nil {
				return "", err
			}
			b.WriteString(out)
			i += n
		}
		if err := py.Fits("format", int64(b.Len())); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// fieldEnd is the length of a field with its braces, or 0.
func fieldEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// field formats what stands in braces: name!conversion:specification.
func (f *formatter) field(s string, depth int) (string, error) {
	name, conversion, format := s, "", ""
	if i := strings.IndexAny(fieldName(s), "!:"); i >= 0 {
		name = s[:i]
		if s[i] == ':' {
			format = s[i+1:]
		} else {
			rest := s[i+1:]
			conversion, format, _ = strings.Cut(rest, ":")
			if len(conversion) != 1 {
				return "", py.Errorf("expected ':' after conversion specifier")
			}
		}
	}
	v, err := f.value(name)
	if err != nil {
		return "", err
	}
	switch conversion {
	case "":
	case "s", "r", "a":
		text, err := py.Str(v)
		if conversion != "s" {
			text, err = py.Repr(v)
		}
		if err != nil {
			return "", err
		}
		v = starlark.String(text)
	default:
		return "", py.Errorf("Unknown conversion specifier %s", conversion)
	}
	if strings.Contains(format, "{") {
		if format, err = f.fill(format, depth+1); err != nil {
			return "", err
		}
	}
	spec, err := parseSpec(format)
	if err != nil {
		return "", err
	}
	return spec.format(v)
}

// fieldName blanks what stands in brackets, where ! and : mean nothing.
func fieldName(s string) string {
	out := []byte(s)
	inside := false
	for i, c := range out {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case (c == '!' || c == ':') && !inside:
			return string(out)
		}
		if inside {
			out[i] = '_'
		}
	}
	return string(out)
}

// value finds the value of a field such as 0.name[key].
func (f *formatter) value(name string) (py.Value, error) {
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		end = len(name)
	}
	v, err := f.first(name[:end])
	for rest := name[end:]; err == nil && rest != ""; {
		var key string
		if rest[0] == '.' {
			end = strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			key, rest = rest[1:end], rest[end:]
			if strings.HasPrefix(key, "_") {
				return nil, py.Errorf("the attribute %s cannot be read", key)
			}
			if v, err = py.Attribute(v, key); v == nil && err == nil {
				err = py.Errorf("there is no attribute '%s'", key)
			}
			continue
		}
		closing := strings.IndexByte(rest, ']')
		if closing < 0 {
			return nil, py.Errorf("Missing ']' in format string")
		}
		key, rest = rest[1:closing], rest[closing+1:]
		var item py.Value = starlark.String(key)
		if n, bad := strconv.Atoi(key); bad == nil {
			item = starlark.MakeInt(n)
		}
		var found bool
		if v, found, err = py.Item(v, item); err == nil && !found {
			err = py.Errorf("there is no element %s", py.Quoted(key))
		}
	}
	if err != nil {
		return nil, err
	}
	return v, py.Defined(v)
}

// first finds an argument by its number or name.
func (f *formatter) first(name string) (py.Value, error) {
	n, err := strconv.Atoi(name)
	switch {
	case name == "":
		if f.manual {
			return nil, py.Errorf("cannot switch from manual field specification to automatic field numbering")
		}
		f.auto = true
		n = f.next
		f.next++
	case err == nil && n >= 0:
		if f.auto {
			return nil, py.Errorf("cannot switch from automatic field numbering to manual field specification")
		}
		f.manual = true
	default:
		if f.mapping != nil {
			v, found, err := py.Item(f.mapping, starlark.String(name))
			if err == nil && !found {
				err = py.Errorf("there is no key %s", py.Quoted(name))
			}
			return v, err
		}
		for _, arg := range f.args.Named {
			if arg.Name == name {
				return arg.Value, nil
			}
		}
		return nil, py.Errorf("there is no argument '%s'", name)
	}
	if n >= len(f.args.Positional) {
		return nil, py.Errorf("Replacement index %d out of range for positional args tuple", n)
	}
	return f.args.Positional[n], nil
}
