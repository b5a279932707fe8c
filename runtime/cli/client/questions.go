package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/record"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/progress"
)

// asker asks while a plan is applied: before each unit that acts, and at pauses.
type asker struct {
	session  *Session
	progress *progress.Progress

	mu      sync.Mutex // one question at a time
	all     bool       // nothing more is asked
	stopped error      // nothing more is done
}

const stepQuestion = "Do it? [y]es, [n]o, [a]ll that follow, [q]uit: "

// Confirm shows a unit's change and asks. Hosts are at work one at a time.
func (s *asker) Confirm(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all || s.stopped != nil {
		return s.all, s.stopped
	}
	var yes bool
	s.progress.Ask(func() { yes, s.stopped = s.question(ctx, h, step) })
	return yes, s.stopped
}

func (s *asker) question(ctx context.Context, h *plan.Host, step *plan.Step) (bool, error) {
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

const pauseQuestion = "Continue? [Y/n] "

// Pause shows a pause's message and asks. It implements rollout.Pauser.
func (s *asker) Pause(ctx context.Context, p rollout.Pause) (yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil || ctx.Err() != nil {
		return false
	}
	s.progress.Ask(func() { yes = s.pauseAnswer(ctx, p) })
	return yes
}

func (s *asker) pauseAnswer(ctx context.Context, p rollout.Pause) bool {
	c := s.session.console
	style := c.Style(c.Stderr)
	place := fmt.Sprintf("%s: play %s: pause on %s", ui.Readable(p.Pos.String()), ui.PlayName(p.Play), wording.On(p.Hosts))
	fmt.Fprintln(c.Stderr, style.Wrap(ui.Dim, place, 0, 4))
	for line := range strings.Lines(p.Message) {
		fmt.Fprintln(c.Stderr, style.Wrap(ui.Bold, ui.Readable(strings.TrimRight(line, "\n")), 0, 4))
	}
	for {
		answer, err := c.Ask(ctx, pauseQuestion)
		switch {
		case err != nil: // interrupted, or the terminal is gone
			return false
		case answer == "" || answer == "y" || answer == "yes":
			return true
		case answer == "n" || answer == "no":
			return false
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
