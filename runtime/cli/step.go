package cli

import (
	"context"
	"errors"
	"io"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runtime/ui"
)

// stepConflicts refuses --step where there is nobody to ask, or nothing to be seen.
func (c *applyCommand) stepConflicts(e *env) error {
	switch {
	case !c.Step:
		return nil
	case c.JSON:
		return (&diag.Error{Summary: "--step and --json exclude each other: what is asked about would not be seen"}).
			WithHint("leave one of them out")
	case c.Check:
		return (&diag.Error{Summary: "--step and -C exclude each other: nothing is done that could be asked about"}).
			WithHint("leave one of them out")
	case !isTerminal(e.Stdin):
		return (&diag.Error{Summary: "--step asks before each unit, and there is no terminal to ask on"}).
			WithHint("run it on a terminal, or narrow the run: -l HOST, --target UNIT")
	}
	return nil
}

// stepper asks before each unit that acts.
type stepper struct {
	run      *run
	progress *ui.Progress
	all      bool  // nothing more is asked
	stopped  error // nothing more is done
}

const stepQuestion = "Do it? [y]es, [n]o, [a]ll that follow, [q]uit: "

// confirm shows a unit's change and asks. Hosts are at work one at a time.
func (s *stepper) confirm(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
	if s.all || s.stopped != nil {
		return s.all, s.stopped
	}
	var yes bool
	s.progress.Ask(func() { yes, s.stopped = s.question(ctx, h, step) })
	return yes, s.stopped
}

func (s *stepper) question(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
	e := s.run.env
	v := ui.PlanView{Style: ui.Style{Color: e.color(e.Stderr)}, Contents: s.run.contents}
	if err := v.Step(e.Stderr, h, step); err != nil {
		return false, err
	}
	for {
		answer, err := e.ask(ctx, stepQuestion)
		if errors.Is(err, io.EOF) {
			answer, err = "q", nil // the terminal is gone
		}
		if err != nil {
			return false, &diag.Error{Summary: "interrupted; nothing further was done", Code: diag.Interrupted, Cause: err}
		}
		switch answer {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		case "a", "all":
			s.all = true
			return true, nil
		case "q", "quit":
			return false, (&diag.Error{Summary: "stopped; nothing further was done", Code: diag.Interrupted}).
				WithHint("froyo plan shows what is left")
		}
	}
}
