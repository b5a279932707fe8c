package runbook

import (
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

// resumption is a run that is resumed: whether what is left of it was approved already.
type resumption struct {
	run     *state.Run
	changes bool // the present sources are taken
	later   int  // runs that changed things since
}

// before says why the plan has to be approved again, as far as that is known before there is one; "" is that it has not.
func (r *resumption) before() string {
	switch {
	case r.changes:
		return "--with-changes takes the present sources"
	case r.run.Applying.IsZero() || r.run.Approval.Time.IsZero():
		return "its plan was not approved when it was made last"
	case r.later > 0:
		return wording.Plural(r.later, "apply run") + " came after it"
	}
	return ""
}

// unapproved says why the plan has to be approved again, "" where it was approved: what is left of it is what was
// planned then, and nothing is unknown.
func (r *resumption) unapproved(p *run.Plan) string {
	if why := r.before(); why != "" {
		return why
	}
	if n := resume.Unknown(p.Hosts); n > 0 {
		return "the outcome of " + wording.Plural(n, "unit") + " is unknown"
	}
	if n := resume.Unforeseen(p.Hosts); n > 0 {
		return wording.Plural(n, "change") + " that it had not planned: hosts have changed since, or had no plan then"
	}
	return ""
}

// settle reports whether the plan of a resumed run needs no question, and says so; where it needs one there must be a
// terminal to ask on.
func (r *resumption) settle(s *client.Session) (settled bool, err error) {
	why := r.unapproved(s.Run.Proposed())
	if why == "" {
		a := r.run.Approval
		s.Console().Errors.Note(fmt.Sprintf("nothing is asked: %s approved this at %s, and nothing is unknown", a.By, wording.When(a.Time)))
		return true, nil
	}
	return false, r.needsTerminal(s, why)
}

func (r *resumption) needsTerminal(s *client.Session, why string) error {
	if s.Console().Interactive() {
		if e := (ending{acted: true, run: s.Run.ID(), undecided: undecided(s)}); len(e.undecided) > 0 {
			why += "\n" + next(e)
		}
		s.Console().Errors.Note("approve it again: " + why)
		return nil
	}
	return noTerminal(why)
}

// noTerminal is the error of a resumed run that has to be approved where nobody can be asked.
func noTerminal(why string) error {
	return (&diag.Error{Summary: "stdin is not a terminal; use -y"}).WithHint("it has to be approved again: %s", why)
}
