package run

import (
	"context"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/claim"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/rollout"
)

// Steps says how the plan is applied.
type Steps struct {
	// Confirmer is asked just before each unit that acts, one host at a time; nil asks nothing.
	Confirmer apply.Confirmer
	// Stop, once it is closed, lets no further unit begin; nil never is.
	Stop <-chan struct{}
}

// Result is what came of applying a plan.
type Result struct {
	Counts []apply.Count // one a host
	// Left counts units that would have acted and were not reached, for whatever reason.
	Left int
	// Unknown counts units that were interrupted and whose outcome is not known.
	Unknown int
	// Err joins what failed.
	Err error
}

// Apply carries the approved plan out.
func (r *Run) Apply(ctx context.Context, how Steps) (*Result, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.record.UsePlan(ctx); err != nil {
		return nil, err
	}
	r.hostTime.Restart()
	var failed blame.Failures
	hosts := r.proposal.begun()
	for _, h := range hosts {
		if h.Err != nil {
			failed.Add(blame.Host(h.Host.Name, h.Err))
		}
	}
	sinks := append(event.Tee{&failed}, r.sinks...)
	if r.live != nil {
		r.live.Into(sinks)
		sinks = append(event.Tee{r.live}, sinks...)
	}
	r.job.printInto(sinks)
	r.notes.Into(sinks)
	locks := &claim.Hosts{
		Store: r.record.Store(), Workspace: r.job.services.Workspace.ID(), Run: r.record.ID, Began: r.record.Began, Worker: r.job.services.Worker,
		Wait: r.options.Wait, Stop: how.Stop, Waiting: r.notes.Take, Warn: r.job.services.Warn,
	}
	items := claim.NewItems(r.job.services.Workspace.Queue(), r.record.Store(), r.job.services.Workspace.ID(), r.record.ID, r.job.Spec.Resumed != nil, r.job.services.Worker)
	executor := &apply.Executor{
		Types: r.job.services.Types, Log: r.record.Log, Protector: r.record.Protector,
		Contents: r.plan.Contents, Events: sinks, Exact: r.job.Spec.Saved != nil, Forks: r.options.Forks, Run: r.record.ID,
		Locker: locks, Queue: items, Stop: how.Stop,
	}
	if how.Confirmer != nil {
		executor.Forks, executor.Confirmer = 1, how.Confirmer
	}
	result := &Result{Counts: executor.Apply(ctx, r.plays(), hosts)}
	failed.Add(locks.Release(ctx))
	failed.Add(items.Close(ctx, failed.None()))
	if ctx.Err() != nil || isClosed(how.Stop) {
		failed.Add(&diag.Error{Code: diag.Interrupted, Summary: "interrupted"})
	}
	result.Left, result.Unknown, result.Err = failed.Left, failed.Unknown, failed.Err()
	return result, nil
}

// plays are the runbook's plays as they are to be carried out.
func (r *Run) plays() []rollout.Play {
	var plays []rollout.Play
	for i, p := range r.job.program.Plays() {
		plays = append(plays, rollout.Play{Name: p.Name, Hosts: r.job.selection.ByPlay[i], Batch: p.Batch, MaxFail: p.MaxFail})
	}
	return plays
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
