package shape

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/token"

	"github.com/openfroyo/froyo/engine/diag"
)

// Refusal is the innermost place at which a shape does not accept a value.
type Refusal struct {
	At    string // env["A"], ok_exit_codes[2]
	shape Shape
	value any
}

// Refuse finds where a shape, which is that of the argument name, refuses a value.
func Refuse(name string, s Shape, v any) Refusal {
	at, inner, value := culprit(name, s, v)
	return Refusal{at, inner, value}
}

// OtherKind reports whether the value has a kind that is not wanted at all.
func (r Refusal) OtherKind() bool { return kindOfValue(r.value)&kindsOf(r.shape) == 0 }

// Limited reports whether the value has the right kind, and breaks a limit on
// a single value of it, such as a pattern.
func (r Refusal) Limited() bool {
	_, ok := r.shape.(scalar)
	return ok && !r.OtherKind()
}

// Patterned reports whether one of the limits is a regular expression, which few readers can read.
func (r Refusal) Patterned() bool {
	s, ok := r.shape.(scalar)
	return ok && len(s.patterns) > 0
}

// Want says what is wanted: the kind where that is wrong, else the limits.
func (r Refusal) Want() string {
	if r.OtherKind() {
		return noun(r.shape)
	}
	return detail(r.shape)
}

// Got is the value, with its kind where that is wrong.
func (r Refusal) Got() string {
	if r.OtherKind() {
		return typed(r.value)
	}
	return Brief(r.value)
}

// Hint says what to write instead, where that can be guessed. octal says that
// an int stands for octal digits.
func (r Refusal) Hint(octal bool) string {
	if r.OtherKind() {
		return r.rewrite(octal)
	}
	if text, ok := r.value.(string); ok {
		if near := diag.Nearest(text, Enum(r.shape)); near != "" {
			return "did you mean " + Repr(near) + "?"
		}
	}
	return ""
}

// culprit finds the innermost place that a shape refuses.
func culprit(at string, s Shape, v any) (string, Shape, any) {
	switch s := s.(type) {
	case list:
		elements, ok := v.([]any)
		if !ok || len(elements) < len(s.items) || len(elements) > len(s.items) && s.rest == nil {
			break
		}
		for i, e := range elements {
			if s.at(i).Accept(e) == No {
				return culprit(fmt.Sprintf("%s[%d]", at, i), s.at(i), e)
			}
		}
	case dict:
		values, _ := v.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if s.value.Accept(values[name]) == No {
				return culprit(at+"["+Brief(name)+"]", s.value, values[name])
			}
		}
	case choice:
		var fitting []Shape
		for _, option := range s.options {
			if kindsOf(option)&kindOfValue(v) != 0 {
				fitting = append(fitting, option)
			}
		}
		if len(fitting) == 1 && len(s.options) > 1 {
			if _, constant := fitting[0].constant(); !constant {
				return culprit(at, fitting[0], v)
			}
		}
	}
	return at, s, v
}

// kindsOf returns the kinds of value that a shape may accept.
func kindsOf(s Shape) kinds {
	switch s := s.(type) {
	case scalar:
		return s.kinds
	case exact:
		return kindOfValue(s.value)
	case list:
		return kindList
	case dict:
		return kindDict
	case choice:
		var all kinds
		for _, option := range s.options {
			all |= kindsOf(option)
		}
		return all
	}
	return 0
}

// noun says what kind of value a shape wants: "a string".
func noun(s Shape) string {
	if c, ok := s.(choice); ok {
		var nouns []string
		for _, option := range c.options {
			if n := noun(option); !slices.Contains(nouns, n) {
				nouns = append(nouns, n)
			}
		}
		return strings.Join(nouns, " or ")
	}
	switch kinds := kindsOf(s); kinds {
	case kindBool:
		return "True or False"
	case kindNull:
		return "None"
	case kindInt:
		return "an int"
	}
	return "a " + strings.ReplaceAll(s.Kind(), "object", "dict")
}

// detail says what a shape wants of a value of the right kind.
func detail(s Shape) string {
	switch s := s.(type) {
	case exact:
		return Repr(s.value)
	case scalar:
		return noun(s) + limits(s)
	case list:
		if s.rest == nil {
			return fmt.Sprintf("%s with %d elements", noun(s), len(s.items))
		}
		return fmt.Sprintf("%s with at least %d element%s", noun(s), len(s.items), plural(len(s.items)))
	case choice:
		var details []string
		exacts := true
		for _, option := range s.options {
			_, ok := option.(exact)
			exacts = exacts && ok
			details = append(details, detail(option))
		}
		if exacts {
			return "one of " + strings.Join(details, ", ")
		}
		return strings.Join(details, " or ")
	}
	return noun(s)
}

// limits puts the limits of a scalar into words, to follow its noun.
func limits(s scalar) string {
	var words []string
	for _, text := range s.not {
		if text == "" {
			words = append(words, "that is not empty")
		} else {
			words = append(words, "other than "+Repr(text))
		}
	}
	for _, p := range s.patterns {
		if p.negate {
			words = append(words, "that does not match "+p.re.String())
		} else {
			words = append(words, "that matches "+p.re.String())
		}
	}
	if len(s.bounds) == 2 && s.bounds[0].op == token.GEQ && s.bounds[1].op == token.LEQ {
		words = append(words, fmt.Sprintf("from %d to %d", s.bounds[0].n, s.bounds[1].n))
	} else {
		for _, b := range s.bounds {
			words = append(words, boundWords[b.op]+strconv.FormatInt(b.n, 10))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " and ")
}

var boundWords = map[token.Token]string{
	token.GEQ: "of at least ", token.GTR: "above ", token.LEQ: "of at most ", token.LSS: "below ",
}

// rewrite writes a value of the wrong kind in the right one, where it is plain what was meant.
func (r Refusal) rewrite(octal bool) string {
	write := "write "
	if !strings.HasSuffix(r.At, "]") {
		write += r.At + " = "
	}
	wants := kindsOf(r.shape)
	switch v := r.value.(type) {
	case int64:
		if wants&kindString != 0 && octal {
			return write + Repr(octalDigits(v))
		}
		if wants&kindString != 0 {
			return write + Repr(strconv.FormatInt(v, 10))
		}
	case string:
		if wants&kindBool != 0 {
			if b, ok := boolWords[strings.ToLower(v)]; ok {
				return write + Repr(b)
			}
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && wants&kindInt != 0 {
			return write + Repr(n)
		}
	}
	if l, ok := r.shape.(list); ok && l.Accept([]any{r.value}) == Yes {
		return write + Brief([]any{r.value})
	}
	return ""
}

var boolWords = map[string]bool{
	"true": true, "yes": true, "on": true, "1": true,
	"false": false, "no": false, "off": false, "0": false,
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
