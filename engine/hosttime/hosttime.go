// Package hosttime bounds the time that a host may be at work, so that a slow
// one is taken out of a run and does not keep the others. Waiting for other
// hosts is none of it.
package hosttime

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Target is a host whose ops end when its time is up. It is safe for concurrent use.
type Target struct {
	plan.Target
	host  string
	limit time.Duration

	mu     sync.Mutex
	spent  time.Duration // at work, until began
	on     bool          // time counts
	active int           // calls under way
	began  time.Time     // when the first of these did
}

// Wrap bounds the time of a host once Restart has begun a stage.
func Wrap(t plan.Target, host string, limit time.Duration) *Target {
	return &Target{Target: t, host: host, limit: limit}
}

// Restart gives the host its whole time: a stage of the run begins.
func (t *Target) Restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.spent, t.began = true, 0, time.Now()
}

// Do implements plan.Target.
func (t *Target) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	left, done, err := t.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	results, err := t.Target.Do(ctx, bounded(steps, left))
	for i := range results {
		t.explain(&results[i], steps[i], left)
	}
	return results, err
}

// Run implements plan.Target.
func (t *Target) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	left, done, err := t.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	outcomes, err := t.Target.Run(ctx, bounded(steps, left))
	for i := range outcomes {
		t.explain(&outcomes[i].Result, steps[i], left)
	}
	return outcomes, err
}

// begin counts a call in, and returns how much time is left.
func (t *Target) begin() (left time.Duration, done func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.on {
		return math.MaxInt64, func() {}, nil
	}
	spent := t.spent
	if t.active > 0 {
		spent += time.Since(t.began)
	}
	if left = t.limit - spent; left <= 0 {
		return 0, nil, Late(t.host, t.limit, "nothing further is done on it")
	}
	if t.active == 0 {
		t.began = time.Now()
	}
	t.active++
	return left, t.end, nil
}

func (t *Target) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active--; t.active == 0 {
		t.spent += time.Since(t.began)
	}
}

// bounded lets no step take longer than what is left.
func bounded(steps []target.Step, left time.Duration) []target.Step {
	out := make([]target.Step, len(steps))
	for i, s := range steps {
		s.Timeout = min(s.Limit(), max(left, time.Millisecond))
		out[i] = s
	}
	return out
}

// explain says of an op that ran out of time whose time that was.
func (t *Target) explain(r *op.Result, s target.Step, left time.Duration) {
	if r.Error == nil || r.Error.Code != "timeout" || s.Limit() <= left {
		return
	}
	told := *r.Error
	told.Message += fmt.Sprintf(": the time of the host is up (--host-timeout %s)", t.limit)
	r.Error = &told
}

// Late is the error about a host whose time is up.
func Late(host string, limit time.Duration, what string) *diag.Error {
	return (&diag.Error{
		Summary: fmt.Sprintf("its time is up (--host-timeout %s): %s", limit, what), Host: host, Code: diag.Failed,
		Cause: context.DeadlineExceeded,
	}).WithHint("look at what is slow on the host, or give it more time")
}
