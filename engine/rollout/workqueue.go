package rollout

import (
	"context"

	"github.com/openfroyo/froyo/engine/diag"
)

// Batch names a batch of a play, counted from 0.
type Batch struct {
	Play  string
	Index int
}

// WorkQueue keeps durably which hosts of batches have still to be done, each as
// a work item, so that another process can claim them where this one dies.
type WorkQueue interface {
	// Claim claims the work items of hosts. Those that may not be done come back
	// with the reason; an error means that none was claimed.
	Claim(ctx context.Context, b Batch, hosts []string) (refused map[string]error, err error)
	// Complete reports that a host has ended its part of the batch, however that ended.
	Complete(b Batch, host string)
	// Release gives back a work item that is not complete.
	Release(b Batch, host string)
}

// claim claims the work items of a batch's hosts that have something to change,
// and refuses hosts whose item cannot be claimed.
func (s *scheduler) claim(ctx context.Context, b Batch, hosts []*host) {
	if s.queue == nil {
		return
	}
	var with []*host
	var names []string
	for _, h := range hosts {
		if h.member.Err() == nil && h.part.Changes {
			with = append(with, h)
			names = append(names, h.name)
		}
	}
	if len(with) == 0 {
		return
	}
	refused, err := s.queue.Claim(ctx, b, names)
	for _, h := range with {
		why := err
		if why == nil {
			why = refused[h.name]
		}
		if why == nil {
			h.item = &b
			continue
		}
		h.member.Refuse(why)
	}
}

// release ends a host's work item of a batch.
func (s *scheduler) release(h *host) {
	if h.item == nil {
		return
	}
	if err := h.member.Err(); err != nil && diag.CodeOf(err) == diag.Interrupted {
		s.queue.Release(*h.item, h.name)
	} else {
		s.queue.Complete(*h.item, h.name)
	}
	h.item = nil
}
