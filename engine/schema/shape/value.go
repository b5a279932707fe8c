package shape

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kinds is a set of kinds of value.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBool
	kindInt
	kindFloat
	kindString
	kindList
	kindDict
)

// kindNames gives kinds their names in documentation, in the order in which they are told.
var kindNames = []struct {
	kind kinds
	name string
}{
	{kindString, "string"},
	{kindBool, "bool"},
	{kindInt | kindFloat, "number"},
	{kindInt, "int"},
	{kindFloat, "float"},
	{kindList, "list"},
	{kindDict, "object"},
	{kindNull, "null"},
}

func (k kinds) String() string {
	var names []string
	for _, n := range kindNames {
		if k&n.kind == n.kind {
			names = append(names, n.name)
			k &^= n.kind
		}
	}
	return strings.Join(names, " or ")
}

// kindOfValue returns the kind of plain data, 0 for anything else.
func kindOfValue(v any) kinds {
	switch v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBool
	case int64:
		return kindInt
	case float64:
		return kindFloat
	case string:
		return kindString
	case []any:
		return kindList
	case map[string]any:
		return kindDict
	}
	return 0
}

// typed is a value with its kind: the int 644.
func typed(v any) string {
	kind := kindOfValue(v)
	if kind == kindNull {
		return "None"
	}
	return "the " + strings.ReplaceAll(kind.String(), "object", "dict") + " " + Brief(v)
}

// Repr writes plain data as Starlark does.
func Repr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return strconv.Quote(v)
	case []byte:
		return "b" + strconv.Quote(string(v))
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, Repr(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, Repr(name)+": "+Repr(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// maxShown bounds the characters of a value that a message shows.
const maxShown = 60

// Brief is Repr, cut to what a message can show.
func Brief(v any) string {
	if text, ok := v.(string); ok && len(text) > 4*maxShown {
		v = text[:4*maxShown] // no need to quote it all
	}
	text := Repr(v)
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	text = string([]rune(text)[:maxShown]) + "…"
	if text[0] == '"' {
		text += `"`
	}
	return text
}

// Enumerate joins words as a sentence does: "a, b or c", where last is "or".
func Enumerate(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " " + last + " " + words[end]
}
