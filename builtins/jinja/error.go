package jinja

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
	"github.com/openfroyo/froyo/engine/diag"
)

// Error is a template that could not be rendered.
type Error struct {
	File      string // "text" where the template is no file
	Line, Col int    // from 1; 0 where they are not known
	Source    string // the line
	Message   string
	Hint      string
	Via       []string // how the place was reached, the innermost first: "include b.j2 at a.j2:3"
	Missing   error    // set where File itself could not be read
	Cause     error
}

func (e *Error) Error() string {
	return strings.Join(append([]string{fmt.Sprintf("%s: %s", e.Where(), e.Message)}, e.Via...), "; ")
}

// Where is the place as file:line:col.
func (e *Error) Where() string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Col)
}

func (e *Error) Unwrap() error { return e.Cause }

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// explain makes an Error of what a template failed with.
func (s *Set) explain(err error, vars Variables, name string) error {
	out := &Error{File: name, Message: oneLine(err.Error()), Cause: err}
	if m, ok := errors.AsType[*missing](err); ok {
		out.File, out.Missing, out.Message = m.file, m.cause, oneLine(m.cause.Error())
	}
	p, ok := errors.AsType[*program.Error](err)
	if !ok {
		return out
	}
	if out.Missing == nil {
		out.File, out.Line, out.Col, out.Source, out.Message = p.Template, p.Pos.Line, p.Pos.Col, p.Source, oneLine(p.Message)
	} else {
		out.Via = append(out.Via, fmt.Sprintf("named at %s:%s", p.Template, p.Pos))
	}
	for _, via := range p.Via {
		out.Via = append(out.Via, fmt.Sprintf("%s at %s:%s", via.What, via.Template, via.Pos))
	}
	out.Hint = p.Hint
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		out.Hint = e.Hint
	}
	if u := p.Undefined; u != nil && u.Of == "" && u.Hint == "" {
		out.Hint = fmt.Sprintf("give it to template(), or write %s | default(...)", u.Name)
		if near := diag.Nearest(u.Name, vars.Names()); near != "" {
			out.Hint = fmt.Sprintf("did you mean %s?", near)
		}
		if reason, hint := s.lib.Advise("function", u.Name); hint != "" {
			out.Hint = hint
			if reason != "" {
				out.Message = fmt.Sprintf("there is no function %q: %s", u.Name, reason)
			}
		}
	}
	return out
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
