package builtins

import (
	"context"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/inventory"
)

// Evaluation is one evaluation with all that the builtins collect in it.
type Evaluation struct {
	Scope *eval.Scope
	Plays *play.Collector
	Units *units.Set
}

// Loading begins the evaluation of a file's top level; main is the runbook
// itself, others are loaded files.
func Loading(ctx context.Context, env *eval.Env, thread *starlark.Thread, main bool) *Evaluation {
	return collect(env.Loading(ctx, thread, main))
}

// Planning begins the evaluation of plays for one host.
func Planning(ctx context.Context, env *eval.Env, thread *starlark.Thread, host *inventory.Host, r eval.Reader) *Evaluation {
	return collect(env.Planning(ctx, thread, host, r))
}

// Prompt begins the evaluation of what was typed at a prompt. before is the evaluation before it, nil for the first.
func Prompt(ctx context.Context, env *eval.Env, thread *starlark.Thread, r eval.Reader, before *Evaluation) *Evaluation {
	if before == nil {
		return collect(env.Prompt(ctx, thread, r, nil))
	}
	return collect(env.Prompt(ctx, thread, r, before.Scope))
}

func collect(s *eval.Scope) *Evaluation {
	plays := play.Collect(s)
	return &Evaluation{Scope: s, Plays: plays, Units: units.Collect(s, plays)}
}

// Host returns the host as the argument of a play's function.
func (e *Evaluation) Host() starlark.Value { return hostapi.Of(e.Scope, e.Scope.Host()) }
