package unit

import (
	"iter"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
)

// Scope is where a unit's identity is unique beside the units of a host: a
// handler or the verify of a play. The zero value is the host's units.
type Scope struct {
	Play    string
	Handler string // "" for verify; BeforeChange or AfterChange for a change hook
}

// The names of a play's change hooks, which no handler can have.
const (
	BeforeChange = "before_change"
	AfterChange  = "after_change"
)

// IsHook reports whether a handler of that name is a change hook.
func IsHook(handler string) bool { return handler == BeforeChange || handler == AfterChange }

// String is the scope as IDs bear it.
func (s Scope) String() string {
	switch {
	case s == Scope{}:
		return ""
	case s.Handler == "":
		return "verify[" + s.Play + "]"
	case IsHook(s.Handler):
		return s.Handler + "[" + s.Play + "]"
	case s.Play == "": // the implicit play
		return "handler[" + s.Handler + "]"
	}
	return "handler[" + s.Play + "/" + s.Handler + "]"
}

// Play is what one play wants of a host.
type Play struct {
	Units []*Unit // in script order
	// Flush holds where pending handlers run early: before the unit of
	// that index, or behind the last.
	Flush    []int
	Barriers []Barrier // in script order
	// Graph lets units run side by side as their edges allow, instead of in script order.
	Graph    bool
	Handlers []*Handler // in the order in which they are delivered
	Verify   []*Unit    // what must hold in the end
	// Before and After are the change hooks: what is done on a host before the
	// first change of the play and when all of it has succeeded; nil for none.
	Before, After *Handler
}

// Handler is what a play does once if units that notify it have changed, where
// one unit has failed, or, as a change hook, around the changes of a host.
type Handler struct {
	Name  string
	Pos   diag.Pos
	Units []*Unit
	// Rescue says that it is one unit's OnFailure.
	Rescue bool
}

// All ranges over the units of the play, those of hooks, handlers and verify
// included. A nil play, which is not for the host, has none.
func (p *Play) All() iter.Seq[*Unit] {
	return func(yield func(*Unit) bool) {
		if p == nil {
			return
		}
		lists := [][]*Unit{p.Before.units(), p.Units}
		for _, h := range p.Handlers {
			lists = append(lists, h.Units)
		}
		for _, u := range slices.Concat(append(lists, p.Verify, p.After.units())...) {
			if !yield(u) {
				return
			}
		}
	}
}

func (h *Handler) units() []*Unit {
	if h == nil {
		return nil
	}
	return h.Units
}

// Keep is the play with those of its units, and of its verify's, that take part.
// Handlers belong to the units that notify them, and hooks to all of the play.
func (p *Play) Keep(takes func(*Unit) bool) *Play {
	kept := &Play{Graph: p.Graph, Handlers: p.Handlers, Verify: keep(p.Verify, takes), Before: p.Before, After: p.After}
	at, places := p.Flush, make([]int, 1, len(p.Units)+1)
	for i, u := range p.Units {
		for ; len(at) > 0 && at[0] <= i; at = at[1:] {
			kept.Flush = append(kept.Flush, len(kept.Units))
		}
		if takes(u) {
			kept.Units = append(kept.Units, u)
		}
		places = append(places, len(kept.Units))
	}
	for range at {
		kept.Flush = append(kept.Flush, len(kept.Units))
	}
	for _, b := range p.Barriers {
		b.At = places[b.At]
		kept.Barriers = append(kept.Barriers, b)
	}
	return kept
}

func keep(units []*Unit, takes func(*Unit) bool) []*Unit {
	return slices.DeleteFunc(slices.Clone(units), func(u *Unit) bool { return !takes(u) })
}
