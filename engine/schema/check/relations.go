package check

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runner/op"
)

// relations checks what the attributes of a type's fields say of each other.
type relations struct{ c *call }

// missing looks for fields that must be given.
func (r relations) missing() {
	for i, f := range r.c.t.Fields {
		if f.Required && r.c.slots[i].state == absent {
			r.lacks(i, "")
		}
	}
}

func (r relations) lacks(i int, because string) {
	f := &r.c.t.Fields[i]
	hint := "give " + f.Name
	if f.Key {
		hint += ", the first argument"
	}
	if s := firstSentence(f.Doc); s != "" {
		hint += ": " + lowerFirst(s)
	}
	r.c.wrong(i, Problem{Message: f.Name + " is missing" + because, Hint: hint})
}

// hold checks what the fields' attributes say of each other.
func (r relations) hold() {
	for i := range r.c.t.Fields {
		rule := &r.c.t.Rules[i]
		r.unread(i)
		for _, name := range rule.Conflicts {
			r.conflict(i, r.c.t.Index(name))
		}
		for _, need := range rule.Needs {
			r.need(i, need)
		}
		for _, when := range rule.Required {
			if value, ok := r.settled(when.Field); ok && r.c.slots[i].state == absent && slices.Contains(when.Values, value) {
				r.lacks(i, ": "+when.Field+" = "+r.spell(when.Field, value)+" needs it")
			}
		}
	}
}

// unread refuses a source whose file the caller did not read.
func (r relations) unread(i int) {
	into, s := r.c.t.Fields[i].SourceInto, &r.c.slots[i]
	if into == "" || s.state != given || s.wrong || r.c.slots[r.c.t.Index(into)].state != absent {
		return
	}
	r.c.wrong(i, Problem{Message: r.c.t.Fields[i].Name + ": the file " + shape.Brief(s.value) + " was not read"})
}

func (r relations) conflict(i, other int) {
	fromFile := r.c.t.Fields[i].SourceInto == r.c.t.Fields[other].Name && isBlob(r.c.slots[other].value)
	if fromFile || !r.counts(i) || !r.counts(other) {
		return
	}
	if other < i && slices.Contains(r.c.t.Rules[other].Conflicts, r.c.t.Fields[i].Name) {
		return // said already
	}
	first, second := r.c.t.Fields[min(i, other)].Name, r.c.t.Fields[max(i, other)].Name
	r.c.problems = append(r.c.problems, Problem{
		Field:   second,
		Message: first + " and " + second + " cannot both be given",
		Hint:    "leave one of them out",
	})
}

// need checks that field i, if it is used, finds another field as it needs it.
func (r relations) need(i int, need schema.Condition) {
	value, ok := r.settled(need.Field)
	if !ok || slices.Contains(need.Values, value) || !r.counts(i) || r.fromSource(i) {
		return
	}
	var allowed []string
	for _, v := range need.Values {
		allowed = append(allowed, r.spell(need.Field, v))
	}
	is := r.spell(need.Field, value)
	if !r.c.has(need.Field) && !r.c.t.Fields[r.c.t.Index(need.Field)].HasDefault {
		is = "not given"
	}
	name, want := r.c.t.Fields[i].Name, shape.Enumerate(allowed, "or")
	r.c.wrong(i, Problem{
		Message: name + " needs " + need.Field + " = " + want + ", but " + need.Field + " is " + is,
		Hint:    "set " + need.Field + " to " + want + ", or leave " + name + " out",
	})
}

// counts reports whether field i is given as something else than its default.
func (r relations) counts(i int) bool {
	s, f := &r.c.slots[i], &r.c.t.Fields[i]
	if s.state == given {
		return !f.HasDefault || !reflect.DeepEqual(s.value, f.Default)
	}
	return s.state == pending
}

// fromSource reports whether blob field i holds what a source field named.
func (r relations) fromSource(i int) bool {
	if !isBlob(r.c.slots[i].value) {
		return false
	}
	for j := range r.c.t.Fields {
		if r.c.t.Fields[j].SourceInto == r.c.t.Fields[i].Name && r.c.slots[j].state == given {
			return true
		}
	}
	return false
}

// settled returns a field's value or default as conditions spell it; false
// where that is not known or is wrong anyway.
func (r relations) settled(field string) (string, bool) {
	i := r.c.t.Index(field)
	s, v := &r.c.slots[i], r.c.t.Fields[i].Default
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
func (r relations) spell(field, value string) string {
	return shape.Brief(r.c.t.Fields[r.c.t.Index(field)].Read(value))
}

func isBlob(v any) bool {
	_, ok := v.(*op.Blob)
	return ok
}
