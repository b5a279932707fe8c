package run

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/claim"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/rollout"
)

// Steps says how the plan is applied.
type Steps struct {
	// Confirmer is asked just before each unit that acts, one host at a time; nil asks nothing.
	Confirmer apply.Confirmer
	// Pauser is asked at pauses of the runbook, once for the hosts of a batch that have come
	// to one; what it declines interrupts the run. nil lets all continue.
	Pauser rollout.Pauser
	// Stop, once it is closed, lets no further unit begin; nil never is.
	Stop <-chan struct{}
}

// Result is what came of applying a plan.
type Result struct {
	Counts []apply.Count // one a host
	// Left counts, of each host, units that would have acted and were not reached, for whatever reason.
	Left map[string]int
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
	hosts := r.proposal.begun()
	if err := r.job.keepSecrets(ctx, hosts); err != nil {
		return nil, err
	}
	if err := r.record.UsePlan(ctx); err != nil {
		return nil, err
	}
	r.hostTime.Restart()
	var failed blame.Failures
	for _, h := range hosts {
		if h.Err != nil {
			failed.Add(blame.Host(h.Host.Name, h.Err))
		}
	}
	sinks := append(event.Tee{&failed}, r.sinks...)
	if r.hosts.Live != nil {
		r.hosts.Live.Into(sinks)
		sinks = append(event.Tee{r.hosts.Live}, sinks...)
	}
	r.job.printInto(sinks)
	r.hosts.Notes.Into(sinks)
	stop := newStopper(how)
	defer stop.end()
	locks := &claim.Hosts{
		Store: r.record.Store(), Workspace: r.job.services.Workspace.ID(), Run: r.record.ID, Worker: r.job.services.Worker,
		Wait: r.options.Wait, Stop: stop.closed, Waiting: r.hosts.Notes.Take, Warn: r.job.services.Warn,
	}
	items := claim.NewItems(r.job.services.Workspace.Queue(), r.record.Store(), r.job.services.Workspace.ID(), r.record.ID, r.job.Spec.Resumed != nil, r.job.services.Worker)
	executor := &apply.Executor{
		Types: r.job.services.Types, Log: r.record.Log, Protector: r.record.Protector,
		Contents: r.plan.Contents, Events: sinks, Exact: r.job.Spec.Saved != nil, Forks: r.options.Forks, Run: r.record.ID,
		Locker: locks, Queue: items, Stop: stop.closed,
	}
	if r.options.Guards.On() {
		executor.Guard = keeper(r)
	}
	if how.Pauser != nil {
		executor.Pauser = stop
	}
	if how.Confirmer != nil {
		executor.Forks, executor.Confirmer = 1, how.Confirmer
	}
	result := &Result{Counts: executor.Apply(ctx, r.plays(), hosts)}
	failed.Add(locks.Release(ctx))
	failed.Add(items.Close(ctx, failed.None()))
	switch declined := stop.declined; {
	case ctx.Err() != nil || isClosed(how.Stop):
		failed.Add(&diag.Error{Code: diag.Interrupted, Summary: "interrupted"})
	case declined != nil:
		failed.Add(&diag.Error{Code: diag.Interrupted, Summary: "stopped at the pause \"" + declined.Message + "\"", Pos: declined.Pos})
	}
	result.Left, result.Unknown, result.Err = failed.Left, failed.Unknown, failed.Err()
	return result, nil
}

// keeper guards the hosts of a run.
func keeper(r *Run) *guard.Keeper {
	return &guard.Keeper{
		Open: r.pool.Fresh, Program: r.options.Guards.Program, Run: r.record.ID, Window: cmp.Or(r.options.Guards.Window, guard.DefaultWindow),
		Login: func(h *plan.Host) string {
			login, _, _ := r.hosts.Login(h.Host.Name)
			return login.User
		},
	}
}

// keepSecrets keeps the secrets that were generated, where any host is begun that may be given them.
func (j *Job) keepSecrets(ctx context.Context, hosts []*plan.Host) error {
	begun := slices.ContainsFunc(hosts, func(h *plan.Host) bool { return h.Err == nil })
	if secrets := j.services.Secrets; secrets != nil && begun {
		return secrets.Keep(ctx)
	}
	return nil
}

// stopper stops a run where its client does, or where a pause is declined. It implements rollout.Pauser.
type stopper struct {
	pauser rollout.Pauser
	closed chan struct{}
	close  func() // closes it, once
	end    func() // must be called at the end of the run

	mu       sync.Mutex // pauses of several batches are never asked about at once, but those of hosts of one may be
	declined *rollout.Pause
}

func newStopper(how Steps) *stopper {
	s := &stopper{pauser: how.Pauser, closed: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	if isClosed(how.Stop) {
		s.close()
	}
	ended := make(chan struct{})
	s.end = func() { close(ended) }
	go func() {
		select {
		case <-how.Stop: // never where it is nil
			s.close()
		case <-ended:
		}
	}()
	return s
}

// Pause implements rollout.Pauser.
func (s *stopper) Pause(ctx context.Context, p rollout.Pause) bool {
	yes := s.pauser.Pause(ctx, p)
	if !yes {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.declined = &p
		s.close()
	}
	return yes
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
