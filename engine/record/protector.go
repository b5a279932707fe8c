package record

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// Protector keeps what must not be removed.
type Protector struct{ ref ref }

var _ apply.Protector = (*Protector)(nil)

// What is protected is recorded even where the run is being interrupted.

// Protect implements apply.Protector.
func (p *Protector) Protect(ctx context.Context, h *plan.Host, units []*unit.Unit) error {
	all := p.protections(h, units)
	if err := p.ref.store.Protect(context.WithoutCancel(ctx), all...); err != nil {
		return err
	}
	for i, kept := range all {
		h.Protections.Keep(protect.Resource{Unit: kept.Unit, Path: units[i].Order.Path, Pos: kept.Pos, Since: kept.Since, Run: kept.Run})
	}
	return nil
}

// Unprotect implements apply.Protector.
func (p *Protector) Unprotect(ctx context.Context, h *plan.Host, units []*unit.Unit) error {
	if err := p.ref.store.Unprotect(context.WithoutCancel(ctx), p.protections(h, units)...); err != nil {
		return err
	}
	for _, u := range units {
		h.Protections.Drop(u)
	}
	return nil
}

func (p *Protector) protections(h *plan.Host, units []*unit.Unit) []state.Protection {
	all := make([]state.Protection, len(units))
	for i, u := range units {
		all[i] = state.Protection{
			Workspace: p.ref.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Unit: u.ID.Resource(),
			Pos: u.Pos, Run: p.ref.run, Since: time.Now(),
		}
	}
	return all
}
