package runbook

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/ui"
)

// noteRest says, of an apply that did not come to its end, what was done, what was not, and
// the command that resumes it.
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
	text := fmt.Sprintf("%s changed on %s, %d failed, %d skipped, %d of them left to do",
		wording.Plural(changed, "unit"), wording.Plural(on, "host"), failed, skipped, r.Left)
	if r.Unknown > 0 {
		text += fmt.Sprintf("; outcome unknown of %s", wording.Plural(r.Unknown, "unit"))
	}
	if n := s.Run.Proposed().Unplanned(); n > 0 {
		text += fmt.Sprintf(", not counting %s that could not be planned", wording.Plural(n, "host"))
	}
	if unreachable > 0 {
		text += fmt.Sprintf("; %s unreachable", wording.Plural(unreachable, "host"))
	}
	s.Console().Errors.Note(text + "\n" + next(l, s, r.Unknown+undecided(s)))
}

// undecided counts the interrupted units of a resumed run that were refused since it is not known how they ended.
func undecided(s *client.Session) int {
	n := 0
	for _, h := range s.Run.Proposed().Hosts {
		for _, step := range h.Steps() {
			if step.Err != nil && step.OutcomeUnknown() {
				n++
			}
		}
	}
	return n
}

// next is what to do about the rest: never what has just failed, as it was.
func next(l *client.Loaded, s *client.Session, unknown int) string {
	spec := &s.Run.Job().Spec
	resume := "froyo resume " + s.Run.ID()
	switch {
	case s.Run.Acted() && unknown > 0:
		return "look at the host, then say what became of it: " + resume + " --interrupted skip (it did its work), or rerun"
	case spec.Resumed != nil && spec.Saved != nil, spec.Saved != nil && !s.Run.Acted():
		return "fix the cause, then make a new plan: froyo plan --out FILE"
	case s.Run.Acted() && spec.Saved != nil:
		return "fix the cause, then: " + resume + " (for hosts that no longer fit the plan, make a new one: froyo plan --out FILE)"
	case l.WithChanges:
		return "fix the cause, then plan anew what is left: froyo plan " + ui.Readable(spec.Main)
	case spec.Resumed != nil:
		return "fix the cause, then: " + resume + " --with-changes (takes the runbook as it is now)"
	case s.Run.Acted():
		return "fix the cause, then: " + resume + " (for a changed runbook: with --with-changes)"
	}
	return "fix the cause; nothing has begun that could be resumed, and froyo plan shows what is to be done"
}

// notePending says which handlers have not run on the hosts that were not finished.
func notePending(ctx context.Context, s *client.Session, counts []apply.Count) error {
	notes, err := s.Run.Pending(ctx, counts)
	for _, n := range notes {
		s.Console().Errors.Note(n)
	}
	return err
}
