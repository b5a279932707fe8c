package host

import "errors"

// Error is a package or its guest that cannot be used, or a call that could
// not be made at all. What goes wrong with a single unit is in its reply instead.
type Error struct {
	Provider string // name of the package, where it is known
	Message  string // what happened, lower case, one line
	Detail   string // evidence from the guest, control characters escaped
	Cause    error
	hint     string
}

func (e *Error) Error() string {
	text := e.Message
	if e.Provider != "" {
		text = "provider " + e.Provider + ": " + text
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// Hint says what to do: what this error knows, else what its cause does.
func (e *Error) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	if cause, ok := errors.AsType[hinted](e.Cause); ok {
		return cause.Hint()
	}
	return ""
}

// hinted is an error that knows what to do about it.
type hinted interface {
	error
	Hint() string
}
