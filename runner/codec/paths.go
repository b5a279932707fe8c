package codec

import "reflect"

// Paths lists the names that the type of v has in JSON: the fields of structs
// with a dot before those within them, such as "content" and "content.sum". What
// pointers, slices and maps hold counts as being in their place.
func Paths(v any) ([]string, error) {
	s, err := shapeOf(reflect.TypeOf(v))
	if err != nil {
		return nil, err
	}
	return s.paths(nil, "", 0), nil
}

func (s *shape) paths(to []string, prefix string, depth int) []string {
	for s.form == formPointer || s.form == formSlice || s.form == formMap {
		s = s.elem
	}
	if s.form != formStruct || depth > MaxDepth { // a type may hold itself
		return to
	}
	for i := range s.fields {
		name := prefix + s.fields[i].name
		to = s.fields[i].shape.paths(append(to, name), name+".", depth+1)
	}
	return to
}
