package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/shape"
)

// Outputs checks what a unit of the type offers to later ones, as Checker.Check
// does with what it is given: all fields of the type's result, and no others.
// Values are plain data.
func Outputs(t *schema.Type, outputs map[string]any) []Problem {
	var problems []Problem
	known := make(map[string]bool, len(t.Outputs))
	for i, f := range t.Outputs {
		known[f.Name] = true
		v, given := outputs[f.Name]
		switch {
		case !given && f.Required:
			problems = append(problems, Problem{Field: f.Name, Message: f.Name + " is missing"})
		case given && !accepts(&t.Results[i], v):
			problems = append(problems, Problem{Field: f.Name, Message: f.Name + " is " + shape.Brief(v) + ", expected " + f.Kind})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if !known[name] {
			problems = append(problems, Problem{Field: name, Message: "there is no output " + shape.Brief(name)})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Field, b.Field) })
	return problems
}

// accepts asks the shape, and CUE where that is not sure.
func accepts(r *schema.Rule, v any) bool {
	switch r.Shape.Accept(v) {
	case shape.Yes:
		return true
	case shape.No:
		return false
	}
	return r.Value.Unify(encode(v)).Validate() == nil
}

// Join joins problems into one line.
func Join(problems []Problem) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Message
	}
	return strings.Join(texts, "; ")
}
