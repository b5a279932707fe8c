package queue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/storefault"
)

// ErrLost is that a worker does not have the items that it speaks of.
var ErrLost = errors.New("not claimed by this worker")

// Faults are the words for what can be wrong with a queue.
var Faults = storefault.Words{
	Store: "the queue",
	Corrupt: "nothing was changed, and nothing is lost but which worker had which item: the state has what runs have to do, " +
		"and the queue is made anew from it; move the file away and go on: mv PATH PATH.damaged",
	ReadOnly: "froyo records pending work before it does it: give it a directory it may write to",
	Full:     "make room and run again; what was queued before is kept",
	Busy:     "try again; froyo needs the file for moments only, so look for what else has it open if that does not help",
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
	}).WithHint("its claim ended, or it was dropped or dead-lettered: froyo queue list shows which worker has it now")
}
