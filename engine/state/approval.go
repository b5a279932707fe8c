package state

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// Approvals is whether the plan of a run may be applied. It may be approved by another
// process than the one that has planned and applies it.
type Approvals interface {
	// Propose records, for good, which plan a run asks to have approved, by its digest. What
	// was approved of another plan no longer counts.
	Propose(ctx context.Context, run, plan string) error
	// Approve lets the plan of a run be applied, and notes that in the audit trail, for good.
	// It MUST refuse a plan other than the one that was proposed last, and a run that is not
	// under way. What is approved already stays so, by whom it was first.
	Approve(ctx context.Context, run string, a Approval) error
	// ApprovalOf tells who approved what a run proposed last; it is zero until it is approved.
	ApprovalOf(ctx context.Context, run string) (Approval, error)
	// BeginApply records, for good, that a plan is being applied; with by also that it was
	// proposed and approved, as Propose and Approve would, in the same transaction. It MUST
	// refuse one that is not approved, or of which that was recorded before.
	BeginApply(ctx context.Context, run, plan string, now time.Time, by *Approval) error
}

// Approval is who let a plan be applied, and when.
type Approval struct {
	By   string
	Time time.Time
	Plan string // its digest
}

// Phase is how far the plan of a run has come that is under way.
type Phase string

// The phases of a run, in their order.
const (
	Planning Phase = "planning"
	Planned  Phase = "planned" // and not approved yet
	Approved Phase = "approved"
	Applying Phase = "applying"
)

// Phase tells how far the run had come with its plan.
func (r *Run) Phase() Phase {
	switch {
	case !r.Applying.IsZero():
		return Applying
	case !r.Approval.Time.IsZero():
		return Approved
	case r.Proposed != "":
		return Planned
	}
	return Planning
}

// NotApproved is the error of applying a plan that is not approved.
func NotApproved(run string) *diag.Error {
	d := &diag.Error{Summary: "the plan of run " + run + " is not approved; nothing was changed"}
	return d.WithHint("it is applied once it is approved as it is; a plan that was made anew has to be approved anew")
}

// NothingToApprove is the error of approving what a run does not propose.
func NothingToApprove(run, why string) *diag.Error {
	d := &diag.Error{Summary: "the plan of run " + run + " cannot be approved: " + why}
	return d.WithHint("look at the run and its plan again: froyo runs show %s", run)
}
