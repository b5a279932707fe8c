package eval

import (
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Limits of what an evaluation prints: lines are held back while files are loaded.
const (
	MaxPrinted = 64 << 20 // bytes

	lineOverhead = 100 // what a line takes beside its text
)

// Report notes an error at the present position and lets the evaluation go on.
func (s *Scope) Report(err *diag.Error) {
	err = s.Blame(err)
	if err.Pos == (diag.Pos{}) {
		err.Stack = Stack(s.thread)
		err.Pos = Pos(err.Stack)
	}
	if err.Host == "" {
		err.Host = s.HostName()
	}
	for _, known := range s.errs {
		if known.Pos == err.Pos && known.Summary == err.Summary && known.Unit == err.Unit {
			return
		}
	}
	s.errs = append(s.errs, err)
}

// Warn notes what is worth knowing, once for each place.
func (s *Scope) Warn(err *diag.Error) {
	err.Stack = Stack(s.thread)
	err.Pos = Pos(err.Stack)
	err.Host = s.HostName()
	for _, known := range s.warnings {
		if known.Pos == err.Pos && known.Summary == err.Summary {
			return
		}
	}
	s.warnings = append(s.warnings, err)
}

// Errors returns what was reported so far.
func (s *Scope) Errors() []*diag.Error { return s.errs }

// Warnings returns what is worth knowing and no error.
func (s *Scope) Warnings() []*diag.Error { return s.warnings }

// Print shows a line to the operator, with secrets masked.
func (s *Scope) Print(line string) error {
	if s.printed += len(line) + lineOverhead; s.printed > MaxPrinted {
		return &diag.Error{Summary: fmt.Sprintf("print: what is printed takes more than %d MiB", MaxPrinted>>20)}
	}
	if s.hidden {
		line = secret.Shown
	}
	if s.env.Print != nil {
		s.env.Print(Pos(Stack(s.thread)), s.HostName(), secret.Mask(line))
	}
	return nil
}
