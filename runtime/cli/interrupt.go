package cli

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

// heed cancels the context that it returns when the process gets a signal.
func (i *interrupts) heed(ctx context.Context, signals <-chan os.Signal) (context.Context, context.CancelFunc) {
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

// softly makes the next interrupt close the channel and call told, until end is called.
func (i *interrupts) softly(told func()) (stop <-chan struct{}, end func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := make(chan struct{})
	i.stop, i.told = c, told
	return c, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.stop = nil
	}
}

// isClosed reports whether a channel is.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
