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
	if n := s.Run.Planned().Unplanned(); n > 0 {
		text += fmt.Sprintf(", not counting %s that could not be planned", wording.Plural(n, "host"))
	}
	if unreachable > 0 {
		text += fmt.Sprintf("; %s could not be reached or was lost", wording.Plural(unreachable, "host"))
	}
	next := s.Console().CommandLine()
	if s.Run.Acted() {
		next = "froyo resume " + s.Run.ID() + " (for a changed runbook: froyo apply)"
	}
	s.Console().Errors.Note(text + "\nfix the cause, then: " + next)
}

// notePending says which handlers have not run on the hosts that were not finished.
func notePending(ctx context.Context, s *client.Session, counts []apply.Count) error {
	notes, err := s.Run.Pending(ctx, counts)
	for _, n := range notes {
		s.Console().Errors.Note(n)
	}
	return err
}
