package cli

import (
	"errors"
	"sync"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// failures collects the errors of a run, to be told at its end. It implements event.Sink.
type failures struct {
	mu   sync.Mutex
	errs []error
	tally
}

// Emit implements event.Sink.
func (f *failures) Emit(e event.Event) {
	switch {
	case e.Kind == event.UnitFinished && e.Status == unit.Failed && !e.Ignored && e.Err != nil:
		f.add(unitError(e))
	case e.Kind == event.UnitFinished && e.Reason == apply.Doubted:
		f.mu.Lock()
		f.doubted++
		f.mu.Unlock()
	case e.Kind == event.UnitFinished && e.Status == unit.Skipped && e.Open && e.Action != "" && e.Action != abi.None:
		f.mu.Lock()
		f.left++
		f.mu.Unlock()
	case e.Kind == event.HostFailed, e.Kind == event.HostRefused:
		f.add(hostError(e.Host, e.Err))
	case e.Kind == event.HostStopped:
		f.add(e.Err)
	}
}

// unitError is why a unit failed, with its place, also where the host is to
// blame, and with what to do where nobody knows better.
func unitError(e event.Event) error {
	err := hostError(e.Host, e.Err)
	d, ok := errors.AsType[*diag.Error](err)
	if !ok {
		return err
	}
	told := *d
	if told.Unit == "" {
		told.Unit = e.Unit.Local()
	}
	if told.Pos.File == "" {
		told.Pos = e.Pos
	}
	if told.Hint == "" && told.Code != diag.Interrupted {
		told.Hint = "nothing after it was done on this host; mend the cause and go on as said below"
	}
	return &told
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}
