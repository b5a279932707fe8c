package guard

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/lockout"
	"github.com/openfroyo/froyo/engine/plan"
)

// softwareNamespace is that of services and packages, as types agree on it.
const softwareNamespace = "software"

// services are the services that a step is about.
func services(s *plan.Step) []string {
	var names []string
	for _, c := range s.Unit.Order.Claims {
		if c.Owns && c.Namespace == softwareNamespace {
			names = append(names, c.Name)
		}
	}
	return names
}

// closesAlias reports whether a step is about a service that lets one in, by another name of it.
func closesAlias(s *plan.Step) bool { return slices.ContainsFunc(aliased(s), lockout.Service) }

// aliased are what the host itself calls the services that a step is about, where the step calls them otherwise.
func aliased(s *plan.Step) []string {
	var names []string
	owned := services(s)
	for _, r := range s.Reads {
		if r.Result.SvcQuery == nil {
			continue
		}
		for _, u := range r.Result.SvcQuery.Units {
			if u.ID != "" && (slices.Contains(owned, u.Name) || slices.Contains(owned, strings.TrimSuffix(u.Name, ".service"))) {
				names = append(names, strings.TrimSuffix(u.ID, ".service"))
			}
		}
	}
	return names
}

// closesMount reports whether a step is about a mount that would hide what lets one in.
func (w *way) closesMount(s *plan.Step) bool {
	for _, c := range s.Unit.Order.Claims {
		if !c.Owns {
			continue
		}
		for name := range strings.SplitSeq(c.Name, "/") {
			if at := lockout.Mounts(strings.TrimSuffix(name, ".d")); at != "" && (c.Namespace == softwareNamespace || lockout.OfUnits(c.Name)) && w.closes(at, true) {
				return true
			}
		}
	}
	return false
}
