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

// proposed is the digest of the plan that the store knows to be proposed, "" before that.
type proposed struct {
	mu     sync.Mutex
	digest string
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
// instead, for as long as AwaitApproval waits.
func (r *Run) Approve(ctx context.Context, by Approval) error {
	digest, err := r.propose(ctx)
	if err != nil {
		return err
	}
	if by.Plan == "" {
		by.Plan = digest
	}
	return r.record.Store().Approve(ctx, r.ID(), by)
}

// Approved tells who approved the plan; it is zero until it is approved.
func (r *Run) Approved(ctx context.Context) (Approval, error) {
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
	r.proposed.mu.Lock()
	defer r.proposed.mu.Unlock()
	return r.record.Store().BeginApply(ctx, r.ID(), r.proposed.digest, time.Now())
}
