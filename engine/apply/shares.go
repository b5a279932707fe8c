package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/providers/abi"
)

// Batch names a batch of a play, counted from 0.
type Batch struct {
	Play  string
	Index int
}

// Shares keeps durably which hosts' shares of batches are still to be done, so
// that another process can take them up where this one dies.
type Shares interface {
	// Take takes the shares of hosts. Those that may not be done come back with the
	// reason; an error means that none was taken.
	Take(ctx context.Context, b Batch, hosts []string) (refused map[string]error, err error)
	// Done says that a host is through with its share, however that ended.
	Done(b Batch, host string)
	// Return gives a share back that is not through.
	Return(b Batch, host string)
}

// take takes the shares of a batch's hosts that have something to change, and
// refuses hosts whose share is not to be had.
func (s *scheduler) take(ctx context.Context, b Batch, runs []*hostRun) {
	if s.Shares == nil {
		return
	}
	var with []*hostRun
	var names []string
	for _, r := range runs {
		if r.err == nil && r.changes() {
			with = append(with, r)
			names = append(names, r.host.Host.Name)
		}
	}
	if len(with) == 0 {
		return
	}
	refused, err := s.Shares.Take(ctx, b, names)
	for _, r := range with {
		why := err
		if why == nil {
			why = refused[r.host.Host.Name]
		}
		if why == nil {
			r.share = &b
			continue
		}
		r.refuse(why)
	}
}

// changes reports whether the play is going to change the host as things stand.
func (r *hostRun) changes() bool {
	for s := range r.play.All() {
		if s.Acts() && s.Change.Action != abi.Probe || s.Err != nil {
			return true
		}
	}
	return false
}

// through ends a host's share of a batch.
func (r *hostRun) through() {
	if r.share == nil {
		return
	}
	if r.err != nil && diag.CodeOf(r.err) == diag.Interrupted {
		r.Shares.Return(*r.share, r.host.Host.Name)
	} else {
		r.Shares.Done(*r.share, r.host.Host.Name)
	}
	r.share = nil
}
