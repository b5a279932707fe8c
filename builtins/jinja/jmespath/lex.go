// Package jmespath answers queries in JMESPath over values of templates, as Python's library does: dicts keep their
// order, and numbers stay whole.
//
// It imports packages py, pyjson and function, and what those import.
package jmespath

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

type value = py.Value

// token is a part of a query. kind is its text for operators, else id, quoted, number, literal or end.
type token struct {
	kind string
	text string
	lit  value
	at   int
}

func isName(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

func wrong(at int, format string, args ...any) error {
	return py.Errorf("query, character %d: %s", at+1, py.Errorf(format, args...).Error())
}

// operators, the longer ones first.
var operators = []string{"[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "|", "&", "<", ">", "!", ".", "*", "]", "[", ",", ":", "@", "(", ")", "{", "}"}

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case isName(c, true):
			for i < len(s) && isName(s[i], false) {
				i++
			}
			out = append(out, token{kind: "id", text: s[start:i], at: start})
			continue
		case c >= '0' && c <= '9' || c == '-':
			for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
			v, err := pyjson.Load(s[start:i])
			if err != nil {
				return nil, wrong(start, "expected a number")
			}
			out = append(out, token{kind: "number", lit: v, at: start})
			continue
		case c == '\'' || c == '"' || c == '`':
			t, end, err := quoted(s, i)
			if err != nil {
				return nil, err
			}
			out, i = append(out, t), end
			continue
		}
		found := ""
		for _, op := range operators {
			if strings.HasPrefix(s[i:], op) {
				found = op
				break
			}
		}
		if found == "" {
			return nil, wrong(i, "%q means nothing here", s[i:i+1])
		}
		out = append(out, token{kind: found, text: found, at: i})
		i += len(found)
	}
	return append(out, token{kind: "end", text: "the end", at: len(s)}), nil
}

// quoted reads a text in quotes, a name in double quotes, or JSON in backticks.
func quoted(s string, i int) (token, int, error) {
	c, start := s[i], i
	for i++; i < len(s) && s[i] != c; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	if i >= len(s) {
		return token{}, 0, wrong(start, "there is no closing %c", c)
	}
	inner := s[start+1 : i]
	t := token{kind: "literal", at: start}
	var err error
	switch c {
	case '\'':
		t.lit = starlark.String(strings.ReplaceAll(inner, `\'`, "'"))
	case '"':
		t.kind = "quoted"
		if t.lit, err = pyjson.Load(s[start : i+1]); err == nil {
			t.text = string(t.lit.(starlark.String))
		}
	default:
		if t.lit, err = pyjson.Load(strings.ReplaceAll(strings.TrimLeft(inner, " \t\n\r"), "\\`", "`")); err != nil {
			return token{}, 0, wrong(start, "what is in backticks is no JSON; texts stand in single quotes")
		}
	}
	return t, i + 1, err
}
