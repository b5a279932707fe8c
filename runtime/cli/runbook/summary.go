package runbook

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// noteRest says, of an apply that did not come to its end, what was done, what was not, and
// the command that resumes it.
func noteRest(s *client.Session, code diag.Code, r *run.Result) {
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
		text += fmt.Sprintf("; %s could not be reached or was lost", wording.Plural(unreachable, "host"))
	}
	s.Console().Errors.Note(text + "\n" + next(s))
}

// next is what to do about the rest: never what has just failed, as it was.
func next(s *client.Session) string {
	spec := &s.Run.Job().Spec
	switch {
	case s.Run.Acted() && spec.Saved != nil:
		return "fix the cause, then: froyo resume " + s.Run.ID() + " (for hosts that no longer fit the plan, make a new one: froyo plan --out FILE)"
	case s.Run.Acted():
		return "fix the cause, then: froyo resume " + s.Run.ID() + " (for a changed runbook: with --with-changes)"
	case spec.Saved != nil:
		return "fix the cause, then make a new plan: froyo plan --out FILE"
	}
	return "fix the cause, then apply again: nothing has begun that could be resumed"
}

// notePending says which handlers have not run on the hosts that were not finished.
func notePending(ctx context.Context, s *client.Session, counts []apply.Count) error {
	notes, err := s.Run.Pending(ctx, counts)
	for _, n := range notes {
		s.Console().Errors.Note(n)
	}
	return err
}
