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
func (r *recording) Protect(ctx context.Context, h *plan.Host, units []*unit.Unit) error {
	all := r.protections(h, units)
	if err := r.store.Protect(context.WithoutCancel(ctx), all...); err != nil {
		return err
	}
	for _, p := range all {
		h.Protections.Keep(plan.Protection{Unit: p.Unit, Pos: p.Pos, Since: p.Since, Run: p.Run})
	}
	return nil
}

// Unprotect implements apply.Protector.
func (r *recording) Unprotect(ctx context.Context, h *plan.Host, units []*unit.Unit) error {
	if err := r.store.Unprotect(context.WithoutCancel(ctx), r.protections(h, units)...); err != nil {
		return err
	}
	for _, u := range units {
		h.Protections.Drop(u)
	}
	return nil
}

func (r *recording) protections(h *plan.Host, units []*unit.Unit) []state.Protection {
	all := make([]state.Protection, len(units))
	for i, u := range units {
		all[i] = state.Protection{
			Workspace: r.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Unit: u.ID.Resource(),
			Pos: u.Pos, Run: r.id, Since: time.Now(),
		}
	}
	return all
}
