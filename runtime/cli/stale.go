package cli

import (
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
)

// failAll is the value of --stale by which one host that cannot be done stops all.
const failAll = "fail-all"

// refuseStale takes the hosts that differ from the saved plan out of the run
// and says why. Of a plan that was carried out in part, hosts differ that need
// more than what is left of it.
func (r *run) refuseStale(saved *plan.Document) (error, error) {
	differs := plan.Stale
	if r.resumed != nil {
		differs = plan.Exceeds
	}
	now, err := r.document()
	if err != nil {
		return nil, err
	}
	var refused []error
	for _, h := range r.planned {
		if h.Err != nil {
			continue // it says itself why it takes no part
		}
		was, ok := saved.Host(h.Host.Name)
		is, _ := now.Host(h.Host.Name)
		stale := (&diag.Error{Summary: "the saved plan does not hold this host", Host: h.Host.Name}).WithCode(diag.Stale)
		if ok {
			stale = differs(was, is)
		}
		if stale != nil {
			h.Err = stale
			refused = append(refused, stale)
		}
	}
	return errors.Join(refused...), nil
}

// stopAll tells why nothing is done on any host, where --stale asks for that
// and one of them is refused or has no plan; else it is nil.
func (r *run) stopAll(stale string) error {
	if stale != failAll {
		return nil
	}
	var reasons []error
	for _, h := range r.planned {
		if h.Err != nil {
			reasons = append(reasons, hostError(h.Host.Name, h.Err))
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	summary := fmt.Sprintf("nothing was done on any host: %d of %d cannot be done as planned", len(reasons), len(r.planned))
	return errors.Join(append(reasons, (&diag.Error{Summary: summary, Code: diag.Stale}).
		WithHint("mend them or make a new plan; without --stale %s the other hosts are done", failAll))...)
}

// refusedCounts is the recap of a run that was stopped before its first change.
func (r *run) refusedCounts() []apply.Count {
	counts := make([]apply.Count, len(r.planned))
	for i, h := range r.planned {
		counts[i].Host = h.Host.Name
		lost, isLost := errors.AsType[*dial.Error](h.Err)
		switch {
		case isLost && lost.Unreachable():
			counts[i].Unreachable = 1
		case h.Err != nil:
			counts[i].Failed = 1
		}
		for range h.Steps() {
			counts[i].Skipped++
		}
	}
	return counts
}
