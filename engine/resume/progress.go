// Package resume finds out what of a run was done before it was interrupted: by
// what is kept of its units, and by the journals of its hosts.
//
// It imports engine/plan.
package resume

import (
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// Progress is how far a unit had come when its run was interrupted.
type Progress struct {
	Action abi.Action
	// Status is its outcome, "" where that is unknown.
	Status unit.Status
	// Started is when it began to act, zero where it did not.
	Started time.Time
	// Outputs is what it offered to later units, nil where that was not kept.
	Outputs codec.Raw
}

// unknown reports whether the unit began to act and its outcome is unknown.
func (p Progress) unknown() bool { return !p.Started.IsZero() && p.Status == "" }

// finished reports whether the unit was executed and needs not be again: it acted,
// or it asked what is asked once. One that failed is tried again, unless its
// host was to go on.
func (p Progress) finished(u *unit.Unit) bool {
	switch p.Status {
	case unit.Changed:
		return true
	case unit.Unchanged:
		return !p.Started.IsZero() || p.Action == abi.Probe
	case unit.Skipped:
		return !p.Started.IsZero()
	case unit.Failed:
		return u.Failure.Ignore
	}
	return false
}

// Restore tells the units of a host how far they had come, by their local names.
func Restore(h *plan.Host, known map[string]Progress) error {
	if len(known) == 0 {
		return nil
	}
	wanted := map[unit.ID]bool{}
	for _, s := range h.Steps() {
		for _, id := range s.Unit.Require {
			wanted[id] = true
		}
	}
	for play, s := range h.Steps() {
		was, ok := known[s.Unit.ID.Local()]
		if !ok {
			continue
		}
		s.Known, s.Planned, s.Began = true, was.Action, !was.Started.IsZero()
		scope := s.Unit.ID.Scope
		switch {
		case was.unknown():
			s.Interrupted = was.Started
		case scope != unit.Scope{}: // handlers are executed when they are notified, verify always
		case was.Status == unit.Failed && !rescued(h.Plays[play], s.Unit, was, known): // it fails again, or needs no rescue
		case was.Action == abi.Probe && was.Outputs == nil && wanted[s.Unit.ID]: // it is asked again
		case was.finished(s.Unit):
			if err := finish(s, was); err != nil {
				return err
			}
		}
	}
	return nil
}

// rescued reports whether what a unit that failed wants done then has been done.
func rescued(p *plan.Play, u *unit.Unit, failed Progress, known map[string]Progress) bool {
	h := p.Handler(u.Failure.Handler)
	if h == nil {
		return true
	}
	for _, s := range h.Steps {
		was, ok := known[s.Unit.ID.Local()]
		if !ok || was.Status == "" || !was.Started.IsZero() && was.Started.Before(failed.Started) {
			return false
		}
	}
	return true
}

// finish gives the step back the outcome that it had.
func finish(s *plan.Step, was Progress) error {
	outputs := map[string]any{}
	if len(was.Outputs) > 0 {
		if err := codec.Unmarshal(was.Outputs, &outputs); err != nil {
			return fmt.Errorf("what is kept of the result of %s: %w", s.Unit.ID, err)
		}
	}
	outputs["changed"] = was.Status == unit.Changed
	s.Done = true
	s.Unit.Known = &unit.Outcome{
		Status: was.Status, Action: was.Action, Outputs: outputs,
		Unkept: (s.Unit.Sensitive || len(was.Outputs) == 0) && was.Status != unit.Skipped,
	}
	return nil
}

// RestoreHandlers finds the steps of pending handlers that were executed after the
// handler was notified last: the run was interrupted before all of the handler was
// through. What its steps did before that does not count. A before_change is never pending, so
// it is executed again where something is left to change.
func RestoreHandlers(h *plan.Host, known map[string]Progress) error {
	for _, play := range h.Plays {
		for _, handler := range slices.Concat(play.Handlers, play.Hooks()) {
			if handler.Rescue {
				continue
			}
			for _, s := range handler.Steps {
				was, ok := known[s.Unit.ID.Local()]
				switch {
				case !ok:
				case unit.IsHook(handler.Name) && s.Unit.Failure.OnResume == "" && was.unknown(): // hooks may be repeated
					s.Interrupted = time.Time{}
				case handler.Pending == nil || !was.Started.After(handler.Pending.Notified):
					s.Interrupted = time.Time{}
				case was.finished(s.Unit):
					if err := finish(s, was); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// Inherit takes over how far units had come that another host executed for all.
func Inherit(h *plan.Host, known map[string]Progress) error {
	for _, s := range h.Steps() {
		was, ok := known[s.Unit.ID.Local()]
		if !ok || !s.Unit.Rollout.RunOnce || s.Unit.ID.Scope != (unit.Scope{}) || s.Done || !s.Interrupted.IsZero() {
			continue
		}
		switch {
		case was.unknown():
			s.Interrupted = was.Started
			Refuse([]*plan.Step{s})
		case was.finished(s.Unit):
			if err := finish(s, was); err != nil {
				return err
			}
		}
	}
	return nil
}
