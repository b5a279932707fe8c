// Package blame says whose fault an error of a run is, the host's or the runbook's, which exit code it has, and
// collects what failed.
//
// It imports engine/plan, engine/apply and engine/runbook.
package blame

import (
	"context"
	"errors"
	"iter"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/runner/target"
)

// Runbook makes errors that came up behind what hosts answered the
// runbook's own where they are the same for every host that was evaluated: then
// it is not the answer of one host that brought them about. What a host's answer
// itself is to blame for stays that host's.
func Runbook(planned []*plan.Host) {
	var everywhere map[diag.Pos]bool // nil before the first host
	for _, h := range planned {
		here, found := map[diag.Pos]bool{}, false
		for e := range undecided(h.Err) {
			found = true
			if everywhere == nil || everywhere[e.Pos] {
				here[e.Pos] = true
			}
		}
		if !found && h.Err != nil && h.Inputs == nil {
			continue // it was not evaluated: lost, too slow, or without an answer
		}
		everywhere = here
	}
	for _, h := range planned {
		for e := range undecided(h.Err) {
			if everywhere[e.Pos] {
				e.Code = diag.Usage
			}
		}
	}
}

// undecided ranges over the errors of an evaluation of which one host does not
// tell whether it or the runbook is to blame.
func undecided(err error) iter.Seq[*diag.Error] {
	return func(yield func(*diag.Error) bool) {
		for e := range diag.All(err) {
			d, ok := errors.AsType[*diag.Error](e)
			if _, informed := errors.AsType[runbook.Informed](e); ok && informed && !yield(d) {
				return
			}
		}
	}
}

// Host gives errors of a host their exit codes.
func Host(host string, err error) error {
	var all []error
	for e := range diag.All(err) {
		all = append(all, oneHostError(host, e))
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

func oneHostError(host string, err error) error {
	told, ok := errors.AsType[*diag.Error](err)
	if ok && told.Code != diag.OK {
		return err
	}
	if e, ok := errors.AsType[*target.Error](err); ok {
		d := &diag.Error{Summary: e.Message, Detail: e.Detail, Hint: e.Hint, Host: host, Code: diag.Failed, Cause: err}
		if e.Unreachable() {
			d.Code = diag.Unreachable
		}
		return d
	}
	if errors.Is(err, context.Canceled) {
		return &diag.Error{Summary: "interrupted", Host: host, Code: diag.Interrupted, Cause: err}
	}
	if told != nil {
		return err
	}
	d := &diag.Error{Summary: err.Error(), Host: host, Code: diag.Failed, Cause: err}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		d.Hint = h.Hint()
	}
	return d
}
