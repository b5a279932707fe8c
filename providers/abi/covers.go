package abi

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Covers reports whether an announced effect speaks of an op: the same kind,
// and the same value in every field but those that were announced as unknown.
func (e Effect) Covers(o op.Op) bool {
	_, differs := e.Differs(o)
	return !differs
}

// Allows reports whether an announced effect holds all that another may do:
// what the other leaves open must be open here, too.
func (e Effect) Allows(other Effect) bool {
	_, differs := e.Beyond(other)
	return !differs
}

// Difference is the first field in which an op is not what was announced.
type Difference struct {
	Field     string    // as ops spell it: "mode", "packages.version"; "" where the kind is another
	Has       codec.Raw // nil where the op leaves it out
	Announced codec.Raw
	Open      bool // it is known only after apply, but was announced as fixed
}

// String says it in a few words: "mode 04755, announced 0644".
func (d Difference) String() string {
	if d.Field == "" {
		return "nothing of that kind was announced"
	}
	has := spell(d.Field, d.Has)
	if d.Open {
		has = "known after apply"
	}
	return d.Field + " " + has + ", announced " + spell(d.Field, d.Announced)
}

// spell writes a value for people: modes in octal, the rest as JSON.
func spell(field string, value codec.Raw) string {
	if value == nil {
		return "none"
	}
	if name := field[strings.LastIndexByte(field, '.')+1:]; name == "mode" || name == "dir_mode" {
		if n, err := strconv.ParseUint(string(value), 10, 32); err == nil {
			return "0" + strconv.FormatUint(n, 8)
		}
	}
	if len(value) > maxSpelled {
		return string(value[:maxSpelled]) + "... (" + strconv.Itoa(len(value)) + " bytes)"
	}
	return string(value)
}

// maxSpelled bounds how many bytes of a value stand in a message.
const maxSpelled = 120

// Differs gives the first field in which an op is not as announced, and
// whether there is one.
func (e Effect) Differs(o op.Op) (Difference, bool) { return e.Beyond(Effect{Op: o}) }

// Beyond gives the first field in which an effect may do what was not
// announced, and whether there is one.
func (e Effect) Beyond(other Effect) (Difference, bool) {
	if e.Op.Kind() == "" || e.Op.Kind() != other.Op.Kind() {
		return Difference{}, true
	}
	announced, errA := Fields(e.Op)
	has, errB := Fields(other.Op)
	if errA != nil || errB != nil {
		return Difference{}, true // one that cannot be encoded is like no other
	}
	for _, field := range other.Unknown {
		if !e.open(field) {
			return Difference{Field: field, Announced: announced[field], Open: true}, true
		}
	}
	return e.compare("", announced, has)
}

// open reports whether a field, or what it stands in, was announced as unknown.
func (e Effect) open(field string) bool {
	return slices.ContainsFunc(e.Unknown, func(u string) bool { return u == field || strings.HasPrefix(field, u+".") })
}

// inside reports whether something within a field was announced as unknown.
func (e Effect) inside(field string) bool {
	return slices.ContainsFunc(e.Unknown, func(u string) bool { return strings.HasPrefix(u, field+".") })
}

// compare compares two objects field by field.
func (e Effect) compare(prefix string, announced, has map[string]codec.Raw) (Difference, bool) {
	for _, name := range names(announced, has) {
		field := prefix + name
		a, h := announced[name], has[name]
		if e.open(field) || bytes.Equal(a, h) {
			continue
		}
		if e.inside(field) {
			if d, differs := e.within(field, a, h); differs {
				return d, true
			}
			continue
		}
		if d, deeper := e.deeper(field, a, h); deeper {
			return d, true
		}
		return Difference{Field: field, Has: h, Announced: a}, true
	}
	return Difference{}, false
}

// within compares two values of which a part was announced as unknown.
func (e Effect) within(field string, announced, has codec.Raw) (Difference, bool) {
	a, h := objects(announced), objects(has)
	if a == nil || len(a) != len(h) {
		return Difference{Field: field, Has: has, Announced: announced}, true
	}
	for i := range a {
		if d, differs := e.compare(field+".", a[i], h[i]); differs {
			return d, true
		}
	}
	return Difference{}, false
}

// deeper finds the field within two values that differ, to name that.
func (e Effect) deeper(field string, announced, has codec.Raw) (Difference, bool) {
	if a, h := objects(announced), objects(has); a == nil || len(a) != len(h) {
		return Difference{}, false
	}
	return e.within(field, announced, has)
}

// objects reads an object, or a list of them; nil is something else.
func objects(value codec.Raw) []map[string]codec.Raw {
	var list []map[string]codec.Raw
	if codec.Unmarshal(value, &list) == nil && !slices.ContainsFunc(list, func(o map[string]codec.Raw) bool { return o == nil }) {
		return list
	}
	var one map[string]codec.Raw
	if codec.Unmarshal(value, &one) == nil && one != nil {
		return []map[string]codec.Raw{one}
	}
	return nil
}

// Fields are the fields of an op by their names in JSON, those that are not set left out.
func Fields(o op.Op) (map[string]codec.Raw, error) {
	text, err := codec.Marshal(o)
	if err != nil {
		return nil, err
	}
	var kinds map[string]map[string]codec.Raw
	if err := codec.Unmarshal(text, &kinds); err != nil {
		return nil, err
	}
	return kinds[string(o.Kind())], nil
}

// names lists the keys of both, sorted.
func names(a, b map[string]codec.Raw) []string {
	all := make([]string, 0, len(a)+len(b))
	for name := range a {
		all = append(all, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// paths holds the fields of every kind of op, by "kind.field".
var paths = sync.OnceValues(func() (map[string]bool, error) {
	all, err := codec.Paths(op.Op{})
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(all))
	for _, p := range all {
		known[p] = true
	}
	return known, nil
})

// CheckUnknown refuses fields that the op does not have, and those that are
// announced with a value and as unknown at the same time.
func (e Effect) CheckUnknown() string {
	if len(e.Unknown) == 0 {
		return ""
	}
	known, err := paths()
	if err != nil {
		return err.Error()
	}
	fields, err := Fields(e.Op)
	if err != nil {
		return err.Error()
	}
	kind := string(e.Op.Kind())
	for _, field := range e.Unknown {
		switch value := fields[field]; {
		case !known[kind+"."+field]:
			return kind + " has no field " + strconv.Quote(field)
		case value != nil && !blank(value):
			return field + " of " + kind + " is announced as unknown and as " + spell(field, value)
		}
	}
	return ""
}

// blank reports whether a value is the one of a field that was not set.
func blank(value codec.Raw) bool {
	switch string(value) {
	case "null", `""`, "0", "false", "[]", "{}":
		return true
	}
	return false
}
