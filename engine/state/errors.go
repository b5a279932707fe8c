package state

import (
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
)

// What can be wrong with a store. Every error of a store matches at most one.
var (
	ErrNewer    = errors.New("written by a newer froyo")
	ErrCorrupt  = errors.New("damaged")
	ErrReadOnly = errors.New("not writable")
	ErrFull     = errors.New("no space left")
	ErrBusy     = errors.New("in use")
)

// Fault explains what is wrong with the store at path. kind is one of the
// sentinels; cause, which may be nil, is the evidence.
func Fault(kind error, path string, cause error) *diag.Error {
	d := &diag.Error{Summary: fmt.Sprintf("state in %s is %v", path, kind), Cause: kind}
	if cause != nil {
		d.Detail, d.Cause = cause.Error(), fmt.Errorf("%w: %w", kind, cause)
	}
	switch {
	case errors.Is(kind, ErrNewer):
		d.Hint = "use that froyo or a later one; the file has not been touched"
	case errors.Is(kind, ErrCorrupt):
		d.Hint = "nothing was changed; move the file away to begin anew, or restore it from a backup"
	case errors.Is(kind, ErrReadOnly):
		d.Hint = "froyo records what it does before it reports it: give it a folder it may write to"
	case errors.Is(kind, ErrFull):
		d.Summary = fmt.Sprintf("state in %s: %v on its disk", path, kind)
		d.Hint = "make room and run again; what was recorded before is kept"
	case errors.Is(kind, ErrBusy):
		d.Summary = fmt.Sprintf("state in %s is %v by another process", path, kind)
		d.Hint = "wait for the other froyo to finish"
		d.Code = diag.Locked
	}
	return d
}

// UnderWay is the error of who would go on with a run that a process is at.
func UnderWay(run string, pid int) *diag.Error {
	d := &diag.Error{Summary: fmt.Sprintf("run %s is still under way, in process %d", run, pid), Code: diag.Locked}
	return d.WithHint("wait until it has ended")
}
