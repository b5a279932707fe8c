package runbook

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// noteRest says, of an apply that did not come to its end, what was done, what was not, and
// what to do about it, unless it is a part of more.
func noteRest(l *client.Loaded, s *client.Session, code diag.Code, r *run.Result, part bool) {
	if code == diag.OK {
		return
	}
	sums := summed(s.Run.Proposed().Hosts, r)
	if part {
		s.Console().Errors.Note(sums.String())
		return
	}
	s.Console().Errors.Note(sums.String() + "\n" + next(endingOf(l, s, code)))
}

// sums is what became of all hosts together.
type sums struct {
	changed, on, failed, skipped, left, unknown int
	unreachable                                 int // from some point on
	// Hosts that were not begun, none of which counts among the others.
	unreached, stale, unplanned int
}

// summed adds up what became of hosts. One that was not begun is told by why, and not as a unit that failed.
func summed(hosts []*plan.Host, r *run.Result) sums {
	s := sums{unknown: r.Unknown}
	refused := map[string]error{}
	for _, h := range hosts {
		refused[h.Host.Name] = h.Err
	}
	for _, c := range r.Counts {
		switch err := refused[c.Host]; {
		case err == nil:
			s.changed, s.failed, s.skipped, s.unreachable = s.changed+c.Changed, s.failed+c.Failed, s.skipped+c.Skipped, s.unreachable+c.Unreachable
			s.left += r.Left[c.Host]
			if c.Changed > 0 {
				s.on++
			}
		case c.Unreachable > 0:
			s.unreached++
		case diag.CodeOf(err) == diag.Stale:
			s.stale++
		default:
			s.unplanned++
		}
	}
	return s
}

func (s sums) String() string {
	text := "nothing changed"
	if s.changed > 0 {
		text = wording.Plural(s.changed, "unit") + " changed on " + wording.Plural(s.on, "host")
	}
	if s.failed > 0 {
		text += fmt.Sprintf(", %d failed", s.failed)
	}
	text += restOf(s.skipped, s.left)
	if s.unknown > 0 {
		text += "; outcome unknown of " + wording.Plural(s.unknown, "unit")
	}
	if s.unreachable > 0 {
		text += "; " + wording.Plural(s.unreachable, "host") + " unreachable"
	}
	var apart []string
	for _, of := range []struct {
		n            int
		one, several string
	}{
		{s.unreached, "that could not be reached", "that could not be reached"},
		{s.stale, "that is no longer as planned", "that are no longer as planned"},
		{s.unplanned, "that could not be planned", "that could not be planned"},
	} {
		switch of.n {
		case 0:
		case 1:
			apart = append(apart, "1 host "+of.one)
		default:
			apart = append(apart, fmt.Sprintf("%d hosts %s", of.n, of.several))
		}
	}
	if len(apart) > 0 {
		text += "; not counting " + strings.Join(apart, " and ")
	}
	return text
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
	// runbook is the arguments that name it and the inventory, with a blank before each; "" is that it is the default.
	runbook string
	again   string // the command that plans it anew where that is not froyo plan
	entry   string // what was typed at a prompt, which cannot be resumed; "" for a runbook
	acted   bool   // there is something to resume
	saved   bool   // a saved plan was carried out
	resumed bool
	changes bool // with --with-changes
	// undecided are the units that were refused since it is not known how they ended: "h1/cmd[x]".
	undecided []string
}

func endingOf(l *client.Loaded, s *client.Session, code diag.Code) ending {
	spec := &s.Run.Job().Spec
	return ending{
		code: code, run: s.Run.ID(), runbook: cmp.Or(l.Subject, runbookArgument(filepath.Join(spec.Root, filepath.FromSlash(spec.Main)))),
		again: l.Again(), entry: l.Entry, acted: s.Run.Acted(), saved: spec.Saved != nil, resumed: spec.Resumed != nil, changes: l.WithChanges, undecided: undecided(s),
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
	if file = fromHere(file); file == client.DefaultRunbook {
		return ""
	}
	return " " + wording.Quote(file)
}

// fromHere names a file as seen from the current directory where it is in it.
func fromHere(file string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// next is what to do about the rest. It is one way on, and never the command that has just failed.
func next(e ending) string {
	resume := "froyo resume " + e.run
	plan := cmp.Or(e.again, "froyo plan"+e.runbook)
	anew := plan + " --out FILE"
	switch {
	case e.entry != "" && e.code == diag.Interrupted:
		return "to continue: " + e.entry
	case e.entry != "":
		return "fix the cause, then: " + e.entry
	case e.acted && len(e.undecided) > 0:
		text := "look at the host, then say what became of it: " + resume + " --interrupted skip (it did its work), or --interrupted rerun"
		if len(e.undecided) > 1 {
			text += "; for one alone: --interrupted " + wording.Quote(e.undecided[0]+"=skip")
		}
		return text
	case e.acted && e.code == diag.Interrupted: // it has not failed
		return "to continue: " + resume
	case e.saved && e.code == diag.Stale: // what has changed since is no fault, and resume takes the same plan
		return "make a new plan of what is left, and review it: " + anew
	case e.saved && (e.resumed || !e.acted):
		return "fix the cause, then make a new plan: " + anew
	case e.saved:
		return "fix the cause, then: " + resume + " (for hosts that no longer fit the plan, make a new one: " + anew + ")"
	case e.changes || e.resumed && e.again != "" && e.code != diag.Unreachable:
		return "fix the cause, then plan anew what is left: " + plan
	case e.resumed && e.code != diag.Unreachable: // for which another runbook is no cure
		return "fix the cause, then: " + resume + " --with-changes (takes the runbook as it is now)"
	case e.acted && e.again != "":
		return "fix the cause, then: " + resume
	case e.acted:
		return "fix the cause, then: " + resume + " (for a changed runbook: with --with-changes)"
	}
	return "fix the cause; nothing has begun that could be resumed, and " + plan + " shows what is to be done"
}

// notePending says which handlers have not run on the hosts that were not finished.
func notePending(ctx context.Context, s *client.Session, counts []apply.Count) error {
	notes, err := s.Run.Pending(ctx, counts)
	for _, n := range notes {
		s.Console().Errors.Note(n)
	}
	return err
}
