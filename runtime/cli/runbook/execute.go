package runbook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/answers"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
)

// execution is one apply, of a runbook, of a saved plan, or of a run that is resumed.
type execution struct {
	flags        *flags.Planning
	resumed      *resumption // nil where no run is resumed
	junit        string
	yes          bool
	step         bool // ask before each unit
	noPause      bool // ask at no pause
	diff         bool // show what changes in files
	wait         time.Duration
	again        bool          // a saved plan may have been applied before
	part         bool          // others are carried out with it, and what is left to do is said for all of them
	window       time.Duration // of guards; 0 is as usual
	unguarded    bool
	proven       bool   // the runbook itself proves that it locks nobody out
	allOrNothing string // the flag by which one host that cannot be done as planned stops all, else ""
}

// run plans, asks and applies; of a saved plan, only what it holds.
func (x execution) run(ctx context.Context, l *client.Loaded) (err error) {
	c := l.Console
	var printed *answers.Answers
	if !x.flags.Live && !x.flags.JSON && !x.flags.Quiet { // what is shown as it is printed is not shown again
		printed = answers.Of(l)
	}
	s, err := l.Begin(ctx, "apply", x.flags, client.Options{
		Sinks: printed.Sinks(), Lines: x.flags.JSON, JUnit: x.junit, Wait: x.wait, Again: x.again, GuardWindow: x.window, Unguarded: x.unguarded, Ask: !x.yes && !x.flags.JSON && c.Interactive(),
	})
	if err != nil {
		return err
	}
	code := diag.OK
	var counts []apply.Count
	defer func() {
		if counts == nil { // it came to nothing
			code = codeWith(code, err)
		}
		err = endWith(code, errors.Join(err, s.WriteJUnit(), s.Close(ctx, code, counts)))
	}()
	if err := s.Plan(ctx); err != nil {
		return err
	}
	l.NoteTargets()
	if x.unguarded && !x.proven {
		noteUnguarded(l, s)
	}
	if l.Job.Spec.Resumed != nil {
		noteResumed(l, s)
	}
	if x.allOrNothing != "" {
		if none := s.Run.Proposed().AllOrNothing(x.allOrNothing); none != nil {
			if code = diag.CodeOf(none); x.allOrNothing == staleFailAll {
				code = diag.Stale
			}
			counts = s.Run.Proposed().RefusedCounts()
			return conclude(s, counts, none)
		}
	}
	if err := x.approve(ctx, s); err != nil {
		return err
	}
	code, counts, err = x.carry(ctx, l, s, printed)
	return err
}

// carry applies the approved plan, and tells how that ended.
func (x execution) carry(ctx context.Context, l *client.Loaded, s *client.Session, printed *answers.Answers) (code diag.Code, counts []apply.Count, err error) {
	result, err := s.Apply(ctx, x.step, !x.noPause)
	if err != nil {
		return diag.OK, nil, err
	}
	counts = result.Counts
	s.Run.Leave(ctx)
	if err := printed.Show(l.Console); err != nil {
		return diag.OK, counts, err
	}
	found := errors.Join(s.Run.Refused(), result.Err)
	code = diag.CodeOf(found)
	err = errors.Join(conclude(s, counts, found), notePending(ctx, s, counts))
	noteRest(l, s, code, result, x.part)
	return code, counts, err
}

// show shows the plan, unless it cannot be applied.
func (x execution) show(s *client.Session) error {
	if err := s.Run.Proposed().Applicable(); err != nil {
		return err
	}
	if err := x.unaskedPause(s); err != nil {
		return err
	}
	if !x.flags.JSON {
		if err := s.Print(!x.diff); err != nil {
			return err
		}
	}
	s.Warn()
	return nil
}

// approve shows the plan, asks whether to apply it, and approves it.
func (x execution) approve(ctx context.Context, s *client.Session) error {
	if err := x.show(s); err != nil {
		return err
	}
	c, job := s.Console(), s.Run.Job()
	sum := plan.Summarize(s.Run.Proposed().Hosts)
	reviewed := job.Spec.Saved != nil && job.Spec.Resumed == nil
	ask := !x.yes && !x.step && !reviewed && sum.Pending()+sum.Unknown+sum.Errors+len(s.Run.Planned().Generated()) > 0
	if s.Run.Proposed().Errors() != nil && s.Run.Proposed().Changing() == 0 {
		ask = false // no host is begun
	}
	if ask && x.resumed != nil {
		settled, err := x.resumed.settle(s)
		if err != nil {
			return err
		}
		ask = !settled
	}
	if ask {
		c.Errors.Brief(s.Run.Proposed().HostErrors()) // those of units are in the plan, and the end tells all in full
		question := fmt.Sprintf("Make these changes on %d of %s?", s.Run.Proposed().Changing(), wording.Plural(len(s.Run.Proposed().Hosts), "host"))
		if err := c.Approve(ctx, question, "changed"); err != nil {
			return err
		}
	}
	return approved(ctx, s)
}

// approved approves the plan in the name of whoever is here.
func approved(ctx context.Context, s *client.Session) error {
	return s.Run.Approve(ctx, run.Approval{By: worker.Here().Owner(), Time: time.Now()})
}

// unaskedPause refuses a plan with a pause where nobody could be asked.
func (x execution) unaskedPause(s *client.Session) error {
	if x.noPause || !x.flags.JSON && s.Console().Interactive() {
		return nil
	}
	asked := plan.Pauses(s.Run.Proposed().Hosts)
	for _, h := range s.Run.Proposed().Hosts {
		for play := range s.Run.Job().Plays() {
			if pauses := asked[h.Host.Name][play]; len(pauses) > 0 {
				return unasked(pauses[0], x.flags.JSON)
			}
		}
	}
	return nil
}

func unasked(pause unit.Barrier, lines bool) error {
	why := "there is no terminal to ask on"
	if lines {
		why = "--json does not ask"
	}
	return (&diag.Error{Summary: fmt.Sprintf("the plan has the pause %q, and %s; nothing was changed", pause.Name, why), Pos: pause.Pos}).
		WithHint("--no-pause continues without asking; or run it on a terminal, without --json")
}

// conclude prints the recap, and below it, where they are seen first, what went wrong.
func conclude(s *client.Session, counts []apply.Count, found error) error {
	err := s.Recap(counts)
	s.Console().Errors.Print(found)
	return err
}

// noteUnguarded warns that what could lock froyo out is applied without guard.
func noteUnguarded(l *client.Loaded, s *client.Session) {
	units := 0
	for _, h := range s.Run.Proposed().Hosts {
		for _, step := range h.Steps() {
			if step.Acts() && step.Unit.Order.Lockout != (unit.Lockout{}) {
				units++
			}
		}
	}
	if units > 0 {
		l.Console.Errors.Warnings([]*diag.Error{{Summary: "--no-guard: " + wording.Plural(units, "unit") + " could lock froyo out, and nothing puts back what was there"}})
	}
}
