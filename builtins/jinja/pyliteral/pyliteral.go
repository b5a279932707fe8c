// Package pyliteral reads texts that are a list, a dict or a boolean as Python writes them, or as JSON does: Ansible
// makes such values of the text of a template that another one looks up, and of that of a variable.
package pyliteral

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// maxDepth is how deep what is read may be nested.
const maxDepth = 90

// errText says that a text is none of Python's literals, so that it stays a text.
var errText = errors.New("a text")

// Convert returns the value that a text stands for, or the text itself where it stands for none. An error is a value
// that cannot be had here, such as a set.
func Convert(s string) (py.Value, error) {
	switch {
	case s == "True" || s == "False":
		return starlark.Bool(s == "True"), nil
	case !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "["):
		return starlark.String(s), nil
	}
	r := &reader{s: s}
	v, err := r.value(0)
	if err == nil {
		if r.space(); r.s != "" {
			err = errText
		}
	}
	if errors.Is(err, errText) {
		return starlark.String(s), nil
	}
	return v, err
}

type reader struct{ s string }

// space passes over spaces, line ends and comments, which count within brackets only; outside nothing but spaces follows.
func (r *reader) space() {
	for {
		r.s = strings.TrimLeft(r.s, " \t\n\r\f")
		switch {
		case strings.HasPrefix(r.s, "#"):
			i := strings.IndexByte(r.s, '\n')
			if i < 0 {
				i = len(r.s)
			}
			r.s = r.s[i:]
		case strings.HasPrefix(r.s, "\\\n"):
			r.s = r.s[2:]
		default:
			return
		}
	}
}

func (r *reader) has(c string) bool {
	r.space()
	rest, ok := strings.CutPrefix(r.s, c)
	if ok {
		r.s = rest
	}
	return ok
}

func (r *reader) value(depth int) (py.Value, error) {
	if depth > maxDepth {
		return nil, py.Errorf("the value is nested more than %d levels deep", maxDepth)
	}
	r.space()
	if r.s == "" {
		return nil, errText
	}
	switch c := r.s[0]; {
	case c == '[':
		r.s = r.s[1:]
		items, _, err := r.items("]", depth)
		return starlark.NewList(items), err
	case c == '(':
		r.s = r.s[1:]
		items, comma, err := r.items(")", depth)
		if err == nil && len(items) == 1 && !comma {
			return items[0], nil
		}
		return starlark.Tuple(items), err
	case c == '{':
		r.s = r.s[1:]
		return r.dict(depth)
	case c == '"' || c == '\'':
		return r.texts()
	case c == '-' || c == '+':
		return r.signed(depth)
	case strings.HasPrefix(r.s, "..."):
		return nil, py.Errorf("the text has ..., which is left out")
	case c >= '0' && c <= '9' || c == '.':
		return r.number()
	}
	return r.word()
}

func (r *reader) items(end string, depth int) (items []py.Value, comma bool, err error) {
	for {
		if r.has(end) {
			return items, comma, nil
		}
		if len(items) > 0 && !comma {
			return nil, false, errText
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		items = append(items, v)
		comma = r.has(",")
	}
}

func (r *reader) dict(depth int) (py.Value, error) {
	out := starlark.NewDict(0)
	for comma := true; ; comma = r.has(",") {
		if r.has("}") {
			return out, nil
		}
		if !comma {
			return nil, errText
		}
		k, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if r.has(":") {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			if err := out.SetKey(k, v); err != nil {
				return nil, py.Errorf("a dict cannot have the key %s", k)
			}
			continue
		}
		return nil, r.set(depth)
	}
}

// set is the error of a set, if the rest is one.
func (r *reader) set(depth int) error {
	if !r.has(",") && !strings.HasPrefix(r.s, "}") {
		return errText
	}
	if _, _, err := r.items("}", depth); err != nil {
		return err
	}
	if r.space(); r.s != "" {
		return errText
	}
	return py.Errorf("the text is a set of Python, whose elements have no order; write a list")
}

func (r *reader) texts() (py.Value, error) {
	var b strings.Builder
	for {
		r.space()
		if r.s == "" || r.s[0] != '"' && r.s[0] != '\'' {
			return starlark.String(b.String()), nil
		}
		if strings.HasPrefix(r.s, `"""`) || strings.HasPrefix(r.s, "'''") {
			return nil, py.Errorf("the text has a string between three quotes, which is left out; write it between one")
		}
		quote, i := r.s[0], 1
		for i < len(r.s) && r.s[i] != quote && r.s[i] != '\n' {
			if r.s[i] == '\\' {
				if i++; i < len(r.s) && r.s[i] >= utf8.RuneSelf {
					return nil, py.Errorf("the text has a backslash before %q, which is left out", firstRune(r.s[i:]))
				}
			}
			i++
		}
		if i >= len(r.s) || r.s[i] == '\n' {
			return nil, errText
		}
		part, err := syntax.Unescape(r.s[1:i])
		if err != nil {
			return nil, errText
		}
		b.WriteString(part)
		r.s = r.s[i+1:]
	}
}

func (r *reader) signed(depth int) (py.Value, error) {
	negative := r.s[0] == '-'
	r.s = r.s[1:]
	if r.space(); strings.HasPrefix(r.s, "-") || strings.HasPrefix(r.s, "+") {
		return nil, errText
	}
	v, err := r.value(depth + 1)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case starlark.Int:
		if negative {
			return starlark.MakeInt(0).Sub(v), nil
		}
		return v, nil
	case starlark.Float:
		if negative {
			return -v, nil
		}
		return v, nil
	}
	return nil, errText
}

func (r *reader) number() (py.Value, error) {
	i := strings.IndexFunc(r.s, func(c rune) bool { return c != '.' && c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	if i < 0 {
		i = len(r.s)
	}
	if i < len(r.s) && i > 0 && r.s[i-1]|0x20 == 'e' && (r.s[i] == '-' || r.s[i] == '+') && !strings.HasPrefix(r.s, "0x") {
		for i++; i < len(r.s) && (r.s[i] >= '0' && r.s[i] <= '9' || r.s[i] == '_'); i++ {
		}
	}
	word := r.s[:i]
	r.s = r.s[i:]
	if last := word[len(word)-1]; last|0x20 == 'j' && !strings.HasPrefix(word, "0x") {
		return nil, py.Errorf("the text has the complex number %s, which is left out", word)
	}
	if strings.ContainsAny(word, "xXoObB") || strings.Trim(word, "0123456789_") == "" {
		n, ok := new(big.Int).SetString(word, 0)
		if !ok || len(word) > 1 && word[0] == '0' && strings.Trim(word, "0123456789_") == "" && n.Sign() != 0 {
			return nil, errText
		}
		return starlark.MakeBigInt(n), nil
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(word, "_", ""), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errText
	}
	return starlark.Float(f), nil
}

func (r *reader) word() (py.Value, error) {
	i := strings.IndexFunc(r.s, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	if i < 0 {
		i = len(r.s)
	}
	word, rest := r.s[:i], r.s[i:]
	r.s = rest
	switch word {
	case "True", "true":
		return starlark.True, nil
	case "False", "false":
		return starlark.False, nil
	case "None", "null":
		return starlark.None, nil
	}
	c, _ := utf8.DecodeRuneInString(rest)
	if (c == '"' || c == '\'') && len(word) > 0 && len(word) <= 2 && strings.Trim(strings.ToLower(word), "rbu") == "" {
		return nil, py.Errorf("the text has a string with the prefix %s, which is left out; write it without", word)
	}
	return nil, errText
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
