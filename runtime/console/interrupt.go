package console

import (
	"context"
	"os"
	"sync"
	"syscall"
)

// interrupts decides what a signal does: it cancels the command, but for the
// first while changes are being made, which lets what is under way end.
type interrupts struct {
	mu       sync.Mutex
	cancel   context.CancelFunc
	work     context.CancelFunc // ends what is under way, which Ctrl-C then means; nil where that is the command
	stop     chan struct{}      // closed by the first interrupt; nil where it cancels
	told     func(why string)   // called then
	softened bool               // the first has come
	why      string             // it came, "" for Ctrl-C
}

// What interrupts a run beside Ctrl-C, as it is told.
const (
	byTerminal = "the terminal was closed"
	bySignal   = "SIGTERM was received"
	byReader   = "the output is no longer read"
)

// watch cancels the context that it returns when the process gets a signal.
func (i *interrupts) watch(ctx context.Context, signals <-chan os.Signal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	i.cancel = cancel
	go func() {
		for {
			select {
			case s := <-signals: // never where it is nil
				switch s {
				case syscall.SIGHUP:
					i.leave(byTerminal)
				case syscall.SIGTERM:
					i.press(bySignal)
				default:
					i.press("")
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// press is a wish to end, of which the second is meant.
func (i *interrupts) press(why string) {
	if i.soften(why) {
		return
	}
	i.mu.Lock()
	work := i.work
	i.mu.Unlock()
	if why == "" && work != nil {
		work()
		return
	}
	i.cancel()
}

// leave is that the terminal is gone. It is told more than once, by the kernel and by the shell, and is
// meant only once.
func (i *interrupts) leave(why string) {
	i.mu.Lock()
	softened := i.softened
	i.mu.Unlock()
	if !softened {
		i.press(why)
	}
}

// soften takes an interrupt as the wish to begin nothing more, and reports whether it could.
func (i *interrupts) soften(why string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stop == nil {
		return false
	}
	close(i.stop)
	i.stop, i.softened, i.why = nil, true, why
	i.told(why)
	return true
}

// Interruptible begins work that Ctrl-C ends, and not the command, until end is called.
func (c *Console) Interruptible(ctx context.Context) (work context.Context, end func()) {
	i := c.interrupts
	ctx, cancel := context.WithCancel(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.work = cancel
	return ctx, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.work = nil
		cancel()
	}
}

// Softly makes the next interrupt close the channel and call told, instead of
// cancelling the command, until end is called. why is "" for Ctrl-C.
func (c *Console) Softly(told func(why string)) (stop <-chan struct{}, end func()) {
	i := c.interrupts
	i.mu.Lock()
	defer i.mu.Unlock()
	closed := make(chan struct{})
	i.stop, i.told, i.softened = closed, told, false
	return closed, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.stop = nil
		if i.work == nil {
			return
		}
		if i.softened && i.why != "" { // the command was to end, and not the work alone
			i.cancel()
		}
		i.softened = false
	}
}
