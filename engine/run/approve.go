package run

import (
	"context"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// Approval is who let a plan be applied, and when. A Plan of "" is what the run proposes.
type Approval = state.Approval

// approvalPoll is how often the store is asked whether another process has approved.
const approvalPoll = 200 * time.Millisecond

// proposed is what has become of a plan that is to be approved.
type proposed struct {
	mu     sync.Mutex
	digest string // of what the store knows to be proposed, "" before that
	// approval is by this process, of what the store does not know yet to be proposed: it is
	// written when the plan begins to be applied.
	approval *Approval
}

// propose has the store know what is to be approved: of a saved plan that is carried out
// that plan, since nothing else is done.
func (r *Run) propose(ctx context.Context) (string, error) {
	if err := r.proposal.Applicable(); err != nil {
		return "", err
	}
	p := &r.proposed
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.digest != "" || r.plan.created.IsZero() { // the store refuses what has no plan yet
		return p.digest, nil
	}
	digest, err := r.digest()
	if err == nil {
		err = r.record.Store().Propose(ctx, r.ID(), digest)
	}
	if err == nil {
		p.digest = digest
	}
	return digest, err
}

func (r *Run) digest() (string, error) {
	spec := &r.job.Spec
	switch {
	case spec.Saved == nil:
		return r.plan.Digest()
	case spec.Digest == "":
		return spec.Saved.Sum()
	}
	return spec.Digest, nil
}

// Approve lets the plan be applied. Another process that has the store open may do that
// instead, for as long as AwaitApproval waits. The store keeps it, at the latest from the
// beginning of Apply.
func (r *Run) Approve(ctx context.Context, by Approval) error {
	if err := r.proposal.Applicable(); err != nil {
		return err
	}
	p := &r.proposed
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.digest != "" {
		if by.Plan == "" {
			by.Plan = p.digest
		}
		return r.record.Store().Approve(ctx, r.ID(), by)
	}
	if r.plan.created.IsZero() {
		return state.NothingToApprove(r.ID(), "there is no plan yet")
	}
	digest, err := r.digest()
	switch {
	case err != nil:
		return err
	case by.Plan != "" && by.Plan != digest:
		return state.NothingToApprove(r.ID(), "it is another one")
	case by.By == "" || by.Time.IsZero():
		return state.NothingToApprove(r.ID(), "it is not said by whom and when")
	case p.approval == nil:
		by.Plan = digest
		p.approval = &by
	}
	return nil
}

// Approved tells who approved the plan; it is zero until it is approved.
func (r *Run) Approved(ctx context.Context) (Approval, error) {
	r.proposed.mu.Lock()
	mine := r.proposed.approval
	r.proposed.mu.Unlock()
	if mine != nil {
		return *mine, nil
	}
	return r.record.Store().ApprovalOf(ctx, r.ID())
}

// AwaitApproval proposes the plan, and waits until it is approved.
func (r *Run) AwaitApproval(ctx context.Context) (Approval, error) {
	if _, err := r.propose(ctx); err != nil {
		return Approval{}, err
	}
	for {
		if a, err := r.Approved(ctx); err != nil || !a.Time.IsZero() {
			return a, err
		}
		select {
		case <-time.After(approvalPoll):
		case <-ctx.Done():
			return Approval{}, ctx.Err()
		}
	}
}

// begin has the store know that the plan is being applied, which must be approved.
func (r *Run) begin(ctx context.Context) error {
	if err := r.proposal.Applicable(); err != nil {
		return err
	}
	p := &r.proposed
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.approval != nil {
		return r.record.Store().BeginApply(ctx, r.ID(), p.approval.Plan, time.Now(), p.approval)
	}
	return r.record.Store().BeginApply(ctx, r.ID(), p.digest, time.Now(), nil)
}
