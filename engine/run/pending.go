package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// maxNamed bounds the pending handlers that one warning names.
const maxNamed = 3

// unnotified warns of pending handlers that nothing in this run notifies, since other runbooks left them: in one line,
// and of each after_change in a line of its own, since it leaves a host as before_change made it.
func unnotified(hosts []*plan.Host) []*diag.Error {
	var hooks, handlers pendingOn
	var on []string
	for _, h := range hosts {
		before := len(on)
		for _, o := range h.Orphaned {
			if o.Handler == unit.AfterChange {
				hooks.add(h.Host.Name, o)
				continue
			}
			handlers.add(h.Host.Name, o)
			on = append(on[:before], h.Host.Name)
		}
	}
	var warnings []*diag.Error
	for _, o := range hooks.order {
		warnings = append(warnings, (&diag.Error{
			Summary: fmt.Sprintf("%s of play %s stays pending on %s, left by %s, since %s: this run has no such play there",
				o.Handler, escape.Text(wording.PlayName(o.Play)), hooks.on(o), leftBy(o), wording.When(o.Since)),
		}).WithHint("%s does it there; froyo state handlers drop forgets it", runbookOf(o)))
	}
	if text := unnamed(handlers.order, on); text != "" {
		warnings = append(warnings, &diag.Error{Summary: text})
	}
	return warnings
}

// unnamed is the line about handlers that no unit notifies, "" where there are none.
func unnamed(handlers []plan.PendingHandler, hosts []string) string {
	switch len(handlers) {
	case 0:
		return ""
	case 1:
		o := handlers[0]
		return fmt.Sprintf("%s stays pending on %s, left by %s, since %s: no unit of this run notifies it, %s does; froyo state handlers drop forgets it",
			handlerOf(o), wording.On(hosts), leftBy(o), wording.When(o.Since), runbookOf(o))
	}
	var names []string
	for _, o := range handlers[:min(maxNamed, len(handlers))] {
		names = append(names, handlerOf(o))
	}
	if n := len(handlers) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return fmt.Sprintf("%d handlers stay pending on %s, left by %s, and no unit of this run notifies them: %s; froyo state handlers list shows them",
		len(handlers), wording.On(hosts), allLeftBy(handlers), strings.Join(names, ", "))
}

// leftBy names the run that left a handler pending: "an apply of site.star, run 20261125-2109".
func leftBy(o plan.PendingHandler) string {
	if o.Runbook == "" {
		return "run " + escape.Text(o.Run)
	}
	return "an apply of " + escape.Text(o.Runbook) + ", run " + escape.Text(o.Run)
}

// allLeftBy names the runbooks that left handlers pending, or their runs where one of those is not known.
func allLeftBy(handlers []plan.PendingHandler) string {
	var runs, runbooks []string
	for _, o := range handlers {
		runs, runbooks = append(runs, escape.Text(o.Run)), append(runbooks, escape.Text(o.Runbook))
	}
	slices.Sort(runbooks)
	if runbooks = slices.Compact(runbooks); runbooks[0] != "" {
		return "applies of " + strings.Join(runbooks, ", ")
	}
	slices.Sort(runs)
	return "runs " + strings.Join(slices.Compact(runs), ", ")
}

// runbookOf names the runbook that runs a handler.
func runbookOf(o plan.PendingHandler) string {
	if o.Runbook == "" {
		return "the runbook that declares it"
	}
	return escape.Text(o.Runbook)
}

func handlerOf(o plan.PendingHandler) string {
	return fmt.Sprintf("handler %q of play %s", o.Handler, escape.Text(wording.PlayName(o.Play)))
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
		notes = append(notes, fmt.Sprintf("%s has not run on %s; the next apply of this runbook runs it", handlerOf(o), d.on(o)))
	}
	return notes, errors.Join(errs...)
}
