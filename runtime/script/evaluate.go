package script

import (
	"context"
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
)

// Evaluation is what the plays want of one host.
type Evaluation struct {
	// Plays are what each play wants. A unit that two plays declare alike belongs to the first.
	Plays    []*unit.Play
	Inputs   builtins.Inputs
	Warnings []*diag.Error
	// Stopped says where a value that is not known without a connection ended
	// the evaluation; the units are those up to there. Otherwise it is nil.
	Stopped *diag.Error
}

// Evaluate runs plays, given by their indexes, for one host. It returns all
// independent errors, joined. It may be called for many hosts at once.
func (p *Program) Evaluate(ctx context.Context, host *inventory.Host, plays []int, r builtins.Reader) (*Evaluation, error) {
	thread, done := p.thread(ctx, host.Name)
	defer done()
	scope := p.env.Planning(ctx, thread, host, r)
	ev := &Evaluation{}
	var errs []*diag.Error
	for _, i := range plays {
		play := p.plays[i]
		scope.Begin(play)
		err := p.play(thread, scope, play)
		ev.Plays = append(ev.Plays, scope.Units())
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("evaluate %s: %w", host.Name, ctx.Err())
		}
		found := p.env.Diagnose(err, host.Name)
		if errors.Is(err, builtins.ErrNotKnown) {
			ev.Stopped = stopped(found)
			break
		}
		errs = append(errs, found)
	}
	if len(errs) == 0 && ev.Stopped == nil {
		scope.Finish()
	}
	scope.End()
	if errs = append(scope.Errors(), errs...); len(errs) > 0 {
		return nil, join(errs)
	}
	for _, loaded := range p.loaded {
		scope.Absorb(loaded)
	}
	ev.Inputs, ev.Warnings = scope.Inputs(), scope.Warnings()
	return ev, nil
}

// play runs one play's function, or the main file where that is the play.
func (p *Program) play(thread *starlark.Thread, scope *builtins.Scope, play *builtins.Play) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
	}()
	if play.Do == nil {
		globals, err := p.main.init(thread, p.names)
		if err != nil {
			return err
		}
		if err := freeze(globals); err != nil {
			return err
		}
	} else if err := call(thread, scope, play.Do); err != nil {
		return err
	}
	for h := scope.NextHandler(); h != nil; h = scope.NextHandler() {
		if err := call(thread, scope, h.Do); err != nil {
			return err
		}
	}
	if play.Verify == nil {
		return nil
	}
	scope.Verifying()
	return call(thread, scope, play.Verify)
}

// call calls a function of the runbook with the host.
func call(thread *starlark.Thread, scope *builtins.Scope, fn starlark.Callable) error {
	_, err := starlark.Call(thread, fn, starlark.Tuple{scope.Host()}, nil)
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
