// Package selection finds which hosts of an inventory take part in which plays.
//
// It imports engine/inventory and engine/runbook.
package selection

import (
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
)

// Selection is which hosts take part, and in which plays.
type Selection struct {
	Hosts  []*inventory.Host // in the inventory's order
	Plays  map[string][]int  // host → indexes of the plays that select it
	Names  []string          // the plays' names, by index
	ByPlay map[int][]string  // play → hosts, for saved plans
}

// Of finds the hosts of each play within the limit. No host at all is
// an error, so that a typo never ends as "No changes".
func Of(inv *inventory.Inventory, plays []runbook.Play, limit string) (*Selection, error) {
	allowed, err := inv.Limited(limit, noFile)
	if err != nil {
		return nil, err
	}
	s := &Selection{Plays: map[string][]int{}, ByPlay: map[int][]string{}}
	for i, p := range plays {
		s.Names = append(s.Names, p.Name)
		selected := inv.Hosts()
		if !p.Implicit {
			var err error
			if selected, err = inv.Select(p.Selector); err == nil {
				err = inv.Unmatched(p.Selector, false)
			}
			if err != nil {
				return nil, playError(p, err)
			}
		}
		for _, h := range selected {
			if slices.Contains(allowed, h) {
				s.Plays[h.Name] = append(s.Plays[h.Name], i)
				s.ByPlay[i] = append(s.ByPlay[i], h.Name)
			}
		}
	}
	for _, h := range inv.Hosts() {
		if len(s.Plays[h.Name]) > 0 {
			s.Hosts = append(s.Hosts, h)
		}
	}
	switch {
	case len(s.Hosts) > 0:
		return s, nil
	case len(plays) == 0:
		return nil, (&diag.Error{Summary: "the runbook wants nothing of any host"}).
			WithHint("declare resources, or a play(name, hosts = ..., do = ...)")
	case len(inv.Hosts()) == 0:
		return nil, (&diag.Error{Summary: "the inventory has no hosts"}).
			WithHint("add hosts to its groups, or name another with -i")
	case limit != "":
		return nil, (&diag.Error{Summary: "no host is left: the plays' hosts and the limit \"" + limit + "\" have none in common"}).
			WithHint("froyo validate lists the plays and their hosts")
	}
	return nil, (&diag.Error{Summary: "no host is selected by any play", Pos: plays[0].Pos}).
		WithHint("check the plays' hosts = ... against the inventory")
}

func playError(p runbook.Play, err error) error {
	d := &diag.Error{Summary: "play " + p.Name + ": " + err.Error(), Pos: p.Pos, Cause: err}
	if hint := inventory.HintOf(err); hint != "" {
		d.Hint = hint
	}
	return d
}

// noFile refuses files that a limit names: whoever gives a limit has read them.
func noFile(name string) ([]byte, error) {
	return nil, fmt.Errorf("%s is not read here", name)
}
