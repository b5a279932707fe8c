package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// What can be wrong with a queue. Every error of a queue matches at most one.
var (
	ErrNewer    = errors.New("written by a newer froyo")
	ErrCorrupt  = errors.New("damaged")
	ErrReadOnly = errors.New("not writable")
	ErrFull     = errors.New("no space left")
	ErrBusy     = errors.New("in use")
	ErrLost     = errors.New("not leased by this worker")
)

// Fault explains what is wrong with the queue at path. kind is one of the
// sentinels but ErrLost; cause, which may be nil, is the evidence.
func Fault(kind error, path string, cause error) *diag.Error {
	d := &diag.Error{Summary: fmt.Sprintf("the queue in %s is %v", path, kind), Cause: kind}
	if cause != nil {
		d.Detail, d.Cause = cause.Error(), fmt.Errorf("%w: %w", kind, cause)
	}
	switch {
	case errors.Is(kind, ErrNewer):
		d.Hint = "use that froyo or a later one; the file has not been touched"
	case errors.Is(kind, ErrCorrupt):
		d.Hint = "nothing was changed; move the file away: it says what was still to do, and the next apply finds that out anew"
	case errors.Is(kind, ErrReadOnly):
		d.Hint = "froyo notes what is to be done before it does it: give it a folder it may write to"
	case errors.Is(kind, ErrFull):
		d.Summary = fmt.Sprintf("the queue in %s: %v on its disk", path, kind)
		d.Hint = "make room and run again; what was queued before is kept"
	case errors.Is(kind, ErrBusy):
		d.Summary = fmt.Sprintf("the queue in %s is %v by another process", path, kind)
		d.Hint = "try again; froyo needs the file for moments only, so look for what else has it open if that does not help"
		d.Code = diag.Locked
	}
	return d
}

// Lost explains that a worker does not have items that it speaks of.
func Lost(worker string, ids []string) *diag.Error {
	named := ids[0]
	if more := len(ids) - 1; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return (&diag.Error{
		Summary: fmt.Sprintf("%s: %v, which is %s", named, ErrLost, worker),
		Detail:  strings.Join(ids, "\n"), Cause: ErrLost,
	}).WithHint("its lease ended, or it was dropped or set aside: froyo queue list shows who has it now")
}
