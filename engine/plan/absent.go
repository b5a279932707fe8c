package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/unit"
)

// absent tells the hosts of units that are done once and that another did, or
// began, before the run was broken off that is gone on with, and which takes no
// part now: none of them does it again unasked.
func (p *Planner) absent(ctx context.Context, hosts []*Host) {
	if p.Progress == nil {
		return
	}
	for _, h := range hosts {
		if h.Err == nil {
			continue
		}
		known, err := p.Progress(ctx, h)
		if err != nil {
			h.Err = errors.Join(h.Err, fmt.Errorf("read how far the run had come: %w", err))
			continue
		}
		for _, other := range hosts {
			if other.Err == nil && len(known) > 0 {
				other.Err = other.inherit(known)
			}
		}
	}
}

// inherit takes over how far units had come that another host did for all.
func (h *Host) inherit(known map[string]Progress) error {
	for _, s := range h.Steps() {
		was, ok := known[s.Unit.ID.Local()]
		if !ok || !s.Unit.RunOnce || s.Unit.ID.Scope != (unit.Scope{}) || s.Done || !s.Interrupted.IsZero() {
			continue
		}
		switch {
		case was.open():
			s.Interrupted = was.Started
			doubt([]*Step{s})
		case was.over(s.Unit):
			if err := s.finished(was); err != nil {
				return err
			}
		}
	}
	return nil
}
