package pymethod

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// splitting is split() and rsplit().
func splitting(right bool) Method {
	return withParams("split", "sep=None, maxsplit=-1", func(s string, b py.Bound) (py.Value, error) {
		n, err := b.Int(1)
		if err != nil {
			return nil, err
		}
		var parts []string
		if b.Values[0] == starlark.None {
			parts = fields(s, n, right)
		} else {
			sep, err := b.Text(0)
			if err != nil {
				return nil, err
			}
			if sep == "" {
				return nil, py.Errorf("empty separator")
			}
			parts = splitOn(s, sep, n, right)
		}
		return py.Texts(parts), nil
	})
}

func splitOn(s, sep string, n int, right bool) []string {
	if n < 0 {
		return strings.Split(s, sep)
	}
	if !right {
		return strings.SplitN(s, sep, n+1)
	}
	var parts []string
	for len(parts) < n {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return parts
}

// fields splits at white space, at most n times.
func fields(s string, n int, right bool) []string {
	if n < 0 {
		return strings.FieldsFunc(s, py.IsSpace)
	}
	var parts []string
	if right {
		for s = strings.TrimRightFunc(s, py.IsSpace); s != "" && len(parts) < n; s = strings.TrimRightFunc(s, py.IsSpace) {
			i := strings.LastIndexFunc(s, py.IsSpace)
			if i < 0 {
				break
			}
			_, size := utf8.DecodeRuneInString(s[i:])
			parts = append(parts, s[i+size:])
			s = s[:i]
		}
		if s != "" {
			parts = append(parts, s)
		}
		slices.Reverse(parts)
		return parts
	}
	for s = strings.TrimLeftFunc(s, py.IsSpace); s != "" && len(parts) < n; s = strings.TrimLeftFunc(s, py.IsSpace) {
		i := strings.IndexFunc(s, py.IsSpace)
		if i < 0 {
			break
		}
		parts = append(parts, s[:i])
		s = s[i:]
	}
	if s != "" {
		parts = append(parts, s)
	}
	return parts
}

// splitlines splits at each kind of line end.
func splitlines(s string, b py.Bound) (py.Value, error) {
	keep, err := py.Truth(b.Values[0])
	return py.Texts(Lines(s, keep)), err
}

// Lines are the lines of a text, with their ends or without.
func Lines(s string, keep bool) []string {
	parts := []string{}
	for s != "" {
		i := strings.IndexFunc(s, isLineEnd)
		if i < 0 {
			return append(parts, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		if keep {
			parts = append(parts, s[:i+n])
		} else {
			parts = append(parts, s[:i])
		}
		s = s[i+n:]
	}
	return parts
}

func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func expandtabs(s string, b py.Bound) (py.Value, error) {
	size, err := b.Int(0)
	if err != nil {
		return nil, err
	}
	if err := py.Fits("expandtabs", int64(len(s))+py.Product(strings.Count(s, "\t"), size)); err != nil {
		return nil, err
	}
	var out strings.Builder
	col := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - col%size
			out.WriteString(strings.Repeat(" ", n))
			col += n
		case r == '\t':
		default:
			out.WriteRune(r)
			col++
			if r == '\n' || r == '\r' {
				col = 0
			}
		}
	}
	return starlark.String(out.String()), nil
}
