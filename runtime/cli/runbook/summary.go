package runbook

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// noteRest says, of an apply that did not come to its end, what was done, what was not, and
// what to do about it.
func noteRest(l *client.Loaded, s *client.Session, code diag.Code, r *run.Result) {
	if code == diag.OK {
		return
	}
	changed, on, failed, skipped, unreachable := 0, 0, 0, 0, 0
	for _, c := range r.Counts {
		changed, failed, skipped = changed+c.Changed, failed+c.Failed, skipped+c.Skipped
		unreachable += c.Unreachable
		if c.Changed > 0 {
			on++
		}
	}
	text := fmt.Sprintf("%s changed on %s, %d failed", wording.Plural(changed, "unit"), wording.Plural(on, "host"), failed)
	text += restOf(skipped, r.Left)
	if r.Unknown > 0 {
		text += fmt.Sprintf("; outcome unknown of %s", wording.Plural(r.Unknown, "unit"))
	}
	if n := s.Run.Proposed().Unplanned(); n > 0 {
		text += fmt.Sprintf(", not counting %s that could not be planned", wording.Plural(n, "host"))
	}
	if unreachable > 0 {
		text += fmt.Sprintf("; %s unreachable", wording.Plural(unreachable, "host"))
	}
	s.Console().Errors.Note(text + "\n" + next(endingOf(l, s, code)))
}

// restOf says how many units were skipped, and how many of them would have acted.
func restOf(skipped, left int) string {
	switch {
	case skipped == 0 && left == 0:
		return ""
	case left == 0:
		return fmt.Sprintf(", %d skipped", skipped)
	case left >= skipped:
		return fmt.Sprintf(", %d left to do", left)
	}
	return fmt.Sprintf(", %d skipped, of which %d left to do", skipped, left)
}

// ending is how an apply ended, as far as that decides what is to be done next.
type ending struct {
	code diag.Code
	run  string
	// runbook is the argument that names it, with a blank before it; "" is that it is the default.
	runbook string
	acted   bool // there is something to resume
	saved   bool // a saved plan was carried out
	resumed bool
	changes bool // with --with-changes
	// undecided are the units that were refused since it is not known how they ended: "h1/cmd[x]".
	undecided []string
}

func endingOf(l *client.Loaded, s *client.Session, code diag.Code) ending {
	spec := &s.Run.Job().Spec
	return ending{
		code: code, run: s.Run.ID(), runbook: runbookArgument(filepath.Join(spec.Root, filepath.FromSlash(spec.Main))),
		acted: s.Run.Acted(), saved: spec.Saved != nil, resumed: spec.Resumed != nil, changes: l.WithChanges, undecided: undecided(s),
	}
}

// undecided are the interrupted units of a resumed run that were refused since it is not known how they ended.
func undecided(s *client.Session) (units []string) {
	for _, h := range s.Run.Proposed().Hosts {
		for _, step := range h.Steps() {
			if step.Err != nil && step.OutcomeUnknown() {
				units = append(units, step.Unit.ID.String())
			}
		}
	}
	return units
}

// runbookArgument names a runbook on the command line of the current directory.
func runbookArgument(file string) string {
	if here, err := filepath.Abs(client.DefaultRunbook); err == nil && here == file {
		return ""
	} else if rel, relErr := filepath.Rel(filepath.Dir(here), file); err == nil && relErr == nil && filepath.IsLocal(rel) {
		file = rel
	}
	return " " + wording.Quote(file)
}

// next is what to do about the rest. It is one way on, and never the command that has just failed.
func next(e ending) string {
	resume := "froyo resume " + e.run
	anew := "froyo plan" + e.runbook + " --out FILE"
	switch {
	case e.acted && len(e.undecided) > 0:
		text := "look at the host, then say what became of it: " + resume + " --interrupted skip (it did its work), or --interrupted rerun"
		if len(e.undecided) > 1 {
			text += "; for one alone: --interrupted " + wording.Quote(e.undecided[0]+"=skip")
		}
		return text
	case e.acted && e.code == diag.Interrupted: // it has not failed
		return "to continue: " + resume
	case e.saved && (e.resumed || !e.acted):
		return "fix the cause, then make a new plan: " + anew
	case e.saved:
		return "fix the cause, then: " + resume + " (for hosts that no longer fit the plan, make a new one: " + anew + ")"
	case e.changes:
		return "fix the cause, then plan anew what is left: froyo plan" + e.runbook
	case e.resumed:
		return "fix the cause, then: " + resume + " --with-changes (takes the runbook as it is now)"
	case e.acted:
		return "fix the cause, then: " + resume + " (for a changed runbook: with --with-changes)"
	}
	return "fix the cause; nothing has begun that could be resumed, and froyo plan" + e.runbook + " shows what is to be done"
}

// notePending says which handlers have not run on the hosts that were not finished.
func notePending(ctx context.Context, s *client.Session, counts []apply.Count) error {
	notes, err := s.Run.Pending(ctx, counts)
	for _, n := range notes {
		s.Console().Errors.Note(n)
	}
	return err
}
