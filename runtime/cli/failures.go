package cli

import (
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// failures collects the errors of a run, to be told at its end. It implements event.Sink.
type failures struct {
	mu   sync.Mutex
	errs []error
}

// Emit implements event.Sink.
func (f *failures) Emit(e event.Event) {
	if e.Kind == event.UnitFinished && e.Status == unit.Failed && e.Err != nil {
		f.add(hostError(e.Host, e.Err))
	}
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}
