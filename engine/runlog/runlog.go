// Package runlog keeps durably what a run is about to do, what came of it, and
// which handlers are pending: so that whoever resumes a run that was broken off
// knows what may have been changed.
//
// It imports engine/plan and what that imports.
package runlog

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// RunLog keeps what hosts are about to do and what came of it. Each method
// returns once what it was given would survive a power failure, and may be
// called by several goroutines at once.
type RunLog interface {
	// RecordIntent records that units are about to act, and the handlers that they may notify.
	RecordIntent(ctx context.Context, i Intent) error
	// CancelIntent removes handlers that units might have notified and did not.
	CancelIntent(ctx context.Context, p PendingHandlers) error
	// RecordChanges records changes, which ends their units, with the handlers that
	// are pending because of them. It returns before the changes are reported.
	RecordChanges(ctx context.Context, changes ...Change) error
	// RecordEnds records how units ended that acted and changed nothing, or failed,
	// or did not begin.
	RecordEnds(ctx context.Context, ends ...End) error
	// ClearPending removes handlers that ran and that were notified before Time,
	// when they began. Where the process dies before, they run once more.
	ClearPending(ctx context.Context, p PendingHandlers) error
}

// Intent is units of a host that are about to act, with the handlers that they
// may notify and that are not pending yet.
type Intent struct {
	Pending PendingHandlers
	Units   []unit.ID
}

// PendingHandlers are handlers of a play that are to run on a host.
type PendingHandlers struct {
	Host      string
	MachineID string
	Play      string
	Handlers  []string
	Time      time.Time
}

// Change is an executed unit to be recorded: what it was before and after.
type Change struct {
	Host      string
	MachineID string
	Play      string
	Unit      *unit.Unit
	Status    unit.Status
	Change    *abi.Change
	// On is the host that was changed, where that is another one.
	On *plan.Host
	// Notify names the play's handlers that are pending from now on because of it.
	Notify []string
	// Outputs is what the unit offers to later ones, nil where none of them reads that.
	Outputs  codec.Raw
	Contents *plan.Contents
	// Output is what its programs printed, nil where it ran none.
	Output *output.Output
}

// End is how a unit ended; a Status of "" is that it did not begin after all.
// Outputs is what it offers to later units, nil where none of them reads that.
type End struct {
	Unit    *unit.Unit
	Status  unit.Status
	Outputs codec.Raw
	// Output is what its programs printed, nil where it ran none.
	Output *output.Output
}

// UnrecordedError says that a unit did its work and that this could not be
// recorded: how it ended stays open, so that it is not
// taken for one that failed and done twice.
type UnrecordedError struct {
	Err     error
	Changed bool // its work was a change
}

func (e *UnrecordedError) Error() string { return e.Err.Error() }

// Unwrap returns why it could not be recorded.
func (e *UnrecordedError) Unwrap() error { return e.Err }
