package vars

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
)

// Source is where sensitive values come from again that a plan does not hold.
type Source struct {
	// Given are variables that are given once more.
	Given map[string]any
	// Now reads the inventory as it is now. It is called once, where a host's value is missing.
	Now  func() (*inventory.Inventory, error)
	Seal func([]byte) string
	// What is the plan, for messages.
	What string
}

// Restore puts the values back that a plan does not hold, in a copy of s: those that
// are given again, if they are the same. restored names these variables.
func (s Set) Restore(from Source) (out Set, restored map[string]bool, err error) {
	r := &restorer{from: from, current: map[string]map[string]any{}, seen: map[string]bool{}}
	given, err := r.all(s.Given, nil)
	if err != nil {
		return s, nil, err
	}
	var errs []error
	out = s.with(given, func(h *inventory.Host) map[string]any {
		vars, err := r.all(h.Vars, h)
		errs = append(errs, err)
		return vars
	})
	return out, r.seen, errors.Join(errs...)
}

// restorer finds the values of references.
type restorer struct {
	from    Source
	current map[string]map[string]any // the inventory's variables as they are now, by host
	read    bool
	unread  error // why the inventory cannot be read
	seen    map[string]bool
}

func (r *restorer) all(vars map[string]any, h *inventory.Host) (map[string]any, error) {
	out := maps.Clone(vars)
	for _, name := range slices.Sorted(maps.Keys(out)) {
		if !secret.HasReference(out[name]) {
			continue
		}
		r.seen[name] = true
		value, err := r.find(name, out[name], h)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

// find gives a variable its value back.
func (r *restorer) find(name string, kept any, h *inventory.Host) (any, error) {
	whose := ""
	if h != nil {
		whose = " of " + h.Name
		if now, ok := r.inventory(h)[name]; ok {
			if value, err := secret.Restore(kept, now, r.from.Seal); err == nil {
				return value, nil
			}
		}
	}
	again, ok := r.from.Given[name]
	if !ok && h != nil && r.unread != nil {
		return nil, r.locked(name, whose)
	}
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s does not hold the value of the variable %s%s, which is sensitive", r.from.What, name, whose)}).
			WithHint("give it once more: FROYO_VAR_%s in the environment, or -e @FILE", name)
	}
	value, err := secret.Restore(kept, again, r.from.Seal)
	if err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("the variable %s%s is not what it was when %s was made", name, whose, r.from.What), Code: diag.Stale}).
			WithHint("give the value that it had then, or make a new plan")
	}
	return value, nil
}

// locked says that a host's value is not there since the inventory cannot be read, and what helps with that, such as a password.
func (r *restorer) locked(name, whose string) error {
	e := &diag.Error{Summary: fmt.Sprintf("%s does not hold the value of the variable %s%s, which is sensitive, and the inventory, which may, cannot be read now", r.from.What, name, whose)}
	for one := range diag.All(r.unread) {
		why := diag.Of(one)
		e.Detail = why.Error()
		if why.Hint != "" {
			return e.WithHint("%s; or give the value once more: FROYO_VAR_%s in the environment, or -e @FILE", why.Hint, name)
		}
	}
	return e.WithHint("give it once more: FROYO_VAR_%s in the environment, or -e @FILE", name)
}

// inventory gives a host's variables as the files have them now that they came from.
func (r *restorer) inventory(h *inventory.Host) map[string]any {
	if !r.read {
		r.read = true
		now, err := r.from.Now()
		if r.unread = err; err == nil { // else the value has to be given
			for _, host := range now.Hosts() {
				r.current[host.Name] = host.Vars
			}
		}
	}
	return r.current[h.Name]
}
