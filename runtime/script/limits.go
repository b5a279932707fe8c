package script

import (
	"context"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// thread makes a thread within the program's limits. done must be called when
// its work is over. Builtins that take long look at bounds.Context.
func (p *Program) thread(ctx context.Context, name string) (*starlark.Thread, func()) {
	t := &starlark.Thread{Name: name}
	ctx, cancel := context.WithCancelCause(ctx)
	bounds.SetContext(t, ctx)
	t.SetMaxExecutionSteps(p.opts.MaxSteps)
	t.OnMaxSteps = func(t *starlark.Thread) {
		t.Cancel(fmt.Sprintf("the evaluation took more than %d steps", p.opts.MaxSteps))
	}
	if ctx.Err() != nil {
		t.Cancel("interrupted")
	}
	stop := context.AfterFunc(ctx, func() { t.Cancel("interrupted") })
	release := p.watchdog.watch(func(why string) {
		t.Cancel(why) // the first reason counts
		cancel(fmt.Errorf("%s", why))
	})
	return t, func() {
		stop()
		release()
		cancel(nil)
	}
}
