package eval

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// AnswerError is the cause of an error that a host's answer is to blame for,
// and not the runbook: a file that is no text, a program that is not there.
type AnswerError struct {
	Host string // whose answer it was
	Err  error  // may be nil
}

func (e *AnswerError) Error() string {
	if e.Err == nil {
		return "the answer of " + e.Host + " cannot be used"
	}
	return e.Err.Error()
}

func (e *AnswerError) Unwrap() error { return e.Err }

// InformedError is the cause of an error that came up after hosts had answered:
// what they answered may have brought it about, or the runbook is wrong anyway.
type InformedError struct{ Err error }

func (e *InformedError) Error() string {
	if e.Err == nil {
		return "hosts had answered before"
	}
	return e.Err.Error()
}

func (e *InformedError) Unwrap() error { return e.Err }

// Informed implements runbook.Informed.
func (*InformedError) Informed() {}

// noValue is how an error speaks of None.
var noValue = regexp.MustCompile(`\bNone(Type)?\b`)

// Blame gives an error of the evaluation its exit code. What goes wrong once
// hosts have answered is first taken for the host's; that it happens on all
// hosts, and so is the runbook's, shows only when all are evaluated.
func (s *Scope) Blame(err *diag.Error) *diag.Error {
	_, lost := errors.AsType[*target.Error](err)
	_, bad := errors.AsType[*facts.BadError](err)
	if err.Code == diag.OK && s.answered.Load() && !lost && !bad {
		err.Code, err.Cause = diag.Failed, &InformedError{err.Cause}
		if err.Hint == "" && noValue.MatchString(err.Summary) {
			err.Hint = "host.read, host.find and host.getent give None where there is nothing; ask first, or say fail(...)"
		}
	}
	return err
}

// BadAnswer is an error about what a host answered.
func BadAnswer(host string, cause error, format string, args ...any) *diag.Error {
	return &diag.Error{
		Summary: fmt.Sprintf(format, args...), Code: diag.Failed, Cause: &AnswerError{Host: host, Err: cause},
	}
}

// unanswered is the error for a question that a host has not answered; current
// is the one that is evaluated. Of another host it is an error of the current
// one all the same, but does not say that the current one was lost.
func unanswered(what string, h *inventory.Host, current string, err error) error {
	told := fmt.Errorf("%s of %s: %w", what, h.Name, err)
	if _, ok := errors.AsType[*op.Error](err); ok {
		return BadAnswer(h.Name, err, "%v", told)
	}
	if h.Name == current {
		return told
	}
	if lost, ok := errors.AsType[*target.Error](err); ok {
		out := BadAnswer(h.Name, nil, "%s of %s: %s", what, h.Name, lost.Message)
		out.Detail, out.Hint = lost.Detail, lost.Hint
		return out
	}
	if bad, ok := errors.AsType[*facts.BadError](err); ok {
		return BadAnswer(h.Name, nil, "%s of %s: %v", what, h.Name, bad)
	}
	return told
}
