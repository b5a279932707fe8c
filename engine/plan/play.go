package plan

import (
	"iter"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Play is one play of a host's plan.
type Play struct {
	Steps []*Step // of the play's units, in script order
	// Flush holds where pending handlers run early: before the step of
	// that index, or behind the last.
	Flush    []int
	Barriers []unit.Barrier // where the host waits for others
	// Graph lets the steps run side by side as their edges allow.
	Graph    bool
	Handlers []*Handler // in the order in which they run
	Verify   []*Step
	// Before and After are the change hooks, nil for none.
	Before, After *Handler
}

// Rollout is how a play goes over its hosts.
type Rollout struct {
	// Batches names the hosts of each batch, in their order; nil is that all are at work at once.
	Batches [][]string
	// MaxFail is how many hosts may fail, as the runbook writes it: "1", "25%"; "" is any.
	MaxFail string
}

// Handler is a handler's part of a play, or a change hook's.
type Handler struct {
	Name  string
	Pos   diag.Pos
	Steps []*Step
	// Rescue says that it runs only where a unit has failed.
	Rescue bool
	// Pending is the handler as an earlier run left it pending, or nil.
	Pending *PendingHandler
}

// All ranges over the play's steps, those of hooks, handlers and verify
// included, in the order in which they are executed.
func (p *Play) All() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		lists := [][]*Step{p.Before.steps(), p.Steps}
		for _, h := range p.Handlers {
			lists = append(lists, h.Steps)
		}
		for _, s := range slices.Concat(append(lists, p.Verify, p.After.steps())...) {
			if !yield(s) {
				return
			}
		}
	}
}

func (h *Handler) steps() []*Step {
	if h == nil {
		return nil
	}
	return h.Steps
}

// Hooks are the play's change hooks, those that it has.
func (p *Play) Hooks() []*Handler {
	return slices.DeleteFunc([]*Handler{p.Before, p.After}, func(h *Handler) bool { return h == nil })
}

// Handler returns the handler or the change hook of a name, or nil.
func (p *Play) Handler(name string) *Handler {
	switch name {
	case unit.BeforeChange:
		return p.Before
	case unit.AfterChange:
		return p.After
	}
	i := slices.IndexFunc(p.Handlers, func(h *Handler) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return p.Handlers[i]
}

// Breaks ranges over the places at which the play's units are interrupted, in
// their order: before the step of an index, or behind the last. It is for a
// barrier, or where there is none for pending handlers, which run early.
func (p *Play) Breaks() iter.Seq2[int, *unit.Barrier] {
	return func(yield func(int, *unit.Barrier) bool) {
		flushes, barriers := p.Flush, p.Barriers
		for len(flushes)+len(barriers) > 0 {
			if len(barriers) > 0 && (len(flushes) == 0 || barriers[0].Flushes <= len(p.Flush)-len(flushes)) {
				if !yield(barriers[0].At, &barriers[0]) {
					return
				}
				barriers = barriers[1:]
				continue
			}
			if !yield(flushes[0], nil) {
				return
			}
			flushes = flushes[1:]
		}
	}
}

// PendingHandler is a handler that a change of an earlier run notified and that has not run since.
type PendingHandler struct {
	Play     string
	Handler  string
	Since    time.Time // and Run are those of the first change that notified it
	Run      string
	Notified time.Time // when the latest did
	Runbook  string    // of Run, "" where that is not known
}

// Pauses are the pauses that the operator is asked about, by the name of the host and the index of
// the play. There is none where nothing is to be changed on any host. Of a resumed
// run those are left out behind which something was executed before: they were
// confirmed then.
func Pauses(hosts []*Host) map[string]map[int][]unit.Barrier {
	changes, last := false, -1 // play in which something was executed
	for _, h := range hosts {
		for play, s := range h.Steps() {
			changes = changes || executed(s) || s.Acts() && s.Change.Action != abi.Probe
			if executed(s) {
				last = max(last, play)
			}
		}
	}
	asked := map[string]map[int][]unit.Barrier{}
	if !changes {
		return asked
	}
	for _, h := range hosts {
		if h.Err != nil {
			continue
		}
		for play, p := range h.Plays {
			for _, b := range p.Barriers {
				if !b.Pause || play < last || p.executedFrom(b.At) {
					continue
				}
				if asked[h.Host.Name] == nil {
					asked[h.Host.Name] = map[int][]unit.Barrier{}
				}
				asked[h.Host.Name][play] = append(asked[h.Host.Name][play], b)
			}
		}
	}
	return asked
}

// executedFrom reports whether a resumed run had come to a step from an index on.
func (p *Play) executedFrom(at int) bool {
	return slices.ContainsFunc(p.Steps[min(at, len(p.Steps)):], executed)
}

// executed reports whether a resumed run had begun the step on its host.
func executed(s *Step) bool { return !s.Elsewhere() && (s.Done || !s.Interrupted.IsZero()) }
