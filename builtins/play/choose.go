package play

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/runbook"
)

// Choose is the play of the action of a name, with the arguments that were given for it.
func Choose(actions []*Action, name string, given map[string]any) (*Play, []*diag.Error) {
	i := slices.IndexFunc(actions, func(a *Action) bool { return a.Name == name })
	if i < 0 {
		unknown := &runbook.UnknownAction{Name: name}
		for _, a := range actions {
			unknown.Actions = append(unknown.Actions, a.Name)
		}
		return nil, []*diag.Error{{Summary: unknown.Error(), Code: diag.Usage, Cause: unknown}}
	}
	a := actions[i]
	var errs []*diag.Error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !a.Params.Declares(name) {
			errs = append(errs, noParam(a, name))
		}
	}
	values, problems, err := a.Params.Values(given)
	if err != nil {
		return nil, append(errs, &diag.Error{Summary: fmt.Sprintf("action %q: %v", a.Name, err), Cause: err})
	}
	for _, problem := range problems {
		if problem.Missing && len(errs) > 0 { // it may be misspelt
			continue
		}
		d := &diag.Error{Summary: fmt.Sprintf("action %s: %s: %s", a.Name, problem.Name, problem.Text), Detail: "declared at " + a.Pos.String(), Hint: problem.Hint, Code: diag.Usage}
		if problem.Missing {
			d.Summary = fmt.Sprintf("action %s needs %s: %s", a.Name, problem.Name, problem.Text)
			d.Hint = fmt.Sprintf("give it: froyo run %s %s=VALUE", a.Name, problem.Name)
		}
		errs = append(errs, d)
	}
	var kw []starlark.Tuple
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, err := plain.From(values[name])
		if err == nil {
			err = capture.Freeze(v)
		}
		if err != nil {
			errs = append(errs, &diag.Error{Summary: fmt.Sprintf("action %s: %s: %v", a.Name, name, err), Cause: err})
			continue
		}
		kw = append(kw, starlark.Tuple{starlark.String(name), v})
	}
	return a.play(kw), errs
}

func noParam(a *Action, name string) *diag.Error {
	err := &diag.Error{Summary: fmt.Sprintf("action %s has no parameter %s", a.Name, name), Detail: "declared at " + a.Pos.String(), Code: diag.Usage}
	var names []string
	for _, d := range a.Params.All() {
		names = append(names, d.Name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	if len(names) == 0 {
		return err.WithHint("it takes none")
	}
	return err.WithHint("it takes: %s", strings.Join(names, ", "))
}
