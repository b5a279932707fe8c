// Package vars is the variables of a run: which of them are sensitive, the form in which they are
// kept, and how those get their values back that are not.
//
// It imports engine/inventory, engine/plan and engine/secret.
package vars

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
)

// sensitive is the variable of an inventory, or of a file of variables, that names
// those which are sensitive: on all hosts, wherever they get their values.
const sensitive = inventory.Sensitive

// Set is the variables of the command line, and the inventory with those of its hosts.
type Set struct {
	Given     map[string]any
	Inventory *inventory.Inventory
	// Places says where those of the command line were given; it may lack some.
	Places map[string]Place
}

// Place is where a variable of the command line was given.
type Place struct {
	// By is the flag or the variable of the environment: "-e port", "FROYO_VAR_port".
	By  string
	Pos diag.Pos // of one that stands in a file
}

// Mark makes the variables secret that names, files and the inventory name, in a copy of s.
func (s Set) Mark(also []string) (Set, error) {
	names, err := SensitiveNames(s.Given, s.Inventory.Hosts())
	if err != nil {
		return s, err
	}
	for _, name := range also {
		if !s.has(name) {
			return s, (&diag.Error{Summary: fmt.Sprintf("--sensitive %s: there is no such variable", name)}).
				WithHint("give it with FROYO_VAR_%s, with -e @FILE, or in the inventory", name)
		}
		names[name] = true
	}
	given := marked(s.Given, names)
	delete(given, sensitive) // it is for froyo, not for the runbook
	return s.with(given, func(h *inventory.Host) map[string]any { return marked(h.Vars, names) }), nil
}

// MarkNames makes variables secret, in a copy of s. It does not matter whether they are there.
func (s Set) MarkNames(names []string) Set {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return s.with(marked(s.Given, set), func(h *inventory.Host) map[string]any { return marked(h.Vars, set) })
}

func (s Set) with(given map[string]any, of func(h *inventory.Host) map[string]any) Set {
	return Set{Given: given, Inventory: s.Inventory.WithVars(of), Places: s.Places}
}

func (s Set) has(name string) bool {
	if _, ok := s.Given[name]; ok {
		return true
	}
	return slices.ContainsFunc(s.Inventory.Hosts(), func(h *inventory.Host) bool {
		_, ok := h.Vars[name]
		return ok
	})
}

// SensitiveNames are the variables that variables name as sensitive.
func SensitiveNames(vars map[string]any, hosts []*inventory.Host) (map[string]bool, error) {
	names := map[string]bool{}
	take := func(whose string, vars map[string]any) error {
		switch v := vars[sensitive].(type) {
		case nil:
		case string:
			for name := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ',' || r == ' ' }) {
				names[name] = true
			}
		case []any:
			for _, e := range v {
				name, ok := e.(string)
				if !ok {
					return (&diag.Error{Summary: fmt.Sprintf("%s of %s holds %v, which is no variable's name", sensitive, whose, e)}).
						WithHint("%s: [db_password, api_token]", sensitive)
				}
				names[name] = true
			}
		default:
			return (&diag.Error{Summary: fmt.Sprintf("%s of %s is no list of variables' names", sensitive, whose)}).
				WithHint("%s: [db_password, api_token]", sensitive)
		}
		return nil
	}
	errs := []error{take("the command line", vars)}
	for _, h := range hosts {
		errs = append(errs, take(h.Name, h.Vars))
	}
	return names, errors.Join(errs...)
}

// marked is a copy of variables, of which some are secret.
func marked(vars map[string]any, names map[string]bool) map[string]any {
	out := maps.Clone(vars)
	for name, v := range out {
		if names[name] {
			out[name] = secret.Mark(v)
		}
	}
	return out
}

// Masked is a copy of variables that can be shown.
func Masked(vars map[string]any, names map[string]bool) map[string]any {
	out := maps.Clone(vars)
	for name := range out {
		if names[name] {
			out[name] = secret.Shown
		}
	}
	return out
}
