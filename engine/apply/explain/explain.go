// Package explain gives the error of a unit its place, and says what it means for the
// host: whether it leaves open what was done, and whether it ends the host's part.
//
// It imports engine/plan and engine/hostlock.
package explain

import (
	"context"
	"errors"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/target"
)

// UnconfirmedError says that it is not known whether a step did its work before its
// run was broken off. That stays so, however often the run is resumed.
type UnconfirmedError struct{ Why *abi.Error }

func (e *UnconfirmedError) Error() string { return e.Why.Error() }

// Unwrap returns why it is not known.
func (e *UnconfirmedError) Unwrap() error { return e.Why }

// OutcomeUnknown reports whether an error leaves open what a unit did: the host
// was lost, or the run given up.
func OutcomeUnknown(err error) bool {
	_, lost := errors.AsType[*target.Error](err)
	return lost || hostlock.IsLost(err) || diag.CodeOf(err) == diag.Interrupted
}

// EndsHost reports whether an error ends the host's part whatever its unit says: the
// host is lost or has put back what was there, the run is given up, or the plan is no longer the reviewed one.
func EndsHost(err error) bool {
	if _, lost := errors.AsType[*target.Error](err); lost || hostlock.IsLost(err) {
		return true
	}
	if _, undone := errors.AsType[*guard.UndoneError](err); undone {
		return true
	}
	code := diag.CodeOf(err)
	return code == diag.Interrupted || code == diag.Stale || code == diag.Usage
}

// Step gives an error the step's place.
func Step(s *plan.Step, err error) error {
	if _, lost := errors.AsType[*target.Error](err); lost {
		return err
	}
	if lost, ok := errors.AsType[*target.LockLostError](err); ok {
		d := hostlock.Lost(lost)
		if lost.Host != s.Unit.ID.Host {
			d.Summary = lost.Host + ", to which this is delegated: " + d.Summary
		}
		err = d
	}
	if d, ok := errors.AsType[*diag.Error](err); ok {
		told := *d // others may be told the same
		if before, is := strings.CutSuffix(err.Error(), d.Error()); is {
			told.Summary = before + d.Summary
		}
		told.Host, told.Unit = s.Unit.ID.Host, s.Unit.ID.Local()
		if told.Code == diag.OK {
			told.Code = diag.Failed
		}
		return &told
	}
	return Unit(s.Unit, err)
}

// Unit turns a provider's error into one with the unit's place and the exit code of a failed host.
func Unit(u *unit.Unit, err error) *diag.Error {
	d := &diag.Error{
		Summary: err.Error(), Pos: u.Pos, Stack: u.Stack, Host: u.ID.Host, Unit: u.ID.Local(),
		Code: diag.Failed, Cause: err,
	}
	if e, ok := errors.AsType[*abi.Error](err); ok {
		d.Summary, d.Detail, d.Hint = e.Message, e.Detail, e.Hint
		if u.Sensitive {
			d.Summary, d.Hint = hideArguments(u, d.Summary), hideArguments(u, d.Hint)
			if d.Detail != "" {
				d.Detail = "(what it said is sensitive)"
			}
		}
	}
	if errors.Is(err, context.Canceled) {
		d.Summary, d.Code = "interrupted", diag.Interrupted
	}
	return d
}

// WithOutput adds to the error of a unit how to see all that its programs printed, where the error holds but the end.
func WithOutput(run string, s *plan.Step, err error, printed *output.Output) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || run == "" || printed == nil || printed.Sensitive || d.Hint != "" || printed.Len() <= len(d.Detail) {
		return err
	}
	d.Hint = "all of its output: froyo runs show " + run + " " + wording.Quote(s.Unit.ID.Local())
	return err
}

// hideArguments takes what a sensitive unit was given out of a message about it.
func hideArguments(u *unit.Unit, text string) string {
	var args any
	if text == "" || codec.Unmarshal(u.Args, &args) != nil {
		return text
	}
	const shortest = 4 // words of a message are no secrets
	var hide func(v any)
	hide = func(v any) {
		switch v := v.(type) {
		case string:
			if len(v) >= shortest && v != u.ID.Key {
				text = strings.ReplaceAll(text, v, secret.Shown)
				text = strings.ReplaceAll(text, secret.Quoted(v), secret.Shown)
			}
		case []any:
			for _, e := range v {
				hide(e)
			}
		case map[string]any:
			for _, e := range v {
				hide(e)
			}
		}
	}
	hide(args)
	return text
}
