package codec

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// form is how a Go type looks in JSON.
type form uint8

const (
	formBool form = iota
	formInt
	formUint
	formFloat
	formString
	formBytes // base64 string
	formRaw
	formSpan
	formPointer
	formSlice
	formMap
	formStruct
	formAny
)

// shape is what the codec knows of a Go type, worked out once.
type shape struct {
	form   form
	typ    reflect.Type
	elem   *shape // of pointers, slices and maps
	fields []field
	index  map[string]int // into fields, by name in JSON
}

// field is one member of a struct, those of embedded structs included.
type field struct {
	name      string
	after     []byte // a comma, the quoted name and a colon
	key       []byte // the same without the comma
	head      uint64 // the first eight bytes of key as a number, in which
	mask      uint64 // the bits that are key's are set here
	path      []int  // indices from the struct through embedded ones
	omitEmpty bool
	shape     *shape
}

// of returns the field's value in the struct v.
func (f *field) of(v reflect.Value) reflect.Value {
	for _, i := range f.path {
		v = v.Field(i)
	}
	return v
}

// shapes caches shapes by type. It only ever grows by what the program's types
// are, and holds nothing that could be wrong later.
var shapes sync.Map // reflect.Type → *shape

// recent holds shapes that were asked for lately, by the address of their
// type: looking them up in a map costs as much as reading a small value.
var recent [32]atomic.Pointer[shape]

func shapeOf(t reflect.Type) (*shape, error) {
	slot := &recent[reflect.ValueOf(t).Pointer()/32%uintptr(len(recent))]
	if s := slot.Load(); s != nil && s.typ == t {
		return s, nil
	}
	s, err := cachedShape(t)
	if err == nil {
		slot.Store(s)
	}
	return s, err
}

func cachedShape(t reflect.Type) (*shape, error) {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape), nil
	}
	b := shaper{}
	s, err := b.shape(t)
	if err != nil {
		return nil, err
	}
	for t, s := range b {
		shapes.LoadOrStore(t, s)
	}
	return s, nil
}

// shaper holds the shapes under construction, so that types may refer to themselves.
type shaper map[reflect.Type]*shape

func (b shaper) shape(t reflect.Type) (*shape, error) {
	if s, ok := b[t]; ok {
		return s, nil
	}
	f, ok := formOf(t)
	if !ok {
		return nil, errors.New("json: type " + t.String() + " is not supported")
	}
	s := &shape{form: f, typ: t}
	b[t] = s
	var err error
	switch f {
	case formPointer, formSlice, formMap:
		s.elem, err = b.shape(t.Elem())
	case formStruct:
		err = b.fields(s)
	}
	return s, err
}

func formOf(t reflect.Type) (form, bool) {
	switch {
	case t == reflect.TypeFor[Raw]():
		return formRaw, true
	case t == reflect.TypeFor[Span]():
		return formSpan, true
	case marshalsItself(t):
		return 0, false
	}
	switch t.Kind() {
	case reflect.Bool:
		return formBool, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return formInt, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return formUint, true
	case reflect.Float32, reflect.Float64:
		return formFloat, true
	case reflect.String:
		return formString, true
	case reflect.Pointer:
		// Pointers to pointers or interfaces could nest for ever without a bracket.
		to := t.Elem().Kind()
		return formPointer, to != reflect.Pointer && to != reflect.Interface
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return formBytes, true
		}
		return formSlice, true
	case reflect.Map:
		return formMap, t.Key().Kind() == reflect.String && !marshalsItself(t.Key())
	case reflect.Struct:
		return formStruct, true
	case reflect.Interface:
		return formAny, t.NumMethod() == 0
	}
	return 0, false
}

// marshalsItself reports whether encoding/json would call a method of t, where
// this codec would go by its fields and differ silently.
func marshalsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]()) ||
		p.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]())
}

// candidate is a field before it is known whether another one hides it.
type candidate struct {
	field
	tagged bool
}

// hides reports whether c takes the name from o, as encoding/json decides:
// the shallower one does, then the one with a name in its tag.
func (c *candidate) hides(o *candidate) bool {
	if len(c.path) != len(o.path) {
		return len(c.path) < len(o.path)
	}
	return c.tagged && !o.tagged
}

func (b shaper) fields(s *shape) error {
	all, err := b.candidates(s.typ, nil)
	if err != nil {
		return err
	}
	s.index = make(map[string]int, len(all))
	for i := range all {
		if !dominant(all, i) {
			continue
		}
		s.index[all[i].name] = len(s.fields)
		s.fields = append(s.fields, all[i].field)
	}
	return nil
}

func dominant(all []candidate, i int) bool {
	for j := range all {
		if j != i && all[j].name == all[i].name && !all[i].hides(&all[j]) {
			return false
		}
	}
	return true
}

func (b shaper) candidates(t reflect.Type, path []int) ([]candidate, error) {
	var all []candidate
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" || !sf.IsExported() && !sf.Anonymous {
			continue
		}
		if options != "" && options != "omitempty" {
			return nil, errors.New("json: option " + options + " of " + t.String() + "." + sf.Name + " is not supported")
		}
		here := append(slices.Clip(path), i)
		var more []candidate
		var err error
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
			more, err = b.candidates(sf.Type, here)
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Pointer:
			err = errors.New("json: embedded pointer " + t.String() + "." + sf.Name + " is not supported")
		case sf.IsExported():
			more, err = b.candidate(sf, name, here, options != "")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func (b shaper) candidate(sf reflect.StructField, name string, path []int, omitEmpty bool) ([]candidate, error) {
	s, err := b.shape(sf.Type)
	if err != nil {
		return nil, err
	}
	c := candidate{tagged: name != "", field: field{name: name, path: path, omitEmpty: omitEmpty, shape: s}}
	if name == "" {
		c.name = sf.Name
	}
	c.after = append(AppendString([]byte{','}, c.name), ':')
	c.key = c.after[1:]
	n := min(len(c.key), 8)
	c.mask = math.MaxUint64 >> (64 - 8*n)
	c.head = binary.LittleEndian.Uint64(append(c.key[:n:n], make([]byte, 8-n)...))
	return []candidate{c}, nil
}
