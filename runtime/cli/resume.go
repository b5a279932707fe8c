package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runtime/ui"
)

type resumeCommand struct {
	Name        string `arg:"" name:"run" optional:"" help:"ID of a run, or the beginning of one; the last that was interrupted where left out."`
	Interrupted string `enum:"runbook,fail,skip,rerun" default:"runbook" placeholder:"fail|skip|rerun" help:"What becomes of commands without a guard that were interrupted, whatever their on_resume says."`
	loginFlags
	outputFlags
	JUnit string        `name:"junit" placeholder:"FILE" type:"path" complete:"files:xml" help:"Write a JUnit report to FILE at the end: a suite for each host, a case for each unit."`
	Yes   bool          `short:"y" name:"auto-approve" help:"Do not ask."`
	Step  bool          `help:"Ask before each unit that acts, one host at a time."`
	Diff  bool          `short:"D" negatable:"" default:"true" help:"Show what changes in files."`
	Wait  time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"Wait so long for a host that another run is changing, such as 30s."`
}

// Help gives the command's example.
func (*resumeCommand) Help() string {
	return `Goes on with an apply that was interrupted, killed, or failed: with the runbook, variables and hosts that it had then.
Units that are done are not done again. A command without a guard that was under way is not run again unasked.

Examples:
  froyo resume                               the last run that was interrupted
  froyo resume 20261125-2109 -y
  froyo resume --interrupted rerun           commands that were under way run again`
}

// Run goes on with a run.
func (c *resumeCommand) Run(ctx context.Context, e *env) error {
	apply := &applyCommand{
		JUnit: c.JUnit, Yes: c.Yes, Step: c.Step, Diff: c.Diff, Wait: c.Wait, Stale: "skip",
		runFlags: runFlags{targetFlags: targetFlags{loginFlags: c.loginFlags}, outputFlags: c.outputFlags},
	}
	if err := apply.check(e); err != nil {
		return err
	}
	run, err := e.unfinished(ctx, c.Name)
	if err != nil || run == nil {
		return err
	}
	if c.JSON && !c.Yes {
		return (&diag.Error{Summary: "with --json the plan is not shown, so there is nothing to say yes to"}).WithHint("give -y")
	}
	if !c.Yes && !c.Step && !isTerminal(e.Stdin) {
		return (&diag.Error{Summary: "resume asks before it changes anything, and there is no terminal to ask on"}).WithHint("give -y")
	}
	j, saved, err := e.resumedJob(ctx, run)
	if err != nil {
		return err
	}
	if c.Interrupted != "runbook" {
		j.onResume = unit.OnResume(c.Interrupted)
	}
	return j.apply(ctx, apply, saved)
}

// tellDone says how far the run had come that is gone on with.
func (r *run) tellDone() {
	done, open := 0, 0
	for _, h := range r.planned {
		for _, s := range h.Steps() {
			if s.Done {
				done++
			}
			if !s.Interrupted.IsZero() {
				open++
			}
		}
	}
	r.env.errors.Note(fmt.Sprintf("going on with run %s of %s: %s done, %s under way when it ended",
		r.resumed.ID, ui.When(r.resumed.Started), count(done, "unit"), count(open, "unit")))
}

// resumedJob loads what a run goes by. The document is nil unless it was a
// saved plan that was carried out, which binds the rest of it, too.
func (e *env) resumedJob(ctx context.Context, run *state.Run) (*job, *plan.Document, error) {
	store, _, err := e.openHistory(ctx)
	if err != nil {
		return nil, nil, err
	}
	data, err := store.PlanOf(ctx, run.ID)
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, nil, err
	}
	kept, err := plan.Recall(data)
	if err != nil {
		return nil, nil, fmt.Errorf("the plan of run %s: %w", run.ID, err)
	}
	j, err := e.jobOf(kept, "the plan of run "+run.ID)
	if err != nil {
		return nil, nil, err
	}
	j.resumed, j.reviewed = run, run.Plan
	if run.Plan == "" {
		kept = nil
	}
	return j, kept, j.load(ctx)
}

// unfinished finds the run to go on with. nil is that there is none, which it has told.
func (e *env) unfinished(ctx context.Context, name string) (_ *state.Run, err error) {
	store, workspace, err := e.openHistory(ctx)
	if err != nil {
		return nil, err
	}
	if store == nil {
		e.errors.Note("nothing to resume: nothing was ever applied here")
		return nil, nil
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := settleDead(ctx, store, workspace, time.Now()); err != nil {
		return nil, err
	}
	all, err := store.Runs(ctx, workspace, -1)
	if err != nil {
		return nil, err
	}
	if name != "" {
		return e.resumable(all, name)
	}
	var failed *state.Run
	for i := range all { // the youngest first
		r := &all[i]
		switch {
		case !r.Resumable || !isApply(r):
		case r.Status == state.Interrupted:
			e.warnLater(all[:i], r)
			return r, nil
		case r.Status == state.Failed && failed == nil:
			failed = r
		}
	}
	if failed != nil {
		e.errors.Note(fmt.Sprintf("nothing to resume: no run was interrupted\nrun %s failed; to try again what failed and do the rest: froyo resume %s", failed.ID, failed.ID))
		return nil, nil
	}
	e.errors.Note("nothing to resume: no run was interrupted")
	return nil, nil
}

// resumable finds the run that is named.
func (e *env) resumable(all []state.Run, name string) (*state.Run, error) {
	run, err := findRun(all, name)
	switch {
	case err != nil:
		return nil, err
	case !isApply(&run):
		return nil, &diag.Error{Summary: fmt.Sprintf("run %s is of froyo %s, which changes nothing: there is nothing to go on with", run.ID, run.Command)}
	case run.Status == state.Running:
		return nil, state.UnderWay(run.ID, run.PID)
	case run.Resumable:
		for i := range all {
			if all[i].ID == run.ID {
				e.warnLater(all[:i], &run)
			}
		}
		return &run, nil
	}
	why := "it came to its end"
	switch run.Status {
	case state.NeverStarted:
		why = "it was broken off before it had changed anything; apply again"
	case state.Failed, state.Interrupted:
		why = "it had not changed anything, or is too long ago; apply again"
	}
	e.errors.Note(fmt.Sprintf("nothing to resume of run %s: %s", run.ID, why))
	return nil, nil
}

func isApply(r *state.Run) bool { return r.Command == "apply" }

// warnLater says that runs after the one that is gone on with have changed things.
func (e *env) warnLater(later []state.Run, run *state.Run) {
	n := 0
	for i := range later {
		if isApply(&later[i]) && later[i].Status != state.NeverStarted {
			n++
		}
	}
	if n > 0 {
		e.errors.Warnings([]*diag.Error{(&diag.Error{
			Summary: fmt.Sprintf("%s came after run %s, which is now gone on with as it was then", count(n, "apply run"), run.ID),
		}).WithHint("froyo runs list shows them; look at the plan before you say yes")})
	}
}
