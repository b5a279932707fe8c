package depend

import (
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Once decides on which host each unit is done that is done once: the first of
// the play's that can. Only what all hosts' plans show together can tell.
func Once(hosts []*plan.Host) {
	seen := map[int]bool{}
	for _, h := range hosts {
		for play := range h.Plays {
			seen[play] = true
		}
	}
	for _, play := range slices.Sorted(maps.Keys(seen)) {
		oncePlay(hosts, play)
	}
}

func oncePlay(hosts []*plan.Host, play int) {
	chosen := map[string]*plan.Step{}
	for s := range onceSteps(hosts, play) {
		name := s.Unit.ID.Local()
		if was := chosen[name]; was == nil || fitness(s) > fitness(was) {
			chosen[name] = s
		}
	}
	if len(chosen) == 0 {
		return
	}
	for s := range onceSteps(hosts, play) {
		doneBy(s, chosen[s.Unit.ID.Local()])
	}
	for _, h := range hosts {
		if h.Err == nil && h.Plays[play] != nil {
			follow(h.Plays[play], chosen)
		}
	}
}

// fitness says how well a host is suited to do a step for all: one that has done
// it, in the run that is resumed, or that was interrupted at it, before one
// that can plan it.
func fitness(s *plan.Step) int {
	switch {
	case s.Done:
		return 3
	case !s.Interrupted.IsZero():
		return 2
	case s.Err == nil:
		return 1
	}
	return 0
}

// onceSteps ranges over the steps of a play that are to be done once, host by host.
func onceSteps(hosts []*plan.Host, play int) func(yield func(*plan.Step) bool) {
	return func(yield func(*plan.Step) bool) {
		for _, h := range hosts {
			if h.Err != nil || h.Plays[play] == nil {
				continue
			}
			for s := range h.Plays[play].All() {
				if s.Unit.Rollout.RunOnce && !yield(s) {
					return
				}
			}
		}
	}
}

// doneBy notes the step that is done for this one, which is another host's or itself.
func doneBy(s, by *plan.Step) {
	s.Once = by.Unit.ID.Host
	if !s.Elsewhere() || s.Done {
		return
	}
	action := abi.None
	if s.Change != nil {
		action = s.Change.Action
	}
	s.Change, s.Potential, s.Err = &abi.Change{Action: action}, nil, nil
}

// follow looks again at what depends on steps that are done elsewhere: what
// comes of them counts here as well, but notifies no handlers here.
func follow(p *plan.Play, chosen map[string]*plan.Step) {
	known := map[unit.ID]*plan.Step{}
	for s := range p.All() {
		known[s.Unit.ID] = s
		if s.Elsewhere() {
			known[s.Unit.ID] = chosen[s.Unit.ID.Local()]
		}
	}
	for s := range p.All() {
		if s.Unit.Conditions.When == nil && s.Err == nil && !s.Done && len(s.Unit.Conditions.OnChange) > 0 {
			watch(s, known)
		}
	}
	Handlers(p)
	Hooks(p)
}
