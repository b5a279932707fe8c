package plan

import (
	"iter"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// Play is one play of a host's plan.
type Play struct {
	Steps []*Step // of the play's units, in script order
	// Flush holds where owed handlers are delivered early: before the step of
	// that index, or behind the last.
	Flush    []int
	Barriers []unit.Barrier // where the host waits for others
	// Graph lets the steps run side by side as their edges allow.
	Graph    bool
	Handlers []*Handler // in the order in which they are delivered
	Verify   []*Step
}

// Handler is a handler's part of a play.
type Handler struct {
	Name  string
	Pos   diag.Pos
	Steps []*Step
	// Rescue says that it runs only where a unit has failed.
	Rescue bool
	// Owed is what an earlier run left owed, or nil.
	Owed *Owed
}

// newPlay makes the steps of a play.
func newPlay(p *unit.Play) *Play {
	play := &Play{Steps: newSteps(p.Units), Flush: p.Flush, Barriers: p.Barriers, Graph: p.Graph, Verify: newSteps(p.Verify)}
	for _, h := range p.Handlers {
		handler := &Handler{Name: h.Name, Pos: h.Pos, Steps: newSteps(h.Units), Rescue: h.Rescue}
		for _, s := range handler.Steps {
			s.Rescue = h.Rescue
		}
		play.Handlers = append(play.Handlers, handler)
	}
	return play
}

func newSteps(units []*unit.Unit) []*Step {
	steps := make([]*Step, len(units))
	for i, u := range units {
		steps[i] = &Step{Unit: u}
	}
	return steps
}

// All ranges over the play's steps, those of handlers and of verify included.
func (p *Play) All() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		lists := [][]*Step{p.Steps}
		for _, h := range p.Handlers {
			lists = append(lists, h.Steps)
		}
		for _, s := range slices.Concat(append(lists, p.Verify)...) {
			if !yield(s) {
				return
			}
		}
	}
}

// Handler returns the handler of a name, or nil.
func (p *Play) Handler(name string) *Handler {
	i := slices.IndexFunc(p.Handlers, func(h *Handler) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return p.Handlers[i]
}

// Steps ranges over the steps of all plays of the host, each with its play's index.
func (h *Host) Steps() iter.Seq2[int, *Step] {
	return func(yield func(int, *Step) bool) {
		for _, index := range sortedKeys(h.Plays) {
			for s := range h.Plays[index].All() {
				if !yield(index, s) {
					return
				}
			}
		}
	}
}

// notice finds out which handlers the plan's changes call for, or those of an
// earlier run did: the steps of the others are dormant. A handler that only units with a condition notify is
// itself conditional.
func (p *Play) notice() {
	called := map[string]Certainty{}
	call := func(s *Step) {
		if !s.Pending() {
			return
		}
		for _, name := range s.Unit.Notify {
			if c, known := called[name]; !known || c != Sure {
				called[name] = s.Certainty
			}
		}
	}
	for _, h := range p.Handlers {
		if h.Owed != nil {
			called[h.Name] = Sure
		}
		for _, s := range h.Steps {
			s.Dormant, s.Owed = true, h.Owed
		}
	}
	for _, s := range p.Steps {
		call(s)
	}
	// A handler may notify another one, before or after it.
	for range p.Handlers {
		for _, h := range p.Handlers {
			certainty, is := called[h.Name]
			if !is {
				continue
			}
			for _, s := range h.Steps {
				s.Dormant = false
				if s.Certainty == Sure {
					s.Certainty = certainty
				}
				call(s)
			}
		}
	}
}
