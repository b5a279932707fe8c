package apply

import (
	"context"
	"errors"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
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

// unconfirmedError says that it is not known whether a step did its work before its
// run was broken off. That stays so, however often the run is resumed.
type unconfirmedError struct{ why *abi.Error }

func (e *unconfirmedError) Error() string { return e.why.Error() }
func (e *unconfirmedError) Unwrap() error { return e.why }

// outcomeUnknown reports whether an error leaves open what a unit did: the host
// was lost, or the run given up.
func outcomeUnknown(err error) bool {
	_, lost := errors.AsType[*target.Error](err)
	return lost || hostlock.IsLost(err) || diag.CodeOf(err) == diag.Interrupted
}

// endsHost reports whether an error ends the host's part whatever its unit says: the
// host is lost, the run is given up, or the plan is no longer the reviewed one.
func endsHost(err error) bool {
	if _, lost := errors.AsType[*target.Error](err); lost || hostlock.IsLost(err) {
		return true
	}
	code := diag.CodeOf(err)
	return code == diag.Interrupted || code == diag.Stale || code == diag.Usage
}

// explain gives an error the unit's place.
func explain(s *plan.Step, err error) error {
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
	return Explain(s.Unit, err)
}

// Explain turns a provider's error into one with the unit's place and the exit code of a failed host.
func Explain(u *unit.Unit, err error) *diag.Error {
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

// whereWhole adds to the error of a unit how to see all that its programs printed, where the error holds but the end.
func (r *hostRun) whereWhole(s *plan.Step, err error, printed *output.Output) error {
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || r.exec.Run == "" || printed == nil || printed.Sensitive || d.Hint != "" || printed.Len() <= len(d.Detail) {
		return err
	}
	d.Hint = "all of its output: froyo runs show " + r.exec.Run + " " + wording.Quote(s.Unit.ID.Local())
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
