// Package codec reads and writes JSON for the plain data that controller,
// runner and guests exchange. It exists because encoding/json and fmt would
// double a guest's cost per unit and swell the runner, and because foreign
// bytes need stricter reading than encoding/json gives.
//
// It knows structs with json tags, pointers, slices, maps with string keys,
// strings, booleans, numbers, []byte, any, [Raw] and [Span]; types that marshal
// themselves are refused. What it writes equals encoding/json's output
// without HTML escaping.
//
// It is a leaf: it imports the standard library only, never fmt or
// encoding/json, and builds for wasip1 and for every platform of the runner.
package codec

import (
	"errors"
	"reflect"
	"strconv"
)

// MaxDepth bounds how deep objects and arrays may be nested.
const MaxDepth = 64

// Raw is JSON text that is passed on as it is. Decoding copies and checks its
// syntax; encoding trusts it. An empty Raw is written as null.
type Raw []byte

// Span is JSON text of the input that is left for later: decoding finds its end
// by brackets and quotes alone and copies nothing, so whoever wants its value has
// to decode it, which checks it, while the input is still there. Encoding trusts it as Raw.
type Span []byte

// Marshal returns v as JSON.
func Marshal(v any) ([]byte, error) {
	out, err := Append(make([]byte, 0, 512), v)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Append adds v as JSON to dst. On an error it returns dst as it was.
func Append(dst []byte, v any) ([]byte, error) {
	out, err := appendAny(dst, v, 0)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Unmarshal reads the one JSON value in data into the variable that v points
// to. Errors are of type *Error.
//
// A value that is present replaces what was there altogether: nothing is merged
// into old maps, slices or structs, and of equal keys the last one wins. Keys
// are matched exactly; unknown ones are checked and ignored. Into any go nil,
// bool, string, []any, map[string]any, int64 for a number written as an
// integer that fits, else float64. Nothing in v but a [Span] refers to data afterwards.
func Unmarshal(data []byte, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return errors.New("json: cannot decode into what is not a pointer")
	}
	s, err := shapeOf(target.Type().Elem())
	if err != nil {
		return err
	}
	d := decoder{data: data}
	d.space()
	if err := d.value(target.Elem(), s); err != nil {
		return err
	}
	if d.space(); d.pos < len(data) {
		return d.fail("expected the end, found " + d.found())
	}
	return nil
}

// Error says where JSON could not be read.
type Error struct {
	Offset  int    // byte in the input, from 0
	Field   string // path of the field, such as "replies[2].change", or ""
	Message string
}

func (e *Error) Error() string {
	text := "json: byte " + strconv.Itoa(e.Offset)
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Message
}

// within puts the name of the enclosing field before the error's path.
func within(err error, name string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	if e.Field != "" && e.Field[0] != '[' {
		name += "."
	}
	e.Field = name + e.Field
	return e
}
