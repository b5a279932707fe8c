// Package planning makes plans: it has the runbook evaluated for each host, reads
// the host, asks the providers for the difference, and settles what depends on
// what: conditions, handlers, what is done once, what must not be removed.
//
// It imports engine/plan, engine/inspect, engine/depend and engine/resume.
package planning

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/depend"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/runner/target"
)

// History is what is kept of the run that is planned, and of earlier ones. Its
// methods are asked of a host once it is known which machine that is.
type History interface {
	// PendingHandlers lists the handlers that earlier runs left pending.
	PendingHandlers(ctx context.Context, h *plan.Host) ([]plan.PendingHandler, error)
	// Protected lists the resources that are protected.
	Protected(ctx context.Context, h *plan.Host) ([]protect.Resource, error)
	// Progress tells how far units had come when the run was interrupted, by their
	// local names; it tells nothing in a new run. It is also asked of hosts that could
	// not be reached, of which Facts is nil.
	Progress(ctx context.Context, h *plan.Host) (map[string]resume.Progress, error)
}

// Planner plans hosts. All fields but History, Run, Delegate, Plays, Guards,
// HostTime and Late must be set.
type Planner struct {
	// Connect gives the host to read; it may do its work later, at the first use.
	Connect func(ctx context.Context, h *inventory.Host) (plan.Target, error)
	// Evaluate runs the runbook for a host.
	Evaluate func(ctx context.Context, h *inventory.Host, t plan.Target) (*Evaluation, error)
	// Provider gives the provider of a resource type.
	Provider inspect.Providers
	// User is who reads facts on a host: the one that most units run as.
	User func(h *inventory.Host) string
	// History is nil where nothing is kept.
	History History
	// Delegate gives a host of the inventory that units of others act on. It may be
	// nil where there are none.
	Delegate func(ctx context.Context, name string) (*inventory.Host, plan.Target, error)
	// Run is the run that is planned, as hosts know it.
	Run resume.Run
	// Plays names the plays by their index, as pending handlers do.
	Plays []string
	// Guards says which units of a host are applied under guard; nil is that none is.
	Guards func(h *inventory.Host) guard.Access
	// Contents collects what hosts' files hold, for diffs.
	Contents *plan.Contents
	Events   event.Sink
	// Forks bounds the hosts at work at once.
	Forks int
	// HostTime bounds how long a host is planned, and Late is the error where that is
	// up, with what the host was at; 0 does not bound it.
	HostTime time.Duration
	Late     func(host, doing string) error

	delegates delegates
}

// Plan plans all hosts, each on its own: what fails stays in its Host.Err. The
// answer has the order of hosts.
func (p *Planner) Plan(ctx context.Context, hosts []*inventory.Host) []*plan.Host {
	planned := make([]*plan.Host, len(hosts))
	var g errgroup.Group
	g.SetLimit(max(1, p.Forks))
	for i, h := range hosts {
		g.Go(func() error {
			p.Events.Emit(event.Event{Kind: event.HostStarted, Host: h.Name})
			planned[i] = p.planInTime(ctx, h)
			p.report(planned[i])
			return nil
		})
	}
	_ = g.Wait() // no worker returns an error
	p.inheritProgress(ctx, planned)
	depend.Once(planned)
	depend.Delegated(planned)
	return planned
}

// report tells the stream how planning a host ended.
func (p *Planner) report(h *plan.Host) {
	e := event.Event{Kind: event.HostPlanned, Host: h.Host.Name}
	for range h.Steps() {
		e.Total++
	}
	if h.Err != nil {
		e.Kind, e.Err = event.HostFailed, h.Err
		if lost, ok := errors.AsType[*target.Error](h.Err); ok {
			e.Unreachable = lost.Unreachable()
		}
	}
	p.Events.Emit(e)
}
