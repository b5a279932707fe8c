package cli

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// protected lists what is protected on a host by earlier runs.
func (r *recording) protected(ctx context.Context, h *plan.Host) ([]plan.Protection, error) {
	kept, err := r.store.ProtectedOn(ctx, r.workspace, h.Host.Name, h.MachineID())
	if err != nil {
		return nil, err
	}
	all := make([]plan.Protection, len(kept))
	for i, p := range kept {
		all[i] = plan.Protection{Unit: p.Unit, Pos: p.Pos, Since: p.Since, Run: p.Run}
	}
	return all, nil
}

var _ apply.Protector = (*recording)(nil)

// What is protected is recorded even where the run is being interrupted.

// Protect implements apply.Protector.
func (r *recording) Protect(ctx context.Context, h *plan.Host, u *unit.Unit) error {
	p := r.protection(h, u)
	if err := r.store.Protect(context.WithoutCancel(ctx), p); err != nil {
		return err
	}
	h.Protections.Keep(plan.Protection{Unit: p.Unit, Pos: p.Pos, Since: p.Since, Run: p.Run})
	return nil
}

// Unprotect implements apply.Protector.
func (r *recording) Unprotect(ctx context.Context, h *plan.Host, u *unit.Unit) error {
	if err := r.store.Unprotect(context.WithoutCancel(ctx), r.protection(h, u)); err != nil {
		return err
	}
	h.Protections.Drop(u)
	return nil
}

func (r *recording) protection(h *plan.Host, u *unit.Unit) state.Protection {
	return state.Protection{
		Workspace: r.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Unit: u.ID.Resource(),
		Pos: u.Pos, Run: r.id, Since: time.Now(),
	}
}
