package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/script"
)

// selection is which hosts take part, and in which plays.
type selection struct {
	hosts  []*inventory.Host // in the inventory's order
	plays  map[string][]int  // host → indexes of the plays that select it
	names  []string          // the plays' names, by index
	byPlay map[int][]string  // play → hosts, for saved plans
}

// selectHosts finds the hosts of each play within the limit. No host at all is
// an error, so that a typo never ends as "No changes".
func selectHosts(inv *inventory.Inventory, plays []script.Play, limit string) (*selection, error) {
	allowed, err := limited(inv, limit)
	if err != nil {
		return nil, err
	}
	s := &selection{plays: map[string][]int{}, byPlay: map[int][]string{}}
	for i, p := range plays {
		s.names = append(s.names, p.Name)
		selected := inv.Hosts()
		if !p.Implicit {
			var err error
			if selected, err = inv.Select(p.Selector); err != nil {
				return nil, playError(p, err)
			}
		}
		for _, h := range selected {
			if slices.Contains(allowed, h) {
				s.plays[h.Name] = append(s.plays[h.Name], i)
				s.byPlay[i] = append(s.byPlay[i], h.Name)
			}
		}
	}
	for _, h := range inv.Hosts() {
		if len(s.plays[h.Name]) > 0 {
			s.hosts = append(s.hosts, h)
		}
	}
	switch {
	case len(s.hosts) > 0:
		return s, nil
	case len(plays) == 0:
		return nil, (&diag.Error{Summary: "the runbook wants nothing of any host"}).
			WithHint("declare resources, or a play(name, hosts = ..., do = ...)")
	case limit != "":
		return nil, (&diag.Error{Summary: "no host is left: the plays' hosts and the limit \"" + limit + "\" have none in common"}).
			WithHint("froyo validate lists the plays and their hosts")
	}
	return nil, (&diag.Error{Summary: "no host is selected by any play", Pos: plays[0].Pos}).
		WithHint("check the plays' hosts = ... against the inventory")
}

// limited picks the hosts that --limit leaves.
func limited(inv *inventory.Inventory, limit string) ([]*inventory.Host, error) {
	if limit == "" {
		return inv.Hosts(), nil
	}
	expanded, err := inventory.ExpandLimit(limit, os.ReadFile)
	if err != nil {
		return nil, err
	}
	hosts, err := inv.Select(expanded)
	if err != nil {
		return nil, limitError(expanded, err)
	}
	return hosts, nil
}

func limitError(limit string, err error) error {
	d := &diag.Error{Summary: "--limit " + limit + ": " + err.Error(), Cause: err}
	if hint := hintOf(err); hint != "" {
		d.Hint = hint
	}
	return d
}

func playError(p script.Play, err error) error {
	d := &diag.Error{Summary: "play " + p.Name + ": " + err.Error(), Pos: p.Pos, Cause: err}
	if hint := hintOf(err); hint != "" {
		d.Hint = hint
	}
	return d
}

// hintOf says what to do about a selector that cannot be read.
func hintOf(err error) string {
	if unknown, ok := errors.AsType[*inventory.UnknownName](err); ok && unknown.Nearest != "" {
		return fmt.Sprintf("did you mean %q?", unknown.Nearest)
	}
	return "froyo --help lists how hosts are selected: names, globs, groups, k=v, joined by ':', '&' and '!'"
}
