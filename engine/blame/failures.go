package blame

import (
	"errors"
	"sync"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Failures collects the errors of a run, to be told at its end. It implements event.Sink.
type Failures struct {
	mu      sync.Mutex
	errs    []error
	bare    map[string][]*diag.Error // host → errors of its units among these that have no hint of their own
	Left    map[string]int           // host → units that would have acted and were not reached
	Unknown int                      // interrupted units whose outcome is not known
}

// Emit implements event.Sink.
func (f *Failures) Emit(e event.Event) {
	switch {
	case e.Kind == event.UnitFinished && e.Status == unit.Failed && !e.Ignored && e.Err != nil:
		f.addUnit(e)
	case e.Kind == event.UnitFinished && e.Reason == apply.Unconfirmed:
		f.mu.Lock()
		f.Unknown++
		f.mu.Unlock()
	case e.Kind == event.UnitFinished && e.Status == unit.Skipped && e.Open && e.Action != "" && e.Action != abi.None:
		f.mu.Lock()
		if f.Left == nil {
			f.Left = map[string]int{}
		}
		f.Left[e.Host]++
		for _, d := range f.bare[e.Host] {
			d.Hint = "nothing after it was done there"
		}
		f.mu.Unlock()
	case e.Kind == event.HostFailed, e.Kind == event.HostRefused:
		f.Add(Host(e.Host, e.Err))
	case e.Kind == event.HostStopped:
		f.Add(e.Err)
	}
}

// addUnit adds why a unit failed, with its place, also where the host is to blame.
func (f *Failures) addUnit(e event.Event) {
	err := Host(e.Host, e.Err)
	d, ok := errors.AsType[*diag.Error](err)
	if !ok {
		f.Add(err)
		return
	}
	told := *d
	if told.Unit == "" {
		told.Unit = e.Unit.Local()
	}
	if told.Pos.File == "" {
		told.Pos = e.Pos
	}
	f.Add(&told)
	if told.Hint == "" && told.Code != diag.Interrupted {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.bare == nil {
			f.bare = map[string][]*diag.Error{}
		}
		f.bare[e.Host] = append(f.bare[e.Host], &told)
	}
}

// Add adds an error; nil is none.
func (f *Failures) Add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.errs = append(f.errs, err)
	}
}

// None reports whether nothing failed.
func (f *Failures) None() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.errs) == 0
}

// Err joins what failed.
func (f *Failures) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}
