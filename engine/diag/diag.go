// Package diag holds what an error tells the operator beside its text: where
// it happened, what to do about it, and the exit code it leads to.
//
// It is a leaf of the engine: it imports runner/target only.
package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a runbook. Line and Col count from 1; a zero Line means "the file as a whole".
type Pos struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// String gives file:line:col, leaving out what is not known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Frame is one call on the way to an error.
type Frame struct {
	Name string `json:"name"`
	Pos  Pos    `json:"pos"`
}

// Code is the process's exit code.
type Code int

// The exit codes. See docs/errors.md.
const (
	OK          Code = 0
	Usage       Code = 1 // usage or evaluation
	Pending     Code = 2 // changes pending, with --detailed-exitcode
	Failed      Code = 3 // a host failed
	Unreachable Code = 4
	Denied      Code = 5 // policy
	Stale       Code = 6 // the plan no longer fits
	Locked      Code = 7
	Interrupted Code = 130
)

// precedence orders the codes where several apply at once; the first wins.
var precedence = []Code{Interrupted, Usage, Denied, Locked, Failed, Unreachable, Stale, Pending}

// Worst returns the code that stands for all of codes.
func Worst(codes ...Code) Code {
	for _, p := range precedence {
		if slices.Contains(codes, p) {
			return p
		}
	}
	return OK
}

// Error is an error with its place, its hint and its exit code. Only Summary
// is needed. Summary is lower case, has no full stop and stands alone.
type Error struct {
	Summary string
	// Detail is evidence on lines of its own: a program's stderr, alternatives.
	Detail string
	// Hint says what to do.
	Hint  string
	Pos   Pos
	Stack []Frame // outermost first
	Host  string
	Unit  string
	Code  Code
	Cause error
}

// Error gives the one-line form: position, host, unit, summary.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Pos.String(), e.Host, e.Unit, e.Summary} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error at a position.
func Errorf(pos Pos, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Summary: err.Error(), Pos: pos, Cause: errors.Unwrap(err)}
}

// WithHint sets the hint and returns the error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithCode sets the exit code and returns the error.
func (e *Error) WithCode(code Code) *Error {
	e.Code = code
	return e
}

// CodeOf returns the exit code that err leads to: the worst of all it joins,
// Usage where none says anything.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	var codes []Code
	for e := range All(err) {
		if d, ok := errors.AsType[*Error](e); ok && d.Code != OK {
			codes = append(codes, d.Code)
		} else {
			codes = append(codes, Usage)
		}
	}
	return Worst(codes...)
}

// All ranges over the errors that err joins, or err itself.
func All(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) { walk(err, yield) }
}

func walk(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if _, ok := err.(*Error); !ok { //nolint:errorlint // the tree is walked here, level by level
		if many, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // as above
			for _, e := range many.Unwrap() {
				if !walk(e, yield) {
					return false
				}
			}
			return true
		}
	}
	return yield(err)
}
