// Package shape holds constraints on one value in a form that Go can check in
// nanoseconds, put into words, and write as JSON Schema. Shapes are compiled
// from CUE's syntax; what they cannot make out stays opaque, for CUE to judge.
//
// It imports CUE's syntax and engine/diag.
package shape

import (
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/token"
)

// Shape is a constraint on one value, in a form that Go can check fast and put
// into words. It never says Yes where CUE would refuse.
type Shape interface {
	// Accept judges plain data: nil, bool, int64, float64, string, []any, map[string]any.
	Accept(v any) Verdict
	// Kind names what the shape allows: "string", "list of ints"; "" where that is not known.
	Kind() string
	// Schema is the constraint as JSON Schema, nil where it is opaque.
	Schema() map[string]any
	// constant returns the one value that is allowed, if there is only one.
	constant() (any, bool)
}

// Verdict is what a shape says of a value.
type Verdict uint8

// The verdicts.
const (
	Unsure Verdict = iota // only CUE can tell
	No
	Yes
)

// opaque is a constraint that only CUE understands.
type opaque struct{}

// scalar is a value of some kinds, within limits.
type scalar struct {
	kinds    kinds
	bounds   []bound
	patterns []pattern
	not      []string
}

// exact is one value.
type exact struct{ value any }

// list has an element for each of items, and any number for rest where that is not nil.
type list struct {
	items []Shape
	rest  Shape
}

// dict has values of one shape under any names.
type dict struct{ value Shape }

// choice is any one of several shapes.
type choice struct{ options []Shape }

// bound is a limit on numbers, such as >=0.
type bound struct {
	op token.Token
	n  int64 // small enough for a float64 to hold it exactly
}

func (b bound) holds(v any) bool {
	var order int
	switch v := v.(type) {
	case int64:
		order = compare(v, b.n)
	case float64:
		order = compare(v, float64(b.n))
	}
	switch b.op {
	case token.GEQ:
		return order >= 0
	case token.GTR:
		return order > 0
	case token.LEQ:
		return order <= 0
	default:
		return order < 0
	}
}

func compare[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// pattern is a regular expression that a string must match, or must not.
type pattern struct {
	re     *regexp.Regexp
	negate bool
}

func (opaque) Accept(any) Verdict     { return Unsure }
func (opaque) Kind() string           { return "" }
func (opaque) constant() (any, bool)  { return nil, false }
func (scalar) constant() (any, bool)  { return nil, false }
func (dict) constant() (any, bool)    { return nil, false }
func (choice) constant() (any, bool)  { return nil, false }
func (e exact) constant() (any, bool) { return e.value, true }

func (s scalar) Accept(v any) Verdict {
	kind := kindOfValue(v)
	if kind&s.kinds == 0 {
		return No
	}
	switch kind {
	case kindInt, kindFloat:
		for _, b := range s.bounds {
			if !b.holds(v) {
				return No
			}
		}
	case kindString:
		return s.acceptText(v.(string))
	}
	return Yes
}

func (s scalar) acceptText(text string) Verdict {
	if slices.Contains(s.not, text) {
		return No
	}
	for _, p := range s.patterns {
		if p.re.MatchString(text) == p.negate {
			return No
		}
	}
	return Yes
}

func (s scalar) Kind() string { return s.kinds.String() }

func (e exact) Accept(v any) Verdict {
	if kind := kindOfValue(v); kind&(kindList|kindDict) != 0 || kind == 0 || v != e.value {
		return No
	}
	return Yes
}

func (e exact) Kind() string { return kindOfValue(e.value).String() }

func (l list) Accept(v any) Verdict {
	elements, ok := v.([]any)
	if !ok || len(elements) < len(l.items) || len(elements) > len(l.items) && l.rest == nil {
		return No
	}
	worst := Yes
	for i, e := range elements {
		switch l.at(i).Accept(e) {
		case No:
			return No
		case Unsure:
			worst = Unsure
		}
	}
	return worst
}

// at returns the shape of element i.
func (l list) at(i int) Shape {
	if i < len(l.items) {
		return l.items[i]
	}
	return l.rest
}

func (l list) Kind() string {
	elements := slices.Clone(l.items)
	if l.rest != nil {
		elements = append(elements, l.rest)
	}
	kind := choice{elements}.Kind()
	if kind == "" {
		return "list"
	}
	words := strings.Split(kind, " or ")
	for i, w := range words {
		first, rest, _ := strings.Cut(w, " ") // "list of ints" → "lists of ints"
		words[i] = strings.TrimSpace(first + "s " + rest)
	}
	return "list of " + strings.Join(words, " or ")
}

func (l list) constant() (any, bool) {
	if l.rest != nil {
		return nil, false
	}
	values := []any{}
	for _, item := range l.items {
		v, ok := item.constant()
		if !ok {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}

func (d dict) Accept(v any) Verdict {
	values, ok := v.(map[string]any)
	if !ok {
		return No
	}
	worst := Yes
	for _, e := range values {
		switch d.value.Accept(e) {
		case No:
			return No
		case Unsure:
			worst = Unsure
		}
	}
	return worst
}

func (d dict) Kind() string { return kindDict.String() }

func (c choice) Accept(v any) Verdict {
	best := No
	for _, option := range c.options {
		switch option.Accept(v) {
		case Yes:
			return Yes
		case Unsure:
			best = Unsure
		}
	}
	return best
}

func (c choice) Kind() string {
	var names []string
	for _, option := range c.options {
		kind := option.Kind()
		if kind == "" {
			return ""
		}
		if !slices.Contains(names, kind) {
			names = append(names, kind)
		}
	}
	return strings.Join(names, " or ")
}

// Enum returns the strings that a shape is a choice between, nil where it is no such choice.
func Enum(s Shape) []string {
	c, ok := s.(choice)
	if !ok {
		return nil
	}
	var texts []string
	for _, option := range c.options {
		value, _ := option.constant()
		text, ok := value.(string)
		if !ok {
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}
