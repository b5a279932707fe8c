package codec

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"reflect"
	"strconv"
)

// decoder reads one value; its scanning half is in scan.go and skip.go.
type decoder struct {
	data  []byte
	text  string // data, once a string was found in it
	own   []byte // data, once a Raw was found in it
	pos   int
	depth int
}

// value reads the value at the position into v, which must be settable.
func (d *decoder) value(v reflect.Value, s *shape) error {
	switch s.form {
	case formRaw:
		return d.raw(v)
	case formSpan:
		start := d.pos
		err := d.span()
		v.SetBytes(d.data[start:d.pos:d.pos])
		return err
	}
	if d.peek() == 'n' {
		v.SetZero()
		return d.literal("null")
	}
	switch s.form {
	case formBool:
		b, err := d.boolean()
		v.SetBool(b)
		return err
	case formInt, formUint, formFloat:
		return d.numeric(v, s)
	case formString:
		text, err := d.str()
		v.SetString(text)
		return err
	case formBytes:
		return d.bytes(v)
	case formPointer:
		p := reflect.New(s.elem.typ)
		v.Set(p)
		return d.value(p.Elem(), s.elem)
	case formSlice:
		return d.slice(v, s)
	case formMap:
		return d.mapping(v, s)
	case formStruct:
		return d.structure(v, s)
	}
	plain, err := d.plain()
	if err == nil && plain != nil {
		v.Set(reflect.ValueOf(plain))
	}
	return err
}

// shared is the size up to which all strings and all Raws of an input share one
// copy of it: they are many and short, and allocations cost more than bytes.
const shared = 64 << 10

// part returns the input between two positions.
func (d *decoder) part(start, end int) string {
	if len(d.data) > shared {
		return string(d.data[start:end])
	}
	if d.text == "" {
		d.text = string(d.data)
	}
	return d.text[start:end]
}

// str reads a string.
func (d *decoder) str() (string, error) {
	if end := plainText(d.data, d.pos); end > 0 {
		part := d.part(d.pos+1, end-1)
		d.pos = end
		return part, nil
	}
	b, err := d.chars()
	return string(b), err
}

func (d *decoder) raw(v reflect.Value) error {
	start := d.pos
	if err := d.skip(); err != nil {
		return err
	}
	if len(d.data) > shared {
		v.SetBytes(bytes.Clone(d.data[start:d.pos]))
		return nil
	}
	if d.own == nil {
		d.own = bytes.Clone(d.data)
	}
	v.SetBytes(d.own[start:d.pos:d.pos])
	return nil
}

func (d *decoder) numeric(v reflect.Value, s *shape) error {
	start := d.pos
	if n, ok := d.small(); ok {
		if s.form == formInt && !v.OverflowInt(n) {
			v.SetInt(n)
			return nil
		}
		if s.form == formUint && !v.OverflowUint(uint64(n)) {
			v.SetUint(uint64(n))
			return nil
		}
		d.pos = start
	}
	lit, integer, err := d.number()
	if err != nil {
		return err
	}
	if !integer && s.form != formFloat {
		return d.failAt(start, "expected a whole number")
	}
	switch s.form {
	case formInt:
		n, err := strconv.ParseInt(string(lit), 10, s.typ.Bits())
		if err != nil {
			return d.failAt(start, "number is out of range")
		}
		v.SetInt(n)
	case formUint:
		n, err := strconv.ParseUint(string(lit), 10, s.typ.Bits())
		if err != nil {
			return d.failAt(start, "number is out of range")
		}
		v.SetUint(n)
	default:
		f, err := strconv.ParseFloat(string(lit), s.typ.Bits())
		if err != nil {
			return d.failAt(start, "number is out of range")
		}
		v.SetFloat(f)
	}
	return nil
}

func (d *decoder) bytes(v reflect.Value) error {
	start := d.pos
	text, err := d.chars()
	if err != nil {
		return err
	}
	content := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(content, text)
	if err != nil {
		return d.failAt(start, "expected base64")
	}
	v.SetBytes(content[:n])
	return nil
}

func (d *decoder) slice(v reflect.Value, s *shape) error {
	more, err := d.open('[', ']')
	if !more {
		v.Set(reflect.MakeSlice(s.typ, 0, 0))
		return err
	}
	v.SetZero()
	for i := 0; more && err == nil; i++ {
		if i >= v.Cap() {
			v.Grow(2)
		}
		v.SetLen(i + 1)
		if err = d.value(v.Index(i), s.elem); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
		more, err = d.more(']')
	}
	return err
}

func (d *decoder) mapping(v reflect.Value, s *shape) error {
	v.Set(reflect.MakeMap(s.typ))
	elem := reflect.New(s.elem.typ).Elem()
	more, err := d.open('{', '}')
	for more && err == nil {
		var key []byte
		if key, err = d.key(); err != nil {
			return err
		}
		elem.SetZero()
		if err = d.value(elem, s.elem); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(string(key)).Convert(s.typ.Key()), elem)
		more, err = d.more('}')
	}
	return err
}

func (d *decoder) structure(v reflect.Value, s *shape) error {
	more, err := d.open('{', '}')
	for next := 0; more && err == nil; { // the field after the last one
		i := d.expected(s.fields, next)
		if i < 0 {
			var key []byte
			if key, err = d.key(); err != nil {
				return err
			}
			i = s.find(key)
		}
		if i < 0 {
			err = d.skip()
		} else {
			next = i + 1
			err = d.member(v, &s.fields[i])
		}
		if err != nil {
			return err
		}
		if d.pos < len(d.data) && d.data[d.pos] == ',' {
			d.pos++
			d.space()
		} else {
			more, err = d.more('}')
		}
	}
	return err
}

// expected steps over a key with its colon if it is that of one of the fields
// from next on, and returns which. Writers keep the order of fields and leave
// some out, so it nearly always is.
func (d *decoder) expected(fields []field, next int) int {
	if len(d.data)-d.pos < 8 {
		return -1
	}
	rest := d.data[d.pos:]
	head := binary.LittleEndian.Uint64(rest)
	for i := next; i < len(fields); i++ {
		f := &fields[i]
		if (head^f.head)&f.mask != 0 {
			continue
		}
		n := len(f.key)
		if n > 8 && (n > len(rest) || string(rest[8:n]) != string(f.key[8:])) {
			continue
		}
		d.pos += n
		d.space()
		return i
	}
	return -1
}

// find returns the field with a name, or -1.
func (s *shape) find(name []byte) int {
	if i, ok := s.index[string(name)]; ok {
		return i
	}
	return -1
}

func (d *decoder) member(v reflect.Value, f *field) error {
	to := f.of(v)
	if f.shape.form == formStruct {
		to.SetZero()
	}
	if err := d.value(to, f.shape); err != nil {
		return within(err, f.name)
	}
	return nil
}

// plain reads a value whose type is decided by what stands there.
func (d *decoder) plain() (any, error) {
	switch c := d.peek(); {
	case c == 'n':
		return nil, d.literal("null")
	case c == 't' || c == 'f':
		return d.boolean()
	case c == '"':
		return d.str()
	case c == '[':
		return d.plainList()
	case c == '{':
		return d.plainObject()
	case c == '-' || isDigit(c):
		return d.plainNumber()
	}
	return nil, d.fail("expected a value, found " + d.found())
}

func (d *decoder) plainList() (any, error) {
	list := []any{}
	more, err := d.open('[', ']')
	for more && err == nil {
		var v any
		if v, err = d.plain(); err != nil {
			return nil, err
		}
		list = append(list, v)
		more, err = d.more(']')
	}
	return list, err
}

func (d *decoder) plainObject() (any, error) {
	object := map[string]any{}
	more, err := d.open('{', '}')
	for more && err == nil {
		var key []byte
		if key, err = d.key(); err != nil {
			return nil, err
		}
		if object[string(key)], err = d.plain(); err != nil {
			return nil, err
		}
		more, err = d.more('}')
	}
	return object, err
}

func (d *decoder) plainNumber() (any, error) {
	start := d.pos
	lit, integer, err := d.number()
	if err != nil {
		return nil, err
	}
	if integer && string(lit) != "-0" { // which integers do not have
		if n, err := strconv.ParseInt(string(lit), 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(string(lit), 64)
	if err != nil {
		return nil, d.failAt(start, "number is out of range")
	}
	return f, nil
}
