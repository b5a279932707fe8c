package console

import (
	"context"
	"os"
	"sync"
)

// interrupts decides what a signal does: it cancels the command, but for the
// first interrupt while changes are being made, which lets what is under way end.
type interrupts struct {
	mu   sync.Mutex
	stop chan struct{} // closed by the first interrupt; nil where it cancels
	told func()        // called then
}

// watch cancels the context that it returns when the process gets a signal.
func (i *interrupts) watch(ctx context.Context, signals <-chan os.Signal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case s := <-signals: // never where it is nil
				if s != os.Interrupt || !i.soften() {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// soften takes an interrupt as the wish to begin nothing more, and reports
// whether it could: the second is meant.
func (i *interrupts) soften() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stop == nil {
		return false
	}
	close(i.stop)
	i.stop = nil
	i.told()
	return true
}

// Softly makes the next interrupt close the channel and call told, instead of
// cancelling the command, until end is called.
func (c *Console) Softly(told func()) (stop <-chan struct{}, end func()) {
	i := c.interrupts
	i.mu.Lock()
	defer i.mu.Unlock()
	closed := make(chan struct{})
	i.stop, i.told = closed, told
	return closed, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.stop = nil
	}
}
