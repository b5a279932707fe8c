package check

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// maxDepth bounds how deep an argument may be nested; codec could carry more.
const maxDepth = 32

// slot is a field within one call.
type slot struct {
	state state
	value any
	json  []byte   // value as canonical JSON, or
	blob  *op.Blob // for a blob field
	wrong bool     // a problem was found with the value
}

// state says what is known of a field's value.
type state uint8

const (
	absent state = iota
	given
	pending // known later
)

// call is one check at work.
type call struct {
	t        *schema.Type
	slots    []slot // one for each of the type's fields
	problems []Problem
	odd      bool // not to be cached: the digest would not tell the values apart
}

// take sorts the arguments into their slots.
func (c *call) take(args map[string]any) {
	taken := 0
	for i := range c.t.Fields {
		v, ok := args[c.t.Fields[i].Name]
		if !ok {
			continue
		}
		taken++
		if v != nil {
			c.takeValue(i, v)
		}
	}
	if taken == len(args) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if c.t.Index(name) < 0 {
			c.unknown(name)
		}
	}
}

func (c *call) takeValue(i int, v any) {
	f, s := &c.t.Fields[i], &c.slots[i]
	if data, ok := v.([]byte); ok && f.Blob {
		v = op.NewBlob(data)
	}
	v = f.Spell(v)
	s.state, s.value = given, v
	if text, ok := v.(string); ok && f.Path && f.Key && hostpath.Climbs(text) {
		c.wrong(i, climbs(f.Name, text))
		return
	}
	if f.Blob {
		switch v := v.(type) {
		case string:
			s.blob = textBlob(v)
			return
		case *op.Blob:
			if v != nil {
				s.blob = v
				return
			}
		}
	}
	if at, text := c.flaw(v, 0); text != "" {
		c.wrong(i, Problem{Message: f.Name + at + ": " + text})
		return
	}
	text, err := codec.Append(nil, v)
	if err != nil {
		c.wrong(i, Problem{Message: f.Name + ": " + err.Error()})
		return
	}
	s.json = text
}

// flaw looks for what is not plain data that JSON can carry, and says where it is within v.
func (c *call) flaw(v any, depth int) (at, text string) {
	if depth > maxDepth {
		return "", "nested too deeply"
	}
	switch v := v.(type) {
	case nil, bool, int64:
	case float64:
		c.odd = true // 1.0 and 1 are the same JSON
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", "want a finite number, got " + shape.Repr(v)
		}
	case string:
		if !utf8.ValidString(v) {
			return "", "want text in UTF-8, got " + shape.Brief(v)
		}
		if what := secret.NotText(v); what != "" {
			return "", what + secret.OnlyContent
		}
	case []byte:
		return "", "bytes are no text"
	case []any:
		for n, e := range v {
			if at, text := c.flaw(e, depth+1); text != "" {
				return fmt.Sprintf("[%d]%s", n, at), text
			}
		}
	case map[string]any:
		for name, e := range v {
			if !utf8.ValidString(name) {
				return "", "want names in UTF-8, got " + shape.Brief(name)
			}
			if at, text := c.flaw(e, depth+1); text != "" {
				return "[" + shape.Brief(name) + "]" + at, text
			}
		}
	default:
		return "", fmt.Sprintf("a value of Go's type %T cannot be used", v)
	}
	return "", ""
}

// takeLater marks the fields whose value is known later.
func (c *call) takeLater(later []string) {
	for _, name := range later {
		i := c.t.Index(name)
		if i < 0 {
			c.unknown(name)
			continue
		}
		f := &c.t.Fields[i]
		c.slots[i] = slot{state: pending}
		switch {
		case f.Key && f.Later && !c.has(c.t.KeyAlias):
			c.wrong(i, Problem{
				Message: name + " must be known while planning",
				Hint:    "give " + c.t.KeyAlias + " as well, so that the unit can be told from others",
			})
		case !f.Later && !f.Result:
			c.wrong(i, Problem{Message: name + " must be known while planning", Hint: c.laterHint(f)})
		}
	}
}

func (c *call) laterHint(f *schema.Field) string {
	if f.Key {
		return "it is what tells the unit from others"
	}
	var names []string
	for _, f := range c.t.Fields {
		if f.Later {
			names = append(names, f.Name)
		}
	}
	if names == nil {
		return ""
	}
	return "these can wait: " + shape.Enumerate(names, "and")
}

func (c *call) has(field string) bool {
	i := c.t.Index(field)
	return i >= 0 && c.slots[i].state == given
}

// unknown notes an argument that the type does not have.
func (c *call) unknown(name string) {
	var names []string
	for _, f := range c.t.Fields {
		names = append(names, f.Name)
	}
	hint := c.t.Name + " takes " + shape.Enumerate(names, "and")
	if near := diag.Nearest(name, names); near != "" {
		hint = "did you mean " + shape.Repr(near) + "?"
	}
	c.problems = append(c.problems, Problem{
		Field:   name,
		Message: fmt.Sprintf("%s has no argument %s", c.t.Name, shape.Brief(name)),
		Hint:    hint,
	})
}

// wrong notes a problem with field i.
func (c *call) wrong(i int, p Problem) {
	p.Field = c.t.Fields[i].Name
	c.slots[i].wrong = true
	c.problems = append(c.problems, p)
}

// digest identifies everything about the call that an answer depends on.
func (c *call) digest() digest {
	text := make([]byte, 0, 512)
	for i := range c.slots {
		s := &c.slots[i]
		switch {
		case s.state == pending:
			text = append(text, 'l')
		case s.state == given && s.blob != nil:
			tag := byte('t')
			if _, ok := s.value.(*op.Blob); ok {
				tag = 'b'
			}
			text = appendBlob(append(text, tag), s.blob)
		case s.state == given:
			text = append(append(text, 'v'), s.json...)
		default:
			text = append(text, '-')
		}
	}
	return sha256.Sum256(text)
}

// checked is the result of a call for which an answer was found.
func (c *call) checked(a answer) *Checked {
	if len(a.problems) > 0 {
		return nil
	}
	out := &Checked{Args: a.args}
	for i := range c.slots {
		if b := c.slots[i].blob; b != nil {
			if out.Blobs == nil {
				out.Blobs = make(map[string]*op.Blob, 1)
			}
			out.Blobs[b.Sum] = b
		}
	}
	return out
}
