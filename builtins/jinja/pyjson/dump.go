// Package pyjson writes and reads JSON as Python's json does.
package pyjson

import (
	"fmt"
	"math"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Options of Dump.
type Options struct {
	Indent    *string // what one level is indented by; nil: all on one line
	SortKeys  bool
	Unicode   bool   // characters beyond ASCII stay as they are
	Item, Key string // separators; "" for those of Python
}

// Limits of a document.
const (
	maxDepth = 500
	maxText  = 64 << 20
)

// Dump writes a value as JSON.
func Dump(v py.Value, o Options) (string, error) {
	if o.Item == "" {
		if o.Item = ", "; o.Indent != nil {
			o.Item = ","
		}
	}
	if o.Key == "" {
		o.Key = ": "
	}
	d := &dumper{o: o}
	err := d.value(v, 0)
	return d.b.String(), err
}

type dumper struct {
	b strings.Builder
	o Options
}

func (d *dumper) newline(depth int) {
	if d.o.Indent != nil {
		d.b.WriteString("\n" + strings.Repeat(*d.o.Indent, depth))
	}
}

func (d *dumper) value(v py.Value, depth int) error {
	if depth > maxDepth || d.b.Len() > maxText {
		return py.Errorf("the value is nested more than %d levels deep, holds itself, or is larger than %d bytes", maxDepth, maxText)
	}
	switch v := v.(type) {
	case *py.Undefined:
		return v
	case starlark.NoneType:
		d.b.WriteString("null")
	case starlark.Bool:
		fmt.Fprintf(&d.b, "%t", bool(v))
	case starlark.Int:
		s, err := py.Repr(v)
		d.b.WriteString(s)
		return err
	case starlark.Float:
		d.b.WriteString(float(float64(v)))
	case starlark.String:
		d.text(string(v))
	case *starlark.Dict:
		return d.object(v, depth)
	case interface{ ISO() string }: // a time, as Ansible writes it
		d.text(v.ISO())
	default:
		switch v := v.(type) {
		case *starlark.List, starlark.Tuple:
		case interface{ Pair() starlark.Tuple }: // a tuple with names
			return d.array(v.Pair(), depth)
		default:
			return py.Errorf("Object of type %s is not JSON serializable", py.TypeName(v))
		}
		items, err := py.Elements(v)
		if err != nil {
			return err
		}
		return d.array(items, depth)
	}
	return nil
}

func float(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return py.FloatText(f)
}

func (d *dumper) array(items []py.Value, depth int) error {
	if len(items) == 0 {
		d.b.WriteString("[]")
		return nil
	}
	d.b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			d.b.WriteString(d.o.Item)
		}
		d.newline(depth + 1)
		if err := d.value(item, depth+1); err != nil {
			return err
		}
	}
	d.newline(depth)
	d.b.WriteByte(']')
	return nil
}

func (d *dumper) object(v *starlark.Dict, depth int) error {
	if v.Len() == 0 {
		d.b.WriteString("{}")
		return nil
	}
	keys := v.Keys()
	if d.o.SortKeys {
		if err := py.Sort(keys, false); err != nil {
			return err
		}
	}
	d.b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			d.b.WriteString(d.o.Item)
		}
		d.newline(depth + 1)
		name, err := keyText(k)
		if err != nil {
			return err
		}
		d.text(name)
		d.b.WriteString(d.o.Key)
		item, _, err := v.Get(k)
		if err != nil {
			return err
		}
		if err := d.value(item, depth+1); err != nil {
			return err
		}
	}
	d.newline(depth)
	d.b.WriteByte('}')
	return nil
}

func keyText(k py.Value) (string, error) {
	switch k := k.(type) {
	case starlark.String:
		return string(k), nil
	case starlark.NoneType:
		return "null", nil
	case starlark.Bool:
		return fmt.Sprint(bool(k)), nil
	case starlark.Int:
		return py.Repr(k)
	case starlark.Float:
		return float(float64(k)), nil
	}
	return "", py.Errorf("keys must be str, int, float, bool or None, not %s", py.TypeName(k))
}

func (d *dumper) text(s string) {
	d.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			d.b.WriteByte('\\')
			d.b.WriteRune(r)
		case r == '\n':
			d.b.WriteString(`\n`)
		case r == '\r':
			d.b.WriteString(`\r`)
		case r == '\t':
			d.b.WriteString(`\t`)
		case r == '\f':
			d.b.WriteString(`\f`)
		case r == '\b':
			d.b.WriteString(`\b`)
		case r < ' ' || r > '~' && !d.o.Unicode && r <= 0xffff || r == 0x7f && !d.o.Unicode:
			fmt.Fprintf(&d.b, `\u%04x`, r)
		case r > 0xffff && !d.o.Unicode:
			r -= 0x10000
			fmt.Fprintf(&d.b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			d.b.WriteRune(r)
		}
	}
	d.b.WriteByte('"')
}
