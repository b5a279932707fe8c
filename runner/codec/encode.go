package codec

import (
	"encoding/base64"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

var errDeep = errors.New("json: nested too deep")

// appendAny writes a value of a type that is only known now, plain data without reflection.
func appendAny(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return AppendString(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case []any:
		return appendList(dst, v, depth)
	case map[string]any:
		return appendObject(dst, v, depth)
	}
	value := reflect.ValueOf(v)
	s, err := shapeOf(value.Type())
	if err != nil {
		return dst, err
	}
	return appendValue(dst, value, s, depth)
}

func appendList(dst []byte, list []any, depth int) ([]byte, error) {
	if list == nil {
		return append(dst, "null"...), nil
	}
	if depth == MaxDepth {
		return dst, errDeep
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendAny(dst, v, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, object map[string]any, depth int) ([]byte, error) {
	if object == nil {
		return append(dst, "null"...), nil
	}
	if depth == MaxDepth {
		return dst, errDeep
	}
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, key), ':')
		var err error
		if dst, err = appendAny(dst, object[key], depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, v reflect.Value, s *shape, depth int) ([]byte, error) {
	switch s.form {
	case formBool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case formInt:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case formUint:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case formFloat:
		return appendFloat(dst, v.Float(), s.typ.Bits())
	case formString:
		return AppendString(dst, v.String()), nil
	case formStruct:
		return appendStruct(dst, v, s, depth)
	case formRaw, formSpan:
		if v.Len() > 0 {
			return append(dst, v.Bytes()...), nil
		}
		return append(dst, "null"...), nil
	case formAny:
		return appendAny(dst, v.Interface(), depth)
	}
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	switch s.form {
	case formPointer:
		return appendValue(dst, v.Elem(), s.elem, depth)
	case formSlice:
		return appendSlice(dst, v, s, depth)
	case formMap:
		return appendMap(dst, v, s, depth)
	}
	return appendBytes(dst, v.Bytes()), nil
}

// appendStruct writes each member with a comma before its key, the first of
// which becomes the opening bracket.
func appendStruct(dst []byte, v reflect.Value, s *shape, depth int) ([]byte, error) {
	if depth == MaxDepth {
		return dst, errDeep
	}
	begin := len(dst)
	for i := range s.fields {
		f := &s.fields[i]
		member := f.of(v)
		if f.shape.form == formString {
			if text := member.String(); text != "" || !f.omitEmpty {
				dst = AppendString(append(dst, f.after...), text)
			}
			continue
		}
		if f.omitEmpty && empty(member, f.shape) {
			continue
		}
		var err error
		if dst, err = appendValue(append(dst, f.after...), member, f.shape, depth+1); err != nil {
			return dst, err
		}
	}
	if len(dst) == begin {
		return append(dst, "{}"...), nil
	}
	dst[begin] = '{'
	return append(dst, '}'), nil
}

func empty(v reflect.Value, s *shape) bool {
	switch s.form {
	case formPointer:
		return v.IsNil()
	case formBool:
		return !v.Bool()
	case formInt:
		return v.Int() == 0
	case formUint:
		return v.Uint() == 0
	case formFloat:
		return v.Float() == 0
	case formStruct:
		return false
	case formAny:
		return v.IsNil()
	}
	return v.Len() == 0
}

func appendSlice(dst []byte, v reflect.Value, s *shape, depth int) ([]byte, error) {
	if depth == MaxDepth {
		return dst, errDeep
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, v.Index(i), s.elem, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, v reflect.Value, s *shape, depth int) ([]byte, error) {
	if depth == MaxDepth {
		return dst, errDeep
	}
	var keys []string
	for _, key := range v.MapKeys() {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, key), ':')
		var err error
		if dst, err = appendValue(dst, v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())), s.elem, depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendBytes(dst, content []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, content)
	return append(dst, '"')
}

// appendFloat writes numbers as ECMAScript does: exponents only where they are
// very small or large, and without leading zeros.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, errors.New("json: not a finite number")
	}
	low, high := 1e-6, 1e21
	if bits == 32 {
		low, high = float64(float32(low)), float64(float32(high))
	}
	abs := math.Abs(f)
	if abs == 0 || abs >= low && abs < high {
		return strconv.AppendFloat(dst, f, 'f', -1, bits), nil
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); n >= 4 && string(dst[n-4:n-1]) == "e-0" {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst, nil
}

// AppendString adds s as a JSON string to dst. Besides what JSON demands it escapes
// U+2028 and U+2029, which JavaScript takes for line ends.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n := plainRun(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; s == "" {
			return append(dst, '"')
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r < utf8.RuneSelf:
			dst = appendEscape(dst, s[0])
		case r == utf8.RuneError && size == 1:
			dst = append(dst, `\ufffd`...)
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, `\u202`...), hex[r&0xF])
		default:
			dst = append(dst, s[:size]...)
		}
		s = s[size:]
	}
}

const hex = "0123456789abcdef"

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}
