package script

import (
	"context"
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
)

// Evaluation is what the plays want of one host.
type Evaluation struct {
	// Plays are what each play wants. A unit that two plays declare alike belongs to the first.
	Plays    []*unit.Play
	Inputs   eval.Inputs
	Warnings []*diag.Error
	// Stopped says where a value that is not known without a connection ended
	// the evaluation; the units are those up to there. Otherwise it is nil.
	Stopped *diag.Error
}

// Evaluate runs plays, given by their indexes, for one host. It returns all
// independent errors, joined. It may be called for many hosts at once. Once ctx
// is done it returns soon, whatever is under way.
func (p *Program) Evaluate(ctx context.Context, host *inventory.Host, plays []int, r eval.Reader) (*Evaluation, error) {
	var (
		ev  *Evaluation
		err error
	)
	if !bounds.Within(ctx, func() { ev, err = p.evaluate(ctx, host, plays, r) }) {
		return nil, fmt.Errorf("evaluate %s: %w", host.Name, ctx.Err())
	}
	return ev, err
}

func (p *Program) evaluate(ctx context.Context, host *inventory.Host, plays []int, r eval.Reader) (*Evaluation, error) {
	thread, done := p.thread(ctx, host.Name)
	defer done()
	run := builtins.Planning(ctx, p.env, thread, host, r)
	scope := run.Scope
	ev := &Evaluation{}
	var errs []*diag.Error
	for _, i := range plays {
		run.Plays.Begin(p.plays[i])
		err := p.play(thread, run, p.plays[i])
		ev.Plays = append(ev.Plays, run.Plays.Units())
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("evaluate %s: %w", host.Name, ctx.Err())
		}
		found := scope.Blame(p.env.Diagnose(err, host.Name))
		if errors.Is(err, eval.ErrNotKnown) {
			ev.Stopped = stopped(found)
			break
		}
		errs = append(errs, found)
	}
	if len(errs) == 0 && ev.Stopped == nil {
		run.Units.Finish()
	}
	scope.End()
	if errs = append(scope.Errors(), errs...); len(errs) > 0 {
		return nil, join(errs)
	}
	for _, loaded := range p.loaded {
		scope.Used().Absorb(loaded.Used())
	}
	ev.Inputs, ev.Warnings = scope.Used().Inputs(p.usedVars), scope.Warnings()
	return ev, nil
}

// play runs one play's function, or the main file where that is the play.
func (p *Program) play(thread *starlark.Thread, run *builtins.Evaluation, d *play.Play) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
	}()
	if d.Do == nil {
		globals, err := p.main.init(thread, p.names)
		if err != nil {
			return err
		}
		if err := p.main.freeze(globals); err != nil {
			return err
		}
	} else if err := call(thread, run, d.Do, d.Args()...); err != nil {
		return err
	}
	for h := run.Plays.NextHandler(); h != nil; h = run.Plays.NextHandler() {
		if err := call(thread, run, h.Do); err != nil {
			return err
		}
	}
	for _, name := range []string{unit.BeforeChange, unit.AfterChange} {
		if hook := run.Plays.Hook(name); hook != nil {
			if err := call(thread, run, hook); err != nil {
				return err
			}
		}
	}
	if d.Verify == nil {
		return nil
	}
	run.Plays.Verifying()
	return call(thread, run, d.Verify)
}

// call calls a function of the runbook with the host, and with arguments by name.
func call(thread *starlark.Thread, run *builtins.Evaluation, fn starlark.Callable, named ...starlark.Tuple) error {
	_, err := starlark.Call(thread, fn, starlark.Tuple{run.Host()}, named)
	return err
}

// stopped is the note for a host that cannot be checked further.
func stopped(err *diag.Error) *diag.Error {
	return &diag.Error{
		Summary: fmt.Sprintf("not checked beyond %s:%d", err.Pos.File, err.Pos.Line),
		Detail:  err.Summary,
		Pos:     err.Pos, Stack: err.Stack, Host: err.Host,
	}
}
