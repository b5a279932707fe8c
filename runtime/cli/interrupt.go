package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
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

// interrupted says what an apply that was interrupted has done and what it has not.
func (e *env) interrupted(counts []apply.Count, left int) *diag.Error {
	changed, hosts := 0, 0
	for _, c := range counts {
		changed += c.Changed
		if c.Changed > 0 {
			hosts++
		}
	}
	d := &diag.Error{Code: diag.Interrupted, Summary: fmt.Sprintf("interrupted: %s changed on %s, %s left to do",
		count(changed, "unit"), count(hosts, "host"), count(left, "unit"))}
	return d.WithHint("to go on: %s", e.again())
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// again is the command line that was given, where a shell would read it so.
func (e *env) again() string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:@%+"
	for _, arg := range e.Args {
		if arg == "" || strings.Trim(arg, plain) != "" {
			return "the same command again"
		}
	}
	return "froyo " + strings.Join(e.Args, " ")
}
