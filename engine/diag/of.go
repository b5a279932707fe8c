package diag

import (
	"errors"

	"github.com/openfroyo/froyo/runner/target"
)

// Of gives any error the form of an Error: itself where it is or wraps one, the
// parts of an error about a host, else its text and the hint that it may have.
func Of(err error) *Error {
	if d, ok := errors.AsType[*Error](err); ok {
		return d
	}
	if e, ok := errors.AsType[*target.Error](err); ok {
		return &Error{Summary: e.Message, Host: e.Host, Detail: e.Detail, Hint: e.Hint}
	}
	d := &Error{Summary: err.Error()}
	if h, ok := errors.AsType[hinter](err); ok {
		d.Hint = h.Hint()
	}
	return d
}

// hinter is an error of a lower layer that says what to do.
type hinter interface {
	error
	Hint() string
}
