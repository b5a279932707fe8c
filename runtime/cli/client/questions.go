package client

import (
	"context"
	"errors"
	"io"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/record"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/progress"
)

// stepper asks before each unit that acts.
type stepper struct {
	session  *Session
	progress *progress.Progress
	all      bool  // nothing more is asked
	stopped  error // nothing more is done
}

const stepQuestion = "Do it? [y]es, [n]o, [a]ll that follow, [q]uit: "

// Confirm shows a unit's change and asks. Hosts are at work one at a time.
func (s *stepper) Confirm(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
	if s.all || s.stopped != nil {
		return s.all, s.stopped
	}
	var yes bool
	s.progress.Ask(func() { yes, s.stopped = s.question(ctx, h, step) })
	return yes, s.stopped
}

func (s *stepper) question(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
	e := s.session.console
	v := ui.PlanView{Style: e.Style(e.Stderr), Contents: s.session.Run.Planned().Contents}
	if err := v.Step(e.Stderr, h, step); err != nil {
		return false, err
	}
	for {
		answer, err := e.Ask(ctx, stepQuestion)
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

const machineQuestion = "Is it the [s]ame machine, which keeps that, or a [n]ew one, which drops it? [r]efuse: "

// askMachine asks on the terminal, with the screen at rest.
func (s *Session) askMachine(ctx context.Context, question *diag.Error) (d record.Decision, err error) {
	if ctx.Err() != nil {
		return record.Undecided, ctx.Err()
	}
	q := *question
	q.Hint = ""
	s.stage.current().Ask(func() {
		s.console.Errors.Warnings([]*diag.Error{&q})
		d, err = s.machineAnswer(ctx)
	})
	return d, err
}

func (s *Session) machineAnswer(ctx context.Context) (record.Decision, error) {
	for {
		answer, err := s.console.Ask(ctx, machineQuestion)
		if errors.Is(err, io.EOF) {
			return record.Undecided, nil // the terminal is gone
		}
		if err != nil {
			return record.Undecided, err
		}
		switch answer {
		case "s", "same":
			return record.SameMachine, nil
		case "n", "new":
			return record.NewMachine, nil
		case "r", "refuse":
			return record.Undecided, nil
		}
	}
}
