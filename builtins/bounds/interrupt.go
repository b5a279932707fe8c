package bounds

import (
	"context"
	"time"

	"go.starlark.net/starlark"
)

// Grace is how long a call of a library may go on after an interrupt. It
// cannot be ended from outside: it is left behind, and the process ends soon.
const Grace = 300 * time.Millisecond

// Within does work on a goroutine of its own, and reports whether it ended:
// false is that ctx is done and the work still under way. What the work
// writes must not be read then.
func Within(ctx context.Context, work func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	select {
	case <-done:
		return true
	case <-grace.C:
		return false
	}
}

const contextKey = "froyo.context"

// SetContext gives a thread the context of its work, which is done when the thread is cancelled.
func SetContext(t *starlark.Thread, ctx context.Context) { t.SetLocal(contextKey, ctx) }

// Context returns the context of a thread's work.
func Context(t *starlark.Thread) context.Context {
	if ctx, ok := t.Local(contextKey).(context.Context); ok {
		return ctx
	}
	return context.Background()
}
