package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runtime/ui"
)

type applyCommand struct {
	runFlags
	Plan  string `placeholder:"FILE" type:"existingfile" help:"Do exactly this saved plan; a host that changed since is refused."`
	Yes   bool   `short:"y" name:"auto-approve" help:"Do not ask."`
	Check bool   `short:"C" help:"Only show what would change, as froyo plan does."`
	Diff  bool   `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
}

// Help gives the command's example.
func (*applyCommand) Help() string {
	return `Examples:
  froyo apply                                plan site.star, show, ask, change
  froyo apply web.star -i hosts.ini -b -K -y
  froyo apply --plan plan.json`
}

// Run plans, asks and applies.
func (c *applyCommand) Run(ctx context.Context, e *env) error {
	if c.Check && c.Plan != "" {
		return (&diag.Error{Summary: "-C and --plan exclude each other"}).WithHint("a saved plan is shown by reading it")
	}
	j, saved, err := c.job(ctx, e)
	if err != nil {
		return err
	}
	if c.Check {
		return j.planOnly(ctx, &planCommand{runFlags: c.runFlags, Diff: c.Diff})
	}
	if !c.Yes && saved == nil && !isTerminal(e.Stdin) {
		return (&diag.Error{Summary: "apply asks before it changes anything, and there is no terminal to ask on"}).
			WithHint("give -y, or save a plan, review it, and apply it: froyo plan --out plan.json; froyo apply --plan plan.json")
	}
	return j.apply(ctx, c, saved)
}

// job loads what is to be applied: a runbook, or a saved plan.
func (c *applyCommand) job(ctx context.Context, e *env) (*job, *plan.Document, error) {
	if c.Plan == "" {
		j, err := newJob(ctx, e, &c.runFlags)
		return j, nil, err
	}
	return savedJob(ctx, e, c)
}

// apply plans, asks and applies; of a saved plan, only what it holds.
func (j *job) apply(ctx context.Context, c *applyCommand, saved *plan.Document) (err error) {
	lines := j.env.jsonLines(c.JSON)
	r, err := j.start(ctx, "apply", &c.runFlags, lines)
	if err != nil {
		return err
	}
	code := diag.OK
	var counts []apply.Count
	defer func() { err = endWith(code, errors.Join(err, r.close(ctx, code, counts))) }()
	progress := j.env.progress("planning", len(j.selection.hosts))
	r.plan(ctx, progress)
	progress.Close()
	if err := ctx.Err(); err != nil {
		code = diag.Interrupted
		return err
	}
	var refused error
	if saved != nil {
		if refused, err = r.refuseStale(saved); err != nil {
			return err
		}
	}
	goOn, err := r.approve(ctx, c, saved != nil)
	if err != nil || !goOn {
		return err
	}
	counts, failures, err := r.applyPlanned(ctx, lines)
	if err != nil {
		return err
	}
	found := errors.Join(refused, failures)
	j.env.errors.Print(found)
	code = diag.CodeOf(found)
	if ctx.Err() != nil {
		code = diag.Interrupted
	}
	if lines != nil {
		return lines.Recap(counts)
	}
	return ui.Recap(j.env.Stdout, ui.Style{Color: j.env.color(j.env.Stdout)}, counts)
}

// approve shows the plan and asks whether to go on. A runbook that is wrong for
// any host changes none.
func (r *run) approve(ctx context.Context, c *applyCommand, isSaved bool) (bool, error) {
	for _, h := range r.planned {
		if h.Err != nil && diag.CodeOf(hostError(h.Host.Name, h.Err)) == diag.Usage {
			return false, r.planErrors()
		}
	}
	if !c.JSON {
		if err := r.show(!c.Diff); err != nil {
			return false, err
		}
	}
	r.env.errors.Warnings(r.warnings())
	pending := plan.Summarize(r.planned).Pending()
	if c.Yes || isSaved || pending == 0 {
		return true, nil
	}
	r.env.errors.Print(r.planErrors())
	hosts := 0
	for _, h := range r.planned {
		if h.Err == nil {
			hosts++
		}
	}
	yes, err := r.env.confirm(ctx, fmt.Sprintf("Make these changes on %d of %d hosts?", hosts, len(r.planned)))
	if err == nil && !yes {
		fmt.Fprintln(r.env.Stderr, "Nothing was changed.")
	}
	return yes, err
}

// applyPlanned carries the plans out and collects what failed.
func (r *run) applyPlanned(ctx context.Context, lines *ui.JSONLines) ([]apply.Count, error, error) {
	if err := r.record.savePlan(ctx, r.planned, r.selection.names); err != nil {
		return nil, nil, err
	}
	progress := r.env.progress("applying", len(r.selection.hosts))
	var failures failures
	for _, h := range r.planned {
		if h.Err != nil {
			failures.add(hostError(h.Host.Name, h.Err))
		}
	}
	sinks := append(event.Tee{progress, &failures}, r.sinks...)
	r.emitPrints(sinks)
	executor := &apply.Executor{
		Provider: r.packages.provider, Complete: r.complete, Record: r.record.change,
		Contents: r.contents, Events: sinks, Forks: r.forks,
	}
	counts := executor.Apply(ctx, r.selection.names, r.planned)
	progress.Close()
	return counts, errors.Join(failures.errs...), nil
}

// refuseStale takes the hosts that differ from the saved plan out of the run
// and says why.
func (r *run) refuseStale(saved *plan.Document) (error, error) {
	now, err := r.document()
	if err != nil {
		return nil, err
	}
	var refused []error
	for _, h := range r.planned {
		was, ok := saved.Host(h.Host.Name)
		is, planned := now.Host(h.Host.Name)
		if !ok || !planned || h.Err != nil {
			continue
		}
		if stale := plan.Stale(was, is); stale != nil {
			h.Err = stale
			refused = append(refused, stale)
		}
	}
	return errors.Join(slices.Clone(refused)...), nil
}
