package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/escape"
)

// pendingOn gathers the hosts on which the same handler of a play is pending.
type pendingOn struct {
	order []plan.PendingHandler // of which Since and Run are the first host's
	hosts map[string][]string
}

func (d *pendingOn) add(host string, o plan.PendingHandler) {
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
func (d *pendingOn) on(o plan.PendingHandler) string {
	return wording.On(d.hosts[o.Play+"\x00"+o.Handler])
}

// unnotified warns of pending handlers that nothing in this run notifies.
func unnotified(hosts []*plan.Host) []*diag.Error {
	var d pendingOn
	for _, h := range hosts {
		for _, o := range h.Orphaned {
			d.add(h.Host.Name, o)
		}
	}
	var warnings []*diag.Error
	for _, o := range d.order {
		if o.Handler == unit.AfterChange {
			warnings = append(warnings, (&diag.Error{
				Summary: fmt.Sprintf("%s of play %s stays pending on %s (since %s, run %s): this run has no such play there",
					o.Handler, escape.Text(wording.PlayName(o.Play)), d.on(o), wording.When(o.Since), o.Run),
			}).WithHint("a runbook whose play has it does it there; froyo state handlers drop forgets it"))
			continue
		}
		warnings = append(warnings, (&diag.Error{
			Summary: fmt.Sprintf("handler %q of play %s stays pending on %s (since %s, run %s): no unit of this run names it in notify",
				o.Handler, escape.Text(wording.PlayName(o.Play)), d.on(o), wording.When(o.Since), o.Run),
		}).WithHint("a runbook that declares it there runs it; froyo state handlers drop forgets it"))
	}
	return warnings
}

// Pending says which handlers have not run on the hosts that were not finished.
func (r *Run) Pending(ctx context.Context, counts []apply.Count) ([]string, error) {
	var d pendingOn
	var errs []error
	for i, h := range r.proposal.Hosts {
		if h.Facts == nil || ctx.Err() == nil && counts[i].Failed+counts[i].Unreachable == 0 {
			continue
		}
		all, err := r.record.History.PendingHandlers(context.WithoutCancel(ctx), h)
		errs = append(errs, err)
		for _, o := range all {
			if !slices.Contains(h.Orphaned, o) { // the plan told those
				d.add(h.Host.Name, o)
			}
		}
	}
	var notes []string
	for _, o := range d.order {
		if o.Handler == unit.AfterChange {
			notes = append(notes, fmt.Sprintf("%s of play %s was not done on %s, as before_change left it; resume, or the next apply of this runbook, does it",
				o.Handler, escape.Text(wording.PlayName(o.Play)), d.on(o)))
			continue
		}
		notes = append(notes, fmt.Sprintf("handler %q of play %s has not run on %s; the next apply of this runbook runs it",
			o.Handler, escape.Text(wording.PlayName(o.Play)), d.on(o)))
	}
	return notes, errors.Join(errs...)
}
