package schema

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// answer checks the call for good.
func (c *call) answer() answer {
	c.missing()
	presets := c.judge()
	c.relate()
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b Problem) int { return cmp.Compare(c.rank(a), c.rank(b)) })
		return answer{problems: c.problems}
	}
	return answer{args: c.encode(presets)}
}

// rank orders problems: unknown arguments, fields as they are defined, the call as a whole.
func (c *call) rank(p Problem) int {
	if i, ok := c.t.index[p.Field]; ok {
		return i
	}
	if p.Field == "" {
		return len(c.t.Fields)
	}
	return -1
}

// encode writes the checked arguments as canonical JSON. presets holds what
// CUE filled in, where that depends on other arguments.
func (c *call) encode(presets map[int][]byte) codec.Raw {
	out := append(make([]byte, 0, 256), '{')
	for _, i := range c.t.order {
		f, r, s := &c.t.Fields[i], &c.t.rules[i], &c.slots[i]
		if f.SourceInto != "" || s.state == pending {
			continue
		}
		preset := r.preset
		if p, ok := presets[i]; ok {
			preset = p
		}
		if s.state == absent && preset == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, r.label...)
		switch {
		case s.state == absent:
			out = append(out, preset...)
		case s.blob != nil:
			out = appendBlob(out, s.blob)
		default:
			out = append(out, s.json...)
		}
	}
	return append(out, '}')
}

// missing looks for fields that must be given.
func (c *call) missing() {
	for i, f := range c.t.Fields {
		if f.Required && c.slots[i].state == absent {
			c.lacks(i, "")
		}
	}
}

func (c *call) lacks(i int, because string) {
	f := &c.t.Fields[i]
	hint := "give " + f.Name
	if f.Key {
		hint += ", the first argument"
	}
	if s := firstSentence(f.Doc); s != "" {
		hint += ": " + lowerFirst(s)
	}
	c.wrong(i, Problem{Message: f.Name + " is missing" + because, Hint: hint})
}

// relate checks what the fields' attributes say of each other.
func (c *call) relate() {
	for i := range c.t.Fields {
		r := &c.t.rules[i]
		c.unread(i)
		for _, name := range r.conflicts {
			c.conflict(i, c.t.index[name])
		}
		for _, need := range r.needs {
			c.need(i, need)
		}
		for _, when := range r.required {
			if value, ok := c.settled(when.field); ok && c.slots[i].state == absent && slices.Contains(when.values, value) {
				c.lacks(i, ": "+when.field+" = "+c.spell(when.field, value)+" needs it")
			}
		}
	}
}

// unread refuses a source whose file the caller did not read.
func (c *call) unread(i int) {
	into, s := c.t.Fields[i].SourceInto, &c.slots[i]
	if into == "" || s.state != given || s.wrong || c.slots[c.t.index[into]].state != absent {
		return
	}
	c.wrong(i, Problem{Message: c.t.Fields[i].Name + ": the file " + shape.Brief(s.value) + " was not read"})
}

func (c *call) conflict(i, other int) {
	fromFile := c.t.Fields[i].SourceInto == c.t.Fields[other].Name && isBlob(c.slots[other].value)
	if fromFile || !c.counts(i) || !c.counts(other) {
		return
	}
	if other < i && slices.Contains(c.t.rules[other].conflicts, c.t.Fields[i].Name) {
		return // said already
	}
	first, second := c.t.Fields[min(i, other)].Name, c.t.Fields[max(i, other)].Name
	c.problems = append(c.problems, Problem{
		Field:   second,
		Message: first + " and " + second + " cannot both be given",
		Hint:    "leave one of them out",
	})
}

// need checks that field i, if it is used, finds another field as it needs it.
func (c *call) need(i int, need condition) {
	value, ok := c.settled(need.field)
	if !ok || slices.Contains(need.values, value) || !c.counts(i) || c.fromSource(i) {
		return
	}
	var allowed []string
	for _, v := range need.values {
		allowed = append(allowed, c.spell(need.field, v))
	}
	is := c.spell(need.field, value)
	if !c.has(need.field) && !c.t.Fields[c.t.index[need.field]].HasDefault {
		is = "not given"
	}
	name, want := c.t.Fields[i].Name, joinWords(allowed, "or")
	c.wrong(i, Problem{
		Message: name + " needs " + need.field + " = " + want + ", but " + need.field + " is " + is,
		Hint:    "set " + need.field + " to " + want + ", or leave " + name + " out",
	})
}

// counts reports whether field i is given as something else than its default.
func (c *call) counts(i int) bool {
	s, f := &c.slots[i], &c.t.Fields[i]
	if s.state == given {
		return !f.HasDefault || !reflect.DeepEqual(s.value, f.Default)
	}
	return s.state == pending
}

// fromSource reports whether blob field i holds what a source field named.
func (c *call) fromSource(i int) bool {
	if !isBlob(c.slots[i].value) {
		return false
	}
	for j := range c.t.Fields {
		if c.t.Fields[j].SourceInto == c.t.Fields[i].Name && c.slots[j].state == given {
			return true
		}
	}
	return false
}

// settled returns a field's value or default as conditions spell it; false
// where that is not known or is wrong anyway.
func (c *call) settled(field string) (string, bool) {
	i := c.t.index[field]
	s, v := &c.slots[i], c.t.Fields[i].Default
	if s.state == pending || s.wrong {
		return "", false
	}
	if s.state == given {
		v = s.value
	}
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", true
}

// spell writes a condition's value as a runbook does.
func (c *call) spell(field, value string) string {
	return shape.Brief(conditionValue(c.t.Fields[c.t.index[field]].Kind, value))
}

func isBlob(v any) bool {
	_, ok := v.(*op.Blob)
	return ok
}
