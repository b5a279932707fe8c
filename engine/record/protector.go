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
func (p *Protector) Protect(ctx context.Context, h *plan.Host, units []*unit.Unit) ([]protect.Resource, error) {
	all := p.protections(h, units)
	if err := p.ref.store.Protect(context.WithoutCancel(ctx), all...); err != nil {
		return nil, err
	}
	kept := make([]protect.Resource, len(all))
	for i, k := range all {
		kept[i] = protect.Resource{Unit: k.Unit, Path: units[i].Order.Path, Pos: k.Pos, Since: k.Since, Run: k.Run}
	}
	return kept, nil
}

// Unprotect implements apply.Protector.
func (p *Protector) Unprotect(ctx context.Context, h *plan.Host, units []*unit.Unit) error {
	return p.ref.store.Unprotect(context.WithoutCancel(ctx), p.protections(h, units)...)
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
