package resource

import (
	"fmt"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func retryBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "retry",
		Doc: "How a unit that fails is retried: attempts in total, delay before the second one, multiplied by backoff " +
			"for each further one. Permanent errors are not retried. With until, a lambda of the unit's result, " +
			"the unit is retried until it returns True.",
		Example: `cmd("pg_isready", changed_when = False, retry = retry(attempts = 5, delay = "2s", backoff = 1.5))`,
		Make:    eval.Function("retry", makeRetry),
	}
}

// Retry is how a unit is tried again.
type Retry struct {
	attempts int
	delay    args.Duration
	backoff  float64
	until    starlark.Callable // nil for none
}

var _ plain.Plainer = (*Retry)(nil)

func (r *Retry) String() string {
	return fmt.Sprintf("retry(attempts = %d, delay = %q)", r.attempts, time.Duration(r.delay))
}
func (r *Retry) Type() string { return "retry" }

// Freeze implements starlark.Value.
func (r *Retry) Freeze() {
	if r.until != nil {
		r.until.Freeze()
	}
}
func (r *Retry) Truth() starlark.Bool  { return true }
func (r *Retry) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: retry") }

// Plain implements plain.Plainer: a retry is not a value.
func (r *Retry) Plain() (any, error) {
	return nil, (&diag.Error{Summary: "retry(...) is not a value"}).WithHint("give it to a unit: retry = retry(attempts = 3)")
}

func makeRetry(_ *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	r := &Retry{attempts: 3, delay: args.Duration(time.Second), backoff: 1}
	var (
		until   starlark.Value
		backoff starlark.Value = starlark.MakeInt(1)
	)
	err := args.Unpack(b.Name(), pos, kw, "attempts?", &r.attempts, "delay?", &r.delay, "backoff?", &backoff, "until?", &until)
	if err != nil {
		return nil, err
	}
	factor, ok := starlark.AsFloat(backoff)
	switch {
	case r.attempts < 1 || r.attempts > 1000:
		return nil, &diag.Error{Summary: fmt.Sprintf("retry: attempts is %d, want 1 to 1000", r.attempts)}
	case !ok || factor < 1 || factor > 100:
		return nil, &diag.Error{Summary: fmt.Sprintf("retry: backoff is %s, want a number from 1 to 100", backoff)}
	}
	r.backoff = factor
	if until == nil || until == starlark.None {
		return r, nil
	}
	if r.until, ok = until.(starlark.Callable); !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("retry: until: got %s, want a lambda", until.Type())}).
			WithHint(`the argument is the unit's result: until = lambda r: "ready" in r.stdout`)
	}
	if err := args.Arity(r.until, 1); err != nil {
		return nil, (&diag.Error{Summary: "retry: until: " + err.Error()}).
			WithHint(`the argument is the unit's result: until = lambda r: "ready" in r.stdout`)
	}
	return r, nil
}

// toRetry unpacks the argument: what retry() returned, or a number of attempts.
func toRetry(v starlark.Value) (*Retry, error) {
	switch v := v.(type) {
	case *Retry:
		return v, nil
	case starlark.Int:
		n, err := starlark.AsInt32(v)
		if err == nil && n >= 1 && n <= 1000 {
			return &Retry{attempts: n, delay: args.Duration(time.Second), backoff: 1}, nil
		}
		return nil, fmt.Errorf("got %s attempts, want 1 to 1000", v)
	}
	return nil, fmt.Errorf("got %s, want retry(attempts = ..., delay = ...) or a number of attempts", v.Type())
}

// unit gives the retry the engine's shape; until comes with the unit's lambdas.
func (r *Retry) unit() *unit.Retry {
	return &unit.Retry{Attempts: r.attempts, Delay: time.Duration(r.delay), Backoff: r.backoff}
}
