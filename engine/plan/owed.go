package plan

import (
	"context"
	"fmt"
	"time"
)

// Owed is a handler that a change of an earlier run called for and that has not run since.
type Owed struct {
	Play    string
	Handler string
	Since   time.Time // and Run are those of the first change that called for it
	Run     string
	Called  time.Time // when the latest did
}

// recall finds out what earlier runs left owed on a host, and which handlers
// of its plays are to deliver it.
func (p *Planner) recall(ctx context.Context, h *Host) error {
	if p.Owed == nil {
		return nil
	}
	all, err := p.Owed(ctx, h)
	if err != nil {
		return fmt.Errorf("read which handlers are owed: %w", err)
	}
	for _, o := range all {
		if h.Owed == nil {
			h.Owed = map[string][]Owed{}
		}
		h.Owed[o.Play] = append(h.Owed[o.Play], o)
		if handler := p.handler(h, o); handler != nil {
			handler.Owed = &o
			continue
		}
		h.Unclaimed = append(h.Unclaimed, o)
	}
	return nil
}

// handler finds the handler of the host's plays that delivers what is owed, or nil.
func (p *Planner) handler(h *Host, o Owed) *Handler {
	for index, play := range h.Plays {
		if p.Plays[index] != o.Play {
			continue
		}
		if handler := play.Handler(o.Handler); handler != nil {
			return handler
		}
	}
	return nil
}
