package codec

import (
	"encoding/base64"
	"reflect"
	"strconv"
)

// decoder reads one value; its scanning half is in scan.go.
type decoder struct {
	data  []byte
	pos   int
	depth int
}

// value reads a value into v, which must be settable.
func (d *decoder) value(v reflect.Value, s *shape) error {
	d.space()
	if s.form == formRaw {
		return d.raw(v)
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
		b, err := d.text()
		v.SetString(string(b))
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

func (d *decoder) raw(v reflect.Value) error {
	start := d.pos
	if err := d.skip(); err != nil {
		return err
	}
	v.SetBytes(append([]byte(nil), d.data[start:d.pos]...))
	return nil
}

func (d *decoder) numeric(v reflect.Value, s *shape) error {
	start := d.pos
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
	text, err := d.text()
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
	v.Set(reflect.MakeSlice(s.typ, 0, 0))
	return d.array(func(i int) error {
		if i >= v.Cap() {
			v.Grow(1)
		}
		v.SetLen(i + 1)
		if err := d.value(v.Index(i), s.elem); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
		return nil
	})
}

func (d *decoder) mapping(v reflect.Value, s *shape) error {
	v.Set(reflect.MakeMap(s.typ))
	elem := reflect.New(s.elem.typ).Elem()
	keyType := s.typ.Key()
	return d.object(func(key []byte) error {
		elem.SetZero()
		if err := d.value(elem, s.elem); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(string(key)).Convert(keyType), elem)
		return nil
	})
}

func (d *decoder) structure(v reflect.Value, s *shape) error {
	next := 0 // writers keep the order of the fields, so the next one is the likeliest
	return d.object(func(key []byte) error {
		i := next
		if i >= len(s.fields) || s.fields[i].name != string(key) {
			known := false
			if i, known = s.index[string(key)]; !known {
				d.space()
				return d.skip()
			}
		}
		next = i + 1
		f := &s.fields[i]
		member := f.of(v)
		if f.shape.form == formStruct {
			member.SetZero()
		}
		if err := d.value(member, f.shape); err != nil {
			return within(err, f.name)
		}
		return nil
	})
}

// plain reads a value whose type is decided by what stands there.
func (d *decoder) plain() (any, error) {
	d.space()
	switch c := d.peek(); {
	case c == 'n':
		return nil, d.literal("null")
	case c == 't' || c == 'f':
		return d.boolean()
	case c == '"':
		b, err := d.text()
		return string(b), err
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
	err := d.array(func(int) error {
		v, err := d.plain()
		list = append(list, v)
		return err
	})
	return list, err
}

func (d *decoder) plainObject() (any, error) {
	object := map[string]any{}
	err := d.object(func(key []byte) error {
		v, err := d.plain()
		object[string(key)] = v
		return err
	})
	return object, err
}

func (d *decoder) plainNumber() (any, error) {
	start := d.pos
	lit, integer, err := d.number()
	if err != nil {
		return nil, err
	}
	if integer {
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
