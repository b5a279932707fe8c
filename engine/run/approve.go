package run

import (
	"context"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// Approval is who approved a plan, and when.
type Approval struct {
	By   string
	Time time.Time
}

// approval is the state of a run between its plan and its first change. It is safe for
// concurrent use: another user may approve.
type approval struct {
	mu    sync.Mutex
	ready bool // there is a plan
	given *Approval
	done  chan struct{} // closed once it is given; nil before it is waited for
}

func (a *approval) planned() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready = true
}

// wait returns what is closed once approval is given.
func (a *approval) wait() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done == nil {
		a.done = make(chan struct{})
	}
	return a.done
}

// Approve lets the plan be applied. It may be called by another goroutine than the one that applies.
func (r *Run) Approve(by Approval) error {
	if err := r.plan.Applicable(); err != nil {
		return err
	}
	a := &r.approval
	a.wait() // makes what is closed
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.ready:
		return &diag.Error{Summary: "there is no plan yet to approve"}
	case a.given != nil:
		return nil
	}
	a.given = &by
	close(a.done)
	return nil
}

// Approved tells who approved the plan, nil where it is not approved yet.
func (r *Run) Approved() *Approval {
	r.approval.mu.Lock()
	defer r.approval.mu.Unlock()
	return r.approval.given
}

// AwaitApproval waits until the plan is approved.
func (r *Run) AwaitApproval(ctx context.Context) error {
	select {
	case <-r.approval.wait():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
