// Package optest makes ops for tests that have to hold for all kinds and fields
// of op: it goes by the fields of op.Op, so that a new one is there by itself. It
// is for tests only.
package optest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// Variant is an op and one that differs from it in a single field.
type Variant struct {
	Kind  op.Kind
	Field string // as JSON spells it, with a dot before what lies within
	// What says how they differ: "another", or "added" where One does not have the field.
	What     string
	One, Two op.Op
}

func (v Variant) String() string { return string(v.Kind) + " " + v.Field + " " + v.What }

// samples are values of fields that not every value is right for: the first of
// the two is the usual one. Fields of other names get values by their type.
var samples = map[string][2]any{
	"path": {"/srv/x", "/srv/y"}, "dir": {"/srv", "/tmp"}, "target": {"/srv/t", "/etc/passwd"}, "namespaces": {"os.basic", "hw.cpu"},
	"mode": {uint32(0o644), uint32(0o4755)}, "dir_mode": {uint32(0o755), uint32(0o2777)},
	"check": {"true %s", "evil %s"}, "env": {"A=1", "B=2"}, "sum": {strings.Repeat("ab", 32), strings.Repeat("cd", 32)},
	"state": {"present", "absent"}, "svc.ensure.state": {"running", "stopped"}, "svc.ensure.name": {"a.service", "b.service"}, "names": {"a.service", "b.service"},
	"version": {"1.0", "2.0"}, "url": {"http://a/", "http://b/"}, "status": {200, 404}, "method": {"POST", "PUT"}, "address": {"a", "b"},
	"candidate": {"missing", "always"}, "read_only": {false, true}, "absent": {false, true}, "from": {"/srv/a", "/srv/b"}, "run": {"r1", "r2"},
	"tree.sync.pick": {"0", "0-2"}, "dest": {"fetched", "other"}, "query": {false, true},
}

// without are fields that cannot stand beside another: what is left out for them.
var without = map[string][]string{"exec.shell": {"argv", "script"}, "exec.argv": {"shell", "script"}, "exec.script.sum": {"shell", "stdin"}, "exec.script.size": {"shell", "stdin"}, "exec.script": {"shell", "stdin"}, "archive.unpack.from": {"archive"}}

// usually are fields that are left out for all others.
var usually = map[string][]string{"exec": {"shell", "script"}, "archive.unpack": {"from"}}

// Variants lists, for every kind of op, each of its fields with another value,
// and each that may be left out with a value where it was not there.
func Variants() []Variant {
	var all []Variant
	ops := reflect.TypeFor[op.Op]()
	for i := range ops.NumField() {
		kind, _, _ := strings.Cut(ops.Field(i).Tag.Get("json"), ",")
		make := func(skip []string) reflect.Value {
			o := reflect.New(ops).Elem()
			body := reflect.New(ops.Field(i).Type.Elem())
			fill(kind, body.Elem(), skip)
			o.Field(i).Set(body)
			return o
		}
		for _, path := range leaves(make(nil).Field(i).Elem(), "") {
			skip := without[kind+"."+path]
			if skip == nil {
				skip = usually[kind]
			}
			one, two, bare := make(skip), make(skip), make(skip)
			change(kind, two.Field(i).Elem(), path)
			all = append(all, Variant{op.Kind(kind), path, "another", one.Interface().(op.Op), two.Interface().(op.Op)})
			if clear(bare.Field(i).Elem(), path) && !reflect.DeepEqual(bare.Interface(), one.Interface()) {
				all = append(all, Variant{op.Kind(kind), path, "added", bare.Interface().(op.Op), one.Interface().(op.Op)})
			}
		}
	}
	return all
}

// Kinds lists all kinds of op.
func Kinds() []op.Kind {
	var all []op.Kind
	for _, v := range Variants() {
		if !slices.Contains(all, v.Kind) {
			all = append(all, v.Kind)
		}
	}
	return all
}

// fields calls f with each field that JSON knows, those of embedded structs included.
func fields(v reflect.Value, f func(name string, omit bool, v reflect.Value)) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "text" && v.Type() == reflect.TypeFor[op.Blob](): // a guest's, which no op has that is kept, sent or compared
		case sf.Anonymous && name == "":
			fields(v.Field(i), f)
		default:
			f(name, options == "omitempty", v.Field(i))
		}
	}
}

// sample is the usual value of a field, or another.
func sample(kind, name string, which int) (any, bool) {
	for _, key := range []string{kind + "." + name, name} {
		if s, ok := samples[key]; ok {
			return s[which], true
		}
	}
	return nil, false
}

// fill sets all fields but those to skip.
func fill(kind string, v reflect.Value, skip []string) {
	fields(v, func(name string, _ bool, f reflect.Value) {
		if !slices.Contains(skip, name) {
			set(kind, name, f, 0)
		}
	})
}

// set gives a field its usual value, or another.
func set(kind, name string, f reflect.Value, which int) {
	if value, ok := sample(kind, name, which); ok && f.Kind() != reflect.Slice && f.Kind() != reflect.Pointer && f.Kind() != reflect.Struct {
		f.Set(reflect.ValueOf(value).Convert(f.Type()))
		return
	}
	switch f.Kind() {
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		set(kind, name, f.Elem(), which)
	case reflect.Struct:
		fill(kind, f, nil)
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		set(kind, name, f.Index(0), which)
	case reflect.Map:
		f.Set(reflect.MakeMap(f.Type()))
		value := reflect.New(f.Type().Elem()).Elem()
		set(kind, name, value, which)
		f.SetMapIndex(reflect.ValueOf("X"), value)
	case reflect.String:
		f.SetString([]string{"one", "two"}[which])
	case reflect.Bool:
		f.SetBool(which == 0)
	case reflect.Int, reflect.Int32, reflect.Int64:
		f.SetInt(int64(1 + which))
	case reflect.Uint32, reflect.Uint64:
		f.SetUint(uint64(1 + which))
	default:
		panic("optest: " + string(kind) + "." + name + " is a " + f.Kind().String())
	}
}

// leaves lists the paths of the fields that hold values.
func leaves(v reflect.Value, prefix string) []string {
	var all []string
	fields(v, func(name string, _ bool, f reflect.Value) {
		if inner, ok := inside(f); ok {
			all = append(all, leaves(inner, prefix+name+".")...)
			return
		}
		all = append(all, prefix+name)
	})
	return all
}

// inside is the struct that a field holds, if it does.
func inside(f reflect.Value) (reflect.Value, bool) {
	for f.Kind() == reflect.Pointer && !f.IsNil() || f.Kind() == reflect.Slice && f.Len() > 0 {
		if f.Kind() == reflect.Slice {
			f = f.Index(0)
		} else {
			f = f.Elem()
		}
	}
	return f, f.Kind() == reflect.Struct
}

// at calls f with the field at a path.
func at(v reflect.Value, path string, f func(name string, omit bool, v reflect.Value)) {
	first, rest, deeper := strings.Cut(path, ".")
	fields(v, func(name string, omit bool, field reflect.Value) {
		switch {
		case name != first:
		case !deeper:
			f(name, omit, field)
		default:
			if inner, ok := inside(field); ok {
				at(inner, rest, f)
			}
		}
	})
}

// change gives the field at a path another value.
func change(kind string, v reflect.Value, path string) {
	at(v, path, func(name string, _ bool, f reflect.Value) { set(kind, name, f, 1) })
}

// clear leaves the field at a path out, and reports whether it may be.
func clear(v reflect.Value, path string) (may bool) {
	at(v, path, func(_ string, omit bool, f reflect.Value) {
		if may = omit; omit {
			f.SetZero()
		}
	})
	return may
}
