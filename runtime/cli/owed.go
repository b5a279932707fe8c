package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/ui"
)

// owed lists what earlier runs left owed on a host.
func (r *recording) owed(ctx context.Context, h *plan.Host) ([]plan.Owed, error) {
	kept, err := r.store.OwedOn(ctx, r.workspace, h.Host.Name, h.MachineID())
	if err != nil {
		return nil, err
	}
	all := make([]plan.Owed, len(kept))
	for i, o := range kept {
		all[i] = plan.Owed{Play: o.Play, Handler: o.Handler, Since: o.Since, Run: o.Run, Called: o.Called}
	}
	return all, nil
}

var _ apply.Ledger = (*recording)(nil)

// What is owed is recorded even where the run is being interrupted.

// Begin implements apply.Ledger.
func (r *recording) Begin(ctx context.Context, b apply.Beginning) error {
	ctx = context.WithoutCancel(ctx)
	if err := r.keepPlan(ctx); err != nil {
		return err
	}
	begun := state.Beginning{Run: r.id, Host: b.Host, MachineID: b.MachineID, Time: b.Time, Owed: r.debts(b.Debt)}
	for _, id := range b.Units {
		begun.Units = append(begun.Units, id.Local())
	}
	return r.store.BeginUnits(ctx, begun)
}

// End implements apply.Ledger.
func (r *recording) End(ctx context.Context, ends ...apply.End) error {
	kept := make([]state.UnitEnd, len(ends))
	for i, e := range ends {
		kept[i] = state.UnitEnd{Host: e.Unit.ID.Host, Unit: e.Unit.ID.Local(), Status: string(e.Status), Outputs: json.RawMessage(e.Outputs)}
	}
	if err := r.store.EndUnits(context.WithoutCancel(ctx), r.id, kept...); err != nil {
		return err
	}
	for _, e := range ends {
		r.settled(e.Unit.ID)
	}
	return nil
}

// Withdraw implements apply.Ledger.
func (r *recording) Withdraw(ctx context.Context, d apply.Debt) error {
	return r.store.Withdraw(context.WithoutCancel(ctx), r.debts(d)...)
}

// Deliver implements apply.Ledger.
func (r *recording) Deliver(ctx context.Context, d apply.Debt) error {
	return r.store.Settle(context.WithoutCancel(ctx), d.Time, r.debts(d)...)
}

func (r *recording) debts(d apply.Debt) []state.Owed {
	owed := make([]state.Owed, len(d.Handlers))
	for i, name := range d.Handlers {
		owed[i] = state.Owed{
			Workspace: r.workspace, Host: d.Host, MachineID: d.MachineID, Play: d.Play, Handler: name, Run: r.id, Since: d.Time,
		}
	}
	return owed
}

// due gathers the hosts on which the same handler of a play is owed.
type due struct {
	order []plan.Owed // of which Since and Run are the first host's
	hosts map[string][]string
}

func (d *due) add(host string, o plan.Owed) {
	key := o.Play + "\x00" + o.Handler
	if d.hosts == nil {
		d.hosts = map[string][]string{}
	}
	if d.hosts[key] == nil {
		d.order = append(d.order, o)
	}
	d.hosts[key] = append(d.hosts[key], host)
}

// on names the hosts: "h3", "18 hosts: h[1-18]".
func (d *due) on(o plan.Owed) string { return ui.On(d.hosts[o.Play+"\x00"+o.Handler]) }

// unclaimed warns of handlers that are owed and that nothing in this run delivers.
func unclaimed(hosts []*plan.Host) []*diag.Error {
	var d due
	for _, h := range hosts {
		for _, o := range h.Unclaimed {
			d.add(h.Host.Name, o)
		}
	}
	var warnings []*diag.Error
	for _, o := range d.order {
		warnings = append(warnings, (&diag.Error{
			Summary: fmt.Sprintf("handler %q of play %s stays owed on %s (since %s, run %s): no unit of this run names it in notify",
				o.Handler, ui.PlayName(o.Play), d.on(o), ui.When(o.Since), o.Run),
		}).WithHint("a runbook that declares it there delivers it; froyo state notifications drop forgets it"))
	}
	return warnings
}

// tellOwed says which handlers are still owed on the hosts that did not come to
// their end.
func (r *run) tellOwed(ctx context.Context, counts []apply.Count) error {
	var d due
	var errs []error
	for i, h := range r.planned {
		if h.Facts == nil || ctx.Err() == nil && counts[i].Failed+counts[i].Unreachable == 0 {
			continue
		}
		all, err := r.record.owed(context.WithoutCancel(ctx), h)
		errs = append(errs, err)
		for _, o := range all {
			if !slices.Contains(h.Unclaimed, o) { // the plan told those
				d.add(h.Host.Name, o)
			}
		}
	}
	for _, o := range d.order {
		r.env.errors.Note(fmt.Sprintf("handler %q of play %s is owed on %s: the next apply that declares it there delivers it",
			o.Handler, ui.PlayName(o.Play), d.on(o)))
	}
	return errors.Join(errs...)
}
