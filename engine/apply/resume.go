package apply

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// unresolvedError says that nobody knows whether a step did its work before its
// run was broken off. Its turn stays open, however often the run is gone on with.
type unresolvedError struct{ why *abi.Error }

func (e *unresolvedError) Error() string { return e.why.Error() }
func (e *unresolvedError) Unwrap() error { return e.why }

// doubt ends the turn of a step that was interrupted and is not to run again
// unasked: it is passed over where its unit wants that, and else it fails.
func (r *hostRun) doubt(s *plan.Step) error {
	if s.Unit.OnResume != unit.PassOver {
		return &unresolvedError{plan.Unresolved(s)}
	}
	// Kept at once: whoever goes on after another crash must not doubt it again.
	if err := r.Ledger.End(context.Background(), End{Unit: s.Unit, Status: unit.Skipped}); err != nil {
		return &unrecordedError{fmt.Errorf("that it is passed over could not be recorded: %w", err)}
	}
	r.skip(s, Doubted)
	return nil
}

// pass passes over a step that has had its turn already. What only the host knew is
// entered now.
func (r *hostRun) pass(s *plan.Step) {
	r.count.OK++
	told := s.Testified
	if s.Unit.ID.Scope.Handler != "" { // which may be called for again
		s.Done, s.Interrupted = false, time.Time{}
	}
	s.Testified = false
	if !told {
		return
	}
	if err := r.Ledger.End(context.Background(), End{Unit: s.Unit, Status: unit.Changed}); err != nil {
		r.unkept("what "+s.Unit.ID.Local()+" did before could not be recorded", err)
	}
}

// sweep takes the hosts that the run had changed before it was broken off, and
// that it did not need to change again: so their runners belong to the run, and
// take its journal away as they end. Where another run has the host, that one does.
func sweep(ctx context.Context, runs []*hostRun) {
	var all sync.WaitGroup
	for _, r := range runs {
		if r.err != nil || r.leased || r.Lease == nil {
			continue
		}
		for _, s := range r.host.Steps() {
			if !s.Done || s.On != nil {
				continue
			}
			all.Go(func() {
				if l, err := r.bare.Lease(ctx, r.host, s); err == nil {
					l.Op.WaitMS = 0
					lead := dial.Step{Op: op.Op{Lease: &l.Op}, User: l.User, Unit: s.Unit.ID.Local(), Timeout: leaseTime}
					_, _ = r.host.Target.Run(ctx, []dial.Step{lead}) // a host that is lost by now keeps a file in memory
				}
			})
			break
		}
	}
	all.Wait()
}

// Doubted is why a unit was skipped of which nobody knows whether it did its work.
const Doubted = "it was interrupted, and nobody knows whether it did its work; on_resume is skip"
