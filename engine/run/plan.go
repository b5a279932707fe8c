package run

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/collect"
	"github.com/openfroyo/froyo/runner/fetch"
	"github.com/openfroyo/froyo/runner/probe"
)

// Plan reads the hosts and finds out what each would change. What went wrong with a host
// is in its plan; the error is that of the run as a whole.
func (r *Run) Plan(ctx context.Context) error {
	j := r.job
	if err := j.checkNames(ctx); err != nil {
		return err
	}
	r.sinks.Emit(event.Event{Kind: event.RunStarted, Text: r.options.Command, Total: len(j.selection.Hosts)})
	j.services.Types.Warm(ctx, j.program.Uses)
	go facts.All() // are read while hosts are connected to
	j.printInto(r.sinks)
	r.hosts.Notes.Into(r.sinks)
	r.hosts.Listen(r.sinks, r.sameHost)
	planner := &planning.Planner{
		Connect: func(ctx context.Context, h *inventory.Host) (plan.Target, error) {
			t, err := r.connect(ctx, h)
			if err == nil {
				r.sinks.Emit(event.Event{Kind: event.HostReached, Host: h.Name})
			}
			return t, err
		},
		Evaluate: func(ctx context.Context, h *inventory.Host, _ plan.Target) (*planning.Evaluation, error) {
			ev, _, err := j.units(ctx, h, r.pool)
			if err == nil {
				ev.Facts = r.pool.Known(h)
			}
			return ev, err
		},
		History: r.record.History, Run: resume.Run{ID: r.record.ID, Began: time.Now(), Wait: r.options.Wait}, Delegate: r.delegate, Plays: j.selection.Names,
		Provider: j.services.Types.Provider, User: (*inventory.Host).ActsAs, Contents: r.plan.Contents, Events: r.sinks, Forks: r.options.Forks,
		HostTime: r.hostTime.Limit, Late: r.hostTime.Late,
	}
	if r.options.Guards.On() {
		planner.Guards = func(h *inventory.Host) guard.Access {
			login, known, _ := r.hosts.Login(h.Name)
			return guard.Access{Login: login.User, Remote: known && (h.Connection == inventory.SSH || h.Connection == "")}
		}
	}
	r.plan.Hosts, r.plan.created = planner.Plan(ctx, j.selection.Hosts), time.Now().UTC()
	blame.Runbook(r.plan.Hosts)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.plan.checkTargets(); err != nil {
		return err
	}
	if err := r.record.SavePlan(ctx, r.plan.Hosts, j.selection.Names); err != nil {
		return err
	}
	r.proposal = r.plan
	return r.refuseStale()
}

// connect gives the engine a host whose ops are traced, whose probes are made from here, and whose files come here.
func (r *Run) connect(ctx context.Context, h *inventory.Host) (plan.Target, error) {
	t, err := r.pool.Connect(ctx, h)
	if err != nil {
		return nil, err
	}
	note := func(unit, text string) { r.hosts.Notes.Take(h.Name, unit, text) }
	collects := collect.Wrap(t, h.Name, &r.collected)
	downloads := fetch.Wrap(collects, fetch.Options{Host: h.Name, Via: r.via, Cache: &r.downloads, Note: note})
	sealed := secret.Wrap(probe.Wrap(downloads, probe.Options{Host: h.Name, Via: r.via, Note: note}))
	return r.hostTime.Target(h.Name, r.trace(h.Name, sealed)), nil
}

// via gives the way to connect from a host of the inventory, which need not be one of the run's.
func (r *Run) via(ctx context.Context, name string) (probe.Dial, error) {
	h := r.job.inventory.Host(name)
	if h == nil {
		return nil, fmt.Errorf("the inventory has no host %s", name)
	}
	return r.pool.Dial(ctx, h)
}

// delegate gives the engine a host of the inventory that units of others act on, which
// need not be one of the run's. It shares its connection with all.
func (r *Run) delegate(ctx context.Context, name string) (*inventory.Host, plan.Target, error) {
	h := r.job.inventory.Host(name)
	if h == nil {
		return nil, nil, fmt.Errorf("the inventory has no host %s", name)
	}
	t, err := r.connect(ctx, h)
	return h, t, err
}
