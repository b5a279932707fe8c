package declared

import "maps"

// Problem is what is wrong with a value that is given for what is declared.
type Problem struct {
	// Name is the variable's, with the path within it.
	Name, Text, Hint string
	Missing          bool
}

// Values puts values that no inventory has a part in into the declarations: texts become what is declared where they say the same. A
// problem is of one that is not as declared, or is missing.
func (v *Variables) Values(given map[string]any) (map[string]any, []Problem, error) {
	e := &evaluator{v: v}
	out, err := e.evaluate(maps.Clone(given))
	if err != nil {
		return nil, nil, err
	}
	var problems []Problem
	for _, p := range out.problems {
		problems = append(problems, Problem{Name: p.path, Text: p.text, Hint: p.hint, Missing: p.missing})
	}
	return out.values, problems, nil
}
