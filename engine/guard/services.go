package guard

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/lockout"
	"github.com/openfroyo/froyo/engine/plan"
)

// services are the services that a step is about.
func services(s *plan.Step) []string {
	var names []string
	for _, c := range s.Unit.Order.Claims {
		if c.Owns && c.Namespace == "software" {
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
