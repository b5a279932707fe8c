package planning

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/depend"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
)

// planInTime plans a host within its time.
func (p *Planner) planInTime(ctx context.Context, h *inventory.Host) *plan.Host {
	planned := &plan.Host{Host: h, Plays: map[int]*plan.Play{}}
	doing := "connecting"
	if p.HostTime <= 0 {
		planned.Err = p.planHost(ctx, planned, &doing)
		return planned
	}
	bounded, cancel := context.WithTimeout(ctx, p.HostTime)
	defer cancel()
	planned.Err = p.planHost(bounded, planned, &doing)
	if planned.Err != nil && ctx.Err() == nil && bounded.Err() != nil {
		planned.Err = p.Late(h.Name, doing)
	}
	return planned
}

// planHost plans a host, and notes what it is at.
func (p *Planner) planHost(ctx context.Context, h *plan.Host, doing *string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if h.Target, err = p.Connect(ctx, h.Host); err != nil {
		return err
	}
	*doing = "evaluating the runbook"
	if err := p.evaluate(ctx, h); err != nil {
		return err
	}
	var all []*plan.Step
	for _, s := range h.Steps() {
		p.Contents.AddUnit(s.Unit)
		all = append(all, s)
	}
	*doing = "reading its units"
	if err := p.compare(ctx, h, all); err != nil {
		return err
	}
	if err := p.restore(ctx, h); err != nil {
		return err
	}
	if err := p.refuseRemovals(ctx, h, all); err != nil {
		return err
	}
	refuseOwnRestart(h, all)
	if p.Guards != nil {
		if err := guard.Mark(h, all, p.Guards); err != nil {
			return err
		}
		if err := guard.Lead(ctx, h, all, p.User); err != nil {
			return err
		}
	}
	h.Warnings = append(h.Warnings, exposed(h.Host.Name, all)...)
	h.Warnings = append(h.Warnings, depend.Conditions(ctx, all)...)
	depend.Rivals(h)
	h.Warnings = append(h.Warnings, depend.Notes(h)...)
	resume.Refuse(all)
	depend.Guards(h)
	for _, play := range h.Plays {
		depend.Handlers(play)
		depend.Hooks(play)
	}
	depend.Prerequisites(h)
	*doing = "simulating its changes"
	if err := simulate(ctx, h, all); err != nil {
		return err
	}
	depend.Inputs(all)
	if err := inspect.Potential(ctx, p.Provider, all); err != nil {
		return err
	}
	h.Warnings = append(h.Warnings, earlyLooks(h, all)...)
	return nil
}

// compare reads all units of a host together, and the facts with them where the
// runbook has not asked for them already, and asks what each would change.
func (p *Planner) compare(ctx context.Context, h *plan.Host, all []*plan.Step) error {
	reader := inspect.NewReader(h.Target, h.Facts, p.User(h.Host), p.Contents)
	read, err := p.await(ctx, h, own(all))
	if err != nil {
		return err
	}
	err = reader.Read(ctx, p.Provider, read)
	if err == nil { // units that read nothing, too, belong to a machine of which something may be kept
		err = reader.AskFacts(ctx)
	}
	if h.Facts = reader.Facts(); err != nil {
		return err
	}
	if err := p.delegate(ctx, h, all); err != nil {
		return err
	}
	if err := p.protect(ctx, h); err != nil {
		return err
	}
	if err := inspect.Diff(ctx, p.Provider, slices.DeleteFunc(slices.Clone(all), func(s *plan.Step) bool { return s.Change != nil })); err != nil {
		return err
	}
	if err := edits(ctx, p.Provider, own(all)); err != nil {
		return err
	}
	for _, s := range all {
		p.Contents.AddChange(s.Change)
	}
	p.refuseAliases(h, all)
	return nil
}

// own are the steps that act on the host itself.
func own(steps []*plan.Step) []*plan.Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s *plan.Step) bool { return s.Unit.ID.Delegate != "" })
}

// restore finds out what came before: which handlers earlier runs left pending,
// and what of this run was done before it was interrupted.
func (p *Planner) restore(ctx context.Context, h *plan.Host) error {
	var known map[string]resume.Progress
	if p.History != nil {
		var err, unread error
		if known, err = p.progress(ctx, h); err == nil {
			err = resume.Restore(h, known)
		}
		var pending []plan.PendingHandler
		if pending, unread = p.History.PendingHandlers(ctx, h); unread != nil {
			unread = fmt.Errorf("read which handlers are pending: %w", unread)
		}
		if err := errors.Join(err, unread); err != nil {
			return err
		}
		depend.MatchPending(h, p.Plays, pending)
	}
	if err := resume.RestoreHandlers(h, known); err != nil {
		return err
	}
	return p.Run.Confirm(ctx, h)
}

func (p *Planner) progress(ctx context.Context, h *plan.Host) (map[string]resume.Progress, error) {
	known, err := p.History.Progress(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("read how far the run had come: %w", err)
	}
	return known, nil
}

// inheritProgress tells the hosts about units that are done once and that another
// one executed, or began, before the run was interrupted, and which takes no part
// now: none of them does it again unasked.
func (p *Planner) inheritProgress(ctx context.Context, hosts []*plan.Host) {
	if p.History == nil {
		return
	}
	for _, h := range hosts {
		if h.Err == nil {
			continue
		}
		known, err := p.progress(ctx, h)
		if err != nil {
			h.Err = errors.Join(h.Err, err)
			continue
		}
		for _, other := range hosts {
			if other.Err == nil && len(known) > 0 {
				other.Err = resume.Inherit(other, known)
			}
		}
	}
}
