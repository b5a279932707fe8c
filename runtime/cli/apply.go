package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runtime/ui"
)

type applyCommand struct {
	runFlags
	listFlags
	Plan  string        `placeholder:"FILE" type:"existingfile" complete:"files:json" help:"Do exactly this saved plan; a host that changed since is refused."`
	Stale string        `enum:"skip,fail-all" default:"skip" placeholder:"skip|fail-all" help:"With --plan, where a host is no longer as planned: skip it, or do nothing on any host."`
	JUnit string        `name:"junit" placeholder:"FILE" type:"path" complete:"files:xml" help:"Write a JUnit report to FILE at the end: a suite for each host, a case for each unit."`
	Yes   bool          `short:"y" name:"auto-approve" help:"Do not ask."`
	Step  bool          `help:"Ask before each unit that acts, one host at a time."`
	Check bool          `short:"C" help:"Only show what would change, as froyo plan does."`
	Diff  bool          `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	Wait  time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait so long for a host that another run is changing, such as 30s."`
}

// Help gives the command's example.
func (*applyCommand) Help() string {
	return `Examples:
  froyo apply                                plan site.star, show, ask, change
  froyo apply web.star -i hosts.ini -b -K -y
  froyo apply -l web1 --step                 ask before each unit that acts
  froyo apply --plan plan.json
  froyo apply --plan plan.json --stale fail-all   all hosts or none`
}

// check refuses flags that contradict each other or cannot be.
func (c *applyCommand) check(e *env) error {
	if err := c.reportConflicts(); err != nil {
		return err
	}
	if c.Wait < 0 {
		return diag.Errorf(diag.Pos{}, "--lock-timeout %s: it cannot be negative", c.Wait)
	}
	if c.Check && c.Plan != "" {
		return (&diag.Error{Summary: "-C and --plan exclude each other"}).WithHint("froyo show %s prints the plan", c.Plan)
	}
	if c.Stale == failAll && c.Plan == "" {
		return (&diag.Error{Summary: "--stale speaks of a saved plan, and none is given"}).WithHint("froyo apply --plan FILE --stale %s", failAll)
	}
	return c.stepConflicts(e)
}

// Run plans, asks and applies.
func (c *applyCommand) Run(ctx context.Context, e *env) error {
	if err := c.check(e); err != nil {
		return err
	}
	j, saved, err := c.job(ctx, e)
	if err != nil {
		return err
	}
	if c.lists() {
		return j.list(ctx, &c.listFlags, c.JSON)
	}
	if c.Check {
		return j.planOnly(ctx, &planCommand{runFlags: c.runFlags, Diff: c.Diff})
	}
	if c.JSON && !c.Yes && saved == nil {
		return (&diag.Error{Summary: "with --json the plan is not shown, so there is nothing to say yes to"}).
			WithHint("give -y, or save a plan, review it, and apply it: froyo plan --out plan.json; froyo apply --plan plan.json --json")
	}
	if !c.Yes && !c.Step && saved == nil && !isTerminal(e.Stdin) {
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
	if c.JUnit != "" {
		r.junit = ui.NewJUnit()
		r.sinks = append(r.sinks, r.junit)
	}
	r.record.plan = r.keep(saved)
	code := diag.OK
	var counts []apply.Count
	defer func() {
		if counts == nil { // it came to nothing
			code = codeWith(code, err)
		}
		err = endWith(code, errors.Join(err, r.writeJUnit(c.JUnit), r.close(ctx, code, counts)))
	}()
	progress := j.env.progress("planning", j.selection.hosts)
	r.plan(ctx, progress)
	progress.Close()
	if err := ctx.Err(); err != nil {
		code = diag.Interrupted
		return err
	}
	if err := r.checkTargets(); err != nil {
		code = diag.Usage
		return err
	}
	if j.resumed != nil {
		r.tellDone()
	}
	if err := r.record.savePlan(ctx, r.planned, r.selection.names); err != nil {
		return err
	}
	var refused error
	if saved != nil {
		if refused, err = r.refuseStale(saved); err != nil {
			return err
		}
		if none := r.stopAll(c.Stale); none != nil {
			code = diag.Stale
			counts = r.refusedCounts()
			return r.conclude(lines, counts, none)
		}
	}
	goOn, err := r.approve(ctx, c, saved != nil && j.resumed == nil)
	if err != nil || !goOn {
		return err
	}
	var failures error
	var told tally
	counts, told, failures = r.applyPlanned(ctx, c, saved != nil)
	r.leave(ctx)
	found := errors.Join(refused, failures)
	code = diag.CodeOf(found)
	err = errors.Join(r.conclude(lines, counts, found), r.tellOwed(ctx, counts))
	r.tellRest(code, counts, told)
	return err
}

// keep gives what a run that dies can be gone on with: the saved plan that it
// carries out, or what it was planned from.
func (r *run) keep(saved *plan.Document) func() ([]byte, error) {
	d := saved
	if d == nil {
		d = r.origin()
	}
	return func() ([]byte, error) { return json.Marshal(d) }
}

// conclude prints the recap, and below it, where they are seen first, what went wrong.
func (r *run) conclude(lines *ui.JSONLines, counts []apply.Count, found error) error {
	var err error
	if lines != nil {
		err = lines.Recap(counts)
	} else {
		err = ui.Recap(r.env.Stdout, ui.Style{Color: r.env.color(r.env.Stdout)}, counts)
	}
	if r.into != nil {
		err = errors.Join(err, r.into.Recap(counts))
	}
	r.env.errors.Print(found)
	return err
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
	s := plan.Summarize(r.planned)
	if c.Yes || c.Step || isSaved || s.Pending()+s.Unknown+s.Errors == 0 {
		return true, nil
	}
	r.env.errors.Brief(r.planErrors()) // the end tells them in full
	yes, err := r.env.confirm(ctx, fmt.Sprintf("Make these changes on %d of %d hosts?", r.changing(), len(r.planned)))
	if err == nil && !yes || errors.Is(err, io.EOF) {
		err = &diag.Error{Summary: "not approved; nothing was changed"}
	}
	return yes, err
}

// changing counts the hosts that have something to do.
func (r *run) changing() int {
	n := 0
	for _, h := range r.planned {
		acts := false
		for _, s := range h.Steps() {
			acts = acts || s.Acts() || s.Err != nil
		}
		if acts && h.Err == nil {
			n++
		}
	}
	return n
}

// applyPlanned carries the plans out and collects what failed.
func (r *run) applyPlanned(ctx context.Context, c *applyCommand, exact bool) ([]apply.Count, tally, error) {
	progress := r.env.progress("applying", r.selection.hosts)
	var failures failures
	for _, h := range r.planned {
		if h.Err != nil {
			failures.add(hostError(h.Host.Name, h.Err))
		}
	}
	sinks := append(event.Tee{progress, &failures}, r.sinks...)
	r.listen(sinks)
	executor := &apply.Executor{
		Provider: r.packages.provider, Complete: r.complete, Record: r.record.change, Ledger: r.record, Protector: r.record,
		Contents: r.contents, Events: sinks, Exact: exact, Forks: r.forks, Run: r.record.id,
	}
	leases := r.leases(c.Wait)
	executor.Lease = leases.take
	shares := r.shares()
	executor.Shares = shares
	steps := &stepper{run: r, progress: progress}
	if c.Step {
		executor.Forks, executor.Confirm = 1, steps.confirm // at its question an interrupt ends the run
	} else {
		stop, end := r.env.interrupts.softly(func() {
			progress.Note("interrupted: what is under way ends, nothing more begins; once more ends that, too")
		})
		defer end()
		executor.Stop, leases.stop = stop, stop
	}
	counts := executor.Apply(ctx, r.plays(), r.planned)
	progress.Close()
	failures.errs = append(failures.errs, steps.stopped, leases.close(ctx))
	failures.errs = append(failures.errs, shares.close(ctx, errors.Join(failures.errs...) == nil))
	if ctx.Err() != nil || isClosed(executor.Stop) {
		failures.errs = append(failures.errs, &diag.Error{Code: diag.Interrupted, Summary: "interrupted"})
	}
	return counts, failures.tally, errors.Join(failures.errs...)
}

// plays are the runbook's plays as they are to be carried out.
func (r *run) plays() []apply.Play {
	var plays []apply.Play
	for i, p := range r.program.Plays() {
		plays = append(plays, apply.Play{Name: p.Name, Hosts: r.selection.byPlay[i], Batch: p.Batch, MaxFail: p.MaxFail})
	}
	return plays
}
