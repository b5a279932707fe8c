package planfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/wording"
)

// Limits of what is told of a difference.
const (
	maxChanges = 8
	maxShown   = 60
)

// differences are what differs between two values, from what to what.
type differences struct{ lines []string }

// changed tells in lines what differs between two JSON texts, and from what to what.
func changed(was, is json.RawMessage) string {
	var d differences
	d.walk("", valueOf(was), valueOf(is))
	if n := len(d.lines) - maxChanges; n > 0 {
		d.lines = append(d.lines[:maxChanges], "and "+wording.Plural(n, "more difference"))
	}
	return strings.Join(d.lines, "\n")
}

// missing stands for a value that is not there.
type missing struct{}

// numbered are the numbers of what has a name as well.
var numbered = map[string]string{"uid": "owner", "gid": "group"}

func (d *differences) walk(at string, was, is any) {
	if reflect.DeepEqual(was, is) {
		return
	}
	a, b := byName(was), byName(is)
	if a == nil || b == nil {
		x, y := shown(at, was), shown(at, is)
		if x == y {
			y = "another value"
		}
		d.lines = append(d.lines, fmt.Sprintf("%s: %s → %s", at, x, y))
		return
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if word, ok := numbered[name]; ok && !reflect.DeepEqual(a[word], b[word]) {
			continue // which says it better
		}
		under := strings.TrimPrefix(at+"."+name, ".")
		x, okX := a[name]
		y, okY := b[name]
		switch {
		case !okX:
			d.walk(under, missing{}, y)
		case !okY:
			d.walk(under, x, missing{})
		default:
			d.walk(under, x, y)
		}
	}
}

// byName gives the parts of a value: of an object its fields, of a list of objects these by
// what names them. nil is a value that has no such parts.
func byName(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		parts := map[string]any{}
		for _, part := range v {
			object, ok := part.(map[string]any)
			if !ok {
				return nil
			}
			name, told := partOf(object)
			parts[name] = told
		}
		return parts
	}
	return nil
}

// partOf names an object of a list by its fields, but for what it tells. The place in the
// runbook and the order do not tell anything of a host.
func partOf(object map[string]any) (name string, told any) {
	rest := maps.Clone(object)
	for _, field := range []string{"pos", "after"} {
		delete(rest, field)
	}
	told = any(rest)
	for _, field := range []string{"value", "digest"} {
		if v, ok := rest[field]; ok {
			told = v
			delete(rest, field)
		}
	}
	var words []string
	for _, field := range []string{"host", "namespace", "field", "unit"} {
		if word, ok := rest[field].(string); ok {
			words = append(words, word)
			delete(rest, field)
		}
	}
	return strings.Join(append(words, leaves(rest)...), " "), told
}

// leaves are the names of an object's objects, and its values.
func leaves(object map[string]any) []string {
	var words []string
	for _, field := range slices.Sorted(maps.Keys(object)) {
		if inner, ok := object[field].(map[string]any); ok {
			if field != "op" {
				words = append(words, field)
			}
			words = append(words, leaves(inner)...)
			continue
		}
		words = append(words, strings.Trim(shown(field, object[field]), `"`))
	}
	return words
}

// shown is a value as it is told: short, without what stands for a sensitive one.
func shown(at string, v any) string {
	if (v == missing{}) {
		return "nothing"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "something else"
	}
	word := string(text)
	n, isNumber := v.(json.Number)
	s, isText := v.(string)
	switch mode, err := n.Int64(); {
	case strings.Contains(word, "(sensitive "):
		return "(sensitive)"
	case isNumber && err == nil && strings.HasSuffix("."+at, ".mode"):
		return wording.Mode(uint32(mode)) //nolint:gosec // a mode has few bits
	case isText && len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "":
		return "sha256:" + s[:12]
	}
	if r := []rune(word); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return word
}
