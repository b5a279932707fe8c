package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Progress is how far a unit had come when its run was broken off.
type Progress struct {
	Action abi.Action
	// Status is how its turn ended, "" where that is not known.
	Status unit.Status
	// Started is when it began to act, zero where it did not.
	Started time.Time
	// Outputs is what it offered to later units, nil where that was not kept.
	Outputs codec.Raw
}

// open reports whether the unit began to act and nobody knows how that ended.
func (p Progress) open() bool { return !p.Started.IsZero() && p.Status == "" }

// over reports whether the unit has had its turn and needs no other: it acted,
// or it asked what is asked once. One that failed is tried again, unless its
// host was to go on.
func (p Progress) over(u *unit.Unit) bool {
	switch p.Status {
	case unit.Changed:
		return true
	case unit.Unchanged:
		return !p.Started.IsZero() || p.Action == abi.Probe
	case unit.Skipped:
		return !p.Started.IsZero()
	case unit.Failed:
		return u.IgnoreFailure
	}
	return false
}

// resume tells the host's units how far they had come, where the run is gone on with.
func (p *Planner) resume(ctx context.Context, h *Host) error {
	if p.Progress == nil {
		return nil
	}
	known, err := p.Progress(ctx, h)
	if err != nil {
		return fmt.Errorf("read how far the run had come: %w", err)
	}
	wanted := map[unit.ID]bool{}
	for _, s := range h.Steps() {
		for _, id := range s.Unit.Require {
			wanted[id] = true
		}
	}
	for _, s := range h.Steps() {
		was, ok := known[s.Unit.ID.Local()]
		if !ok {
			continue
		}
		s.progress = &was
		scope := s.Unit.ID.Scope
		switch {
		case was.open():
			s.Interrupted = was.Started
		case scope != unit.Scope{}: // handlers have their turn when they are called for, verify always
		case was.Action == abi.Probe && was.Outputs == nil && wanted[s.Unit.ID]: // its result is needed again
		case was.over(s.Unit):
			if err := s.finished(was); err != nil {
				return err
			}
		}
	}
	return nil
}

// finished gives the step back the outcome that it had.
func (s *Step) finished(was Progress) error {
	outputs := map[string]any{}
	if len(was.Outputs) > 0 {
		if err := codec.Unmarshal(was.Outputs, &outputs); err != nil {
			return fmt.Errorf("what is kept of the result of %s: %w", s.Unit.ID, err)
		}
	}
	outputs["changed"] = was.Status == unit.Changed
	s.Done = true
	s.Unit.Finish(unit.Outcome{Status: was.Status, Action: was.Action, Outputs: outputs})
	return nil
}

// delivered finds the steps of owed handlers that ran since the handler was
// called for: the run was broken off before the whole handler was through. What
// they did before that is over.
func (h *Host) delivered() error {
	for _, play := range h.Plays {
		for _, handler := range play.Handlers {
			if handler.Rescue {
				continue
			}
			for _, s := range handler.Steps {
				was := s.progress
				switch {
				case was == nil:
				case handler.Owed == nil || !was.Started.After(handler.Owed.Called):
					s.Interrupted = time.Time{}
				case was.over(s.Unit):
					if err := s.finished(*was); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// Unsure reports whether the step was interrupted and nothing on the host tells
// whether it did its work: a program without a guard.
func (s *Step) Unsure() bool {
	return !s.Interrupted.IsZero() && s.Change != nil && s.Change.Action == abi.Run && len(s.Reads) == 0
}

// doubt refuses, while planning, what is not to be done again unasked.
func doubt(steps []*Step) {
	for _, s := range steps {
		if s.Err != nil || !s.Unsure() {
			continue
		}
		switch s.Unit.OnResume {
		case unit.Rerun:
		case unit.PassOver:
			s.Skip = true
		default:
			s.Err = Unresolved(s)
		}
	}
}

// Unresolved is the error of a step of which nobody knows whether it did its work.
func Unresolved(s *Step) *abi.Error {
	return &abi.Error{
		Class: op.Conflict,
		Message: fmt.Sprintf("it was interrupted at %s, and nobody knows whether it did its work; it was not run again",
			s.Interrupted.Local().Format(time.DateTime)),
		Hint: "look at the host; then go on with: froyo resume --interrupted skip, or --interrupted rerun",
	}
}
