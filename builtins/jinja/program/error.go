package program

import (
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// Error is a template that could not be rendered.
type Error struct {
	Template string // its path, or ""
	Pos      syntax.Pos
	Source   string // the line
	Message  string
	Hint     string // what to write instead
	Via      []Via  // the includes, macros and blocks that led there, the innermost first
	// Undefined is set where a value is missing.
	Undefined *py.Undefined
	Cause     error
}

// Via is a place from which another template, macro or block was reached.
type Via struct {
	Template string
	Pos      syntax.Pos
	What     string // include "x.j2"
}

func (e *Error) Error() string {
	where := e.Pos.String()
	if e.Template != "" {
		where = e.Template + ":" + where
	}
	return where + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// at gives an error its place, if it has none.
func (p *Program) at(pos syntax.Pos, err error) error {
	if err == nil || isFlow(err) {
		return err
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	out := &Error{Template: p.Name, Pos: p.place(pos), Source: p.line(pos.Line), Message: err.Error(), Cause: err}
	out.Undefined, _ = errors.AsType[*py.Undefined](err)
	return out
}

// via adds to an error how its place was reached.
func (p *Program) via(pos syntax.Pos, err error, format string, args ...any) error {
	err = p.at(pos, err)
	if e, ok := errors.AsType[*Error](err); ok && len(e.Via) < 20 {
		if own := (Via{Template: p.Name, Pos: p.place(pos), What: fmt.Sprintf(format, args...)}); e.Pos != own.Pos || e.Template != own.Template {
			e.Via = append(e.Via, own)
		}
	}
	return err
}

// place is a position in the template's file.
func (p *Program) place(pos syntax.Pos) syntax.Pos {
	return syntax.Pos{Line: pos.Line + p.first - 1, Col: pos.Col}
}

// flow ends a loop's body.
type flow string

func (f flow) Error() string { return string(f) }

const (
	breakLoop    = flow("break")
	continueLoop = flow("continue")
)

func isFlow(err error) bool {
	_, ok := err.(flow) //nolint:errorlint // never wrapped
	return ok
}
