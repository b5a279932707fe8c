package depend

import (
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
)

// Handlers finds out which handlers the plan's changes notify, or are pending
// from an earlier run: the steps of the others are dormant. A handler that only
// units with a condition notify is itself conditional.
func Handlers(p *plan.Play) {
	notified := map[string]plan.Certainty{}
	notify := func(s *plan.Step) {
		if !s.Pending() {
			return
		}
		for _, name := range s.Unit.Notify {
			if c, known := notified[name]; !known || c != plan.Sure {
				notified[name] = s.Certainty
			}
		}
	}
	for _, h := range p.Handlers {
		if h.Pending != nil {
			notified[h.Name] = plan.Sure
		}
		for _, s := range h.Steps {
			s.Dormant, s.PendingHandler = true, h.Pending
		}
	}
	for _, s := range p.Steps {
		notify(s)
	}
	// A handler may notify another one, before or after it.
	for range p.Handlers {
		for _, h := range p.Handlers {
			certainty, is := notified[h.Name]
			if !is {
				continue
			}
			for _, s := range h.Steps {
				s.Dormant = false
				if s.Certainty == plan.Sure {
					s.Certainty = certainty
				}
				notify(s)
			}
		}
	}
	included(p)
}

// included finds out which steps of handlers are left out where another handler runs as well.
func included(p *plan.Play) {
	for _, h := range p.Handlers {
		for _, s := range h.Steps {
			i := slices.IndexFunc(p.Handlers, func(o *plan.Handler) bool {
				return o != h && s.Unit.Volatile != nil && s.IncludedIn(o) && !o.Steps[0].Dormant
			})
			if i < 0 || s.Dormant {
				continue
			}
			s.Undecided = fmt.Sprintf("left out where handler %q runs, which includes it", p.Handlers[i].Name)
			if s.Certainty == plan.Sure {
				s.Certainty = plan.Conditional
			}
		}
	}
}

// MatchPending finds out which handlers of the host's plays, whose names are those
// of plays, run the ones that earlier runs left pending.
func MatchPending(h *plan.Host, plays []string, pending []plan.PendingHandler) {
	for _, o := range pending {
		if h.PendingHandlers == nil {
			h.PendingHandlers = map[string][]plan.PendingHandler{}
		}
		h.PendingHandlers[o.Play] = append(h.PendingHandlers[o.Play], o)
		if handler := handlerOf(h, plays, o); handler != nil {
			handler.Pending = &o
			continue
		}
		h.Orphaned = append(h.Orphaned, o)
	}
}

// handlerOf finds the handler of the host's plays that runs a pending one, or nil.
func handlerOf(h *plan.Host, plays []string, o plan.PendingHandler) *plan.Handler {
	for index, play := range h.Plays {
		if plays[index] != o.Play {
			continue
		}
		if handler := play.Handler(o.Handler); handler != nil {
			return handler
		}
	}
	return nil
}
