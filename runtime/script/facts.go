package script

import (
	"context"
	"fmt"
	"maps"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
)

// collectors loads the functions of the workspace that tell facts.
func (l *loader) collectors(ctx context.Context) []*diag.Error {
	var errs []*diag.Error
	for _, n := range l.p.opts.Facts.All() {
		if n.Own == nil || n.Own.Script == "" {
			continue
		}
		name := n.Own.Script
		m, found := l.load(ctx, name, []diag.Frame{{Name: "facts", Pos: diag.Pos{File: n.Own.File}}})
		if errs = append(errs, found...); len(found) > 0 {
			continue
		}
		fn, ok := m.globals[facts.Collect].(starlark.Callable)
		if !ok {
			errs = append(errs, (&diag.Error{Summary: "it does not define the function " + facts.Collect, Pos: diag.Pos{File: name}}).
				WithHint("write def %s(host) that returns a dict of what %s defines", facts.Collect, n.Own.File))
			continue
		}
		if l.p.env.Collect == nil {
			l.p.env.Collect = map[string]func(context.Context, *inventory.Host, eval.Reader) (map[string]any, error){}
		}
		l.p.env.Collect[n.Name] = func(ctx context.Context, h *inventory.Host, r eval.Reader) (map[string]any, error) {
			return l.p.tell(ctx, h, n, r, fn)
		}
	}
	return errs
}

// Collect has a function of the workspace tell facts of a host. It may be called for many hosts at once.
func (p *Program) Collect(ctx context.Context, h *inventory.Host, n *facts.Namespace, r eval.Reader) (map[string]any, error) {
	call := p.env.Collect[n.Name]
	if call == nil {
		return nil, fmt.Errorf("no function tells the facts %s", n.Name)
	}
	return call(ctx, h, r)
}

// tell has a function tell facts within its deadline, in an evaluation of its own.
func (p *Program) tell(ctx context.Context, h *inventory.Host, n *facts.Namespace, r eval.Reader, fn starlark.Callable) (map[string]any, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, n.Deadline, fmt.Errorf("the facts %s took more than %s", n.Name, n.Deadline))
	defer cancel()
	var values map[string]any
	var err error
	if !bounds.Within(ctx, func() { values, err = p.collect(ctx, h, n, r, fn) }) {
		return nil, context.Cause(ctx)
	}
	return maps.Clone(values), err
}

func (p *Program) collect(ctx context.Context, h *inventory.Host, n *facts.Namespace, r eval.Reader, fn starlark.Callable) (values map[string]any, err error) {
	thread, done := p.thread(ctx, h.Name)
	defer done()
	run := builtins.Planning(ctx, p.env, thread, h, r)
	defer run.Scope.End()
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err != nil {
			err = run.Scope.Blame(p.env.Diagnose(err, h.Name))
		}
	}()
	return hostapi.Collect(run.Scope, h, n, fn)
}
