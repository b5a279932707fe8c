package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
)

// entry is a step that had its turn, and what is to be told once that is kept.
type entry struct {
	step   *plan.Step
	change *Change // to be recorded first; nil where there was none
	tell   func()
}

// unrecordedError says that a step did its work and that this could not be kept:
// its turn stays open, so that nobody takes it for one that failed and does it twice.
type unrecordedError struct{ err error }

func (e *unrecordedError) Error() string { return e.err.Error() }
func (e *unrecordedError) Unwrap() error { return e.err }

// book takes down that a step had its turn. What came of a sequence that was
// sent ahead is kept in one go, and told when it is; anything else at once.
func (r *hostRun) book(s *plan.Step, c *Change, tell func()) error {
	r.booked = append(r.booked, entry{s, c, tell})
	if r.sent {
		return nil
	}
	return r.balance()
}

// balance records what was booked, and tells it.
func (r *hostRun) balance() error {
	entries := r.booked
	r.booked = nil
	var changes []Change
	for _, e := range entries {
		if e.change != nil {
			changes = append(changes, *e.change)
		}
	}
	if len(changes) > 0 {
		if err := r.Record(context.Background(), changes...); err != nil {
			return &unrecordedError{fmt.Errorf("the change was made but could not be recorded: %w", err)}
		}
	}
	for _, e := range entries {
		if e.change != nil {
			delete(r.begun, e.step)
			r.count.Changed++
		}
		e.tell()
	}
	return nil
}

// clear ends the books of a sequence that was sent ahead. Where they cannot be
// kept, the units that changed something have failed.
func (r *hostRun) clear() {
	entries := r.booked
	r.sent = false
	err := r.balance()
	if err == nil {
		return
	}
	for _, e := range entries {
		switch {
		case e.change == nil:
			e.tell()
		case r.err == nil:
			r.fail(e.step, time.Now(), err)
		default:
			r.leave(e.step, "it changed something, which could not be recorded")
		}
	}
}
