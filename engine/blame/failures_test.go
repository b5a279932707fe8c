package blame

import (
	"errors"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestWhatIsLeft counts the units that are left to do, for whatever reason the run did not come to them.
func TestWhatIsLeft(t *testing.T) {
	var f Failures
	for _, e := range []event.Event{
		{Status: unit.Skipped, Open: true, Action: abi.Run, Reason: apply.NotReached},
		{Status: unit.Skipped, Open: true, Action: abi.Create, Reason: "the play stopped before this host"},
		{Status: unit.Skipped, Open: true, Action: abi.None, Reason: apply.NotReached},
		{Status: unit.Skipped, Open: true, Reason: apply.NotReached},
		{Status: unit.Skipped, Action: abi.Run, Reason: "done once, on h1"},
		{Status: unit.Skipped, Action: abi.Run, Reason: apply.Unconfirmed},
		{Status: unit.Failed, Open: true, Action: abi.Run, Err: errors.New("it is unknown whether it did its work")},
		{Status: unit.Changed, Action: abi.Run},
	} {
		e.Kind, e.Host = event.UnitFinished, "h1"
		f.Emit(e)
	}
	if f.Left["h1"] != 2 || len(f.Left) != 1 || f.Unknown != 1 || len(f.errs) != 1 {
		t.Errorf("%v left, %d unknown, %d errors; want 2, 1 and 1", f.Left, f.Unknown, len(f.errs))
	}
}

// TestNothingAfterIt: only where something was to follow on that host is it said that it was not done.
func TestNothingAfterIt(t *testing.T) {
	var f Failures
	for _, host := range []string{"h1", "h2"} {
		f.Emit(event.Event{Kind: event.UnitFinished, Host: host, Status: unit.Failed, Open: true, Action: abi.Run, Err: &diag.Error{Summary: "exit code 1"}})
	}
	f.Emit(event.Event{Kind: event.UnitFinished, Host: "h1", Status: unit.Skipped, Open: true, Action: abi.Run, Reason: apply.NotReached})
	var hints []string
	for e := range diag.All(f.Err()) {
		d, _ := errors.AsType[*diag.Error](e)
		hints = append(hints, d.Hint)
	}
	if want := []string{"nothing after it was done there", ""}; !slices.Equal(hints, want) {
		t.Errorf("got %q, want %q", hints, want)
	}
}
