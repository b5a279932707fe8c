package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/runs"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Together is several runbooks that are planned, approved by one answer, and carried out one after the other.
type Together struct {
	Flags   *flags.Planning
	Yes     bool
	NoPause bool
	Diff    bool
	Wait    time.Duration
	Guard   flags.Guard
	// Takes says, once all are planned, which are carried out; arguments are what names it on a command line.
	Takes func(p *run.Plan, arguments string) bool
	// Question is what is asked about these.
	Question func([]*run.Plan) string
	// Settle is called once they are approved, before anything is changed.
	Settle func(context.Context) error
	// Missed are the hosts, once it has run, that were not begun or did not come to their end.
	Missed []string
}

// part is one runbook of several.
type part struct {
	loaded  *client.Loaded
	session *client.Session
	code    diag.Code
	counts  []apply.Count
}

// Run carries the runbooks out, and closes them.
func (t *Together) Run(ctx context.Context, c *console.Console, all []*client.Loaded) (err error) {
	var parts []*part
	code := diag.OK
	defer func() {
		for _, p := range parts {
			if p.counts == nil { // it came to nothing
				p.code = codeWith(p.code, err)
			}
			code = diag.Worst(code, p.code)
			err = errors.Join(err, p.session.Close(ctx, p.code, p.counts))
		}
		err = endWith(code, err)
	}()
	for i, l := range all {
		p, err := t.plan(ctx, l)
		if p != nil {
			parts = append(parts, p)
		}
		if err != nil {
			for _, rest := range all[i+1:] {
				err = errors.Join(err, rest.Close(ctx))
			}
			return err
		}
	}
	var plans []*run.Plan
	if parts, plans, err = t.chosen(ctx, parts); err != nil {
		return err
	}
	x := execution{flags: t.Flags, yes: t.Yes, noPause: t.NoPause, diff: t.Diff, wait: t.Wait, window: t.Guard.Window, unguarded: t.Guard.NoGuard, part: true}
	for _, p := range parts {
		if !t.Flags.JSON {
			fmt.Fprintln(c.Stdout, c.Style(c.Stdout).Paint(ui.Bold, "runbook "+ui.Readable(p.session.Run.Job().Spec.Main)))
		}
		if err := x.show(p.session); err != nil {
			return err
		}
	}
	if err := changeable(plans); err != nil {
		return err
	}
	if err := t.approve(ctx, c, parts, plans); err != nil {
		return err
	}
	for _, p := range parts {
		c.Errors.Source, c.Errors.Subject = p.loaded.Job.Text, p.loaded.Subject
		p.code, p.counts, err = x.carry(ctx, p.loaded, p.session, nil)
		t.miss(p.counts)
		if err != nil || p.code == diag.Interrupted {
			return err
		}
	}
	return nil
}

// changeable says why no host of these plans can be changed, or is nil.
func changeable(plans []*run.Plan) error {
	var reasons []error
	for _, p := range plans {
		if len(p.Left()) < len(p.Hosts) {
			return nil
		}
		reasons = append(reasons, p.Errors())
	}
	return errors.Join(reasons...)
}

// miss notes which hosts did not come to their end.
func (t *Together) miss(counts []apply.Count) {
	for _, n := range counts {
		if n.Failed+n.Unreachable > 0 && !slices.Contains(t.Missed, n.Host) {
			t.Missed = append(t.Missed, n.Host)
		}
	}
}

// plan plans a runbook.
func (t *Together) plan(ctx context.Context, l *client.Loaded) (*part, error) {
	s, err := l.Begin(ctx, runs.OfRotation, t.Flags, client.Options{Lines: t.Flags.JSON, Wait: t.Wait, GuardWindow: t.Guard.Window, Unguarded: t.Guard.NoGuard, Ask: !t.Yes && l.Console.Interactive()})
	if err != nil {
		return nil, err
	}
	p := &part{loaded: l, session: s}
	if err := s.Plan(ctx); err != nil {
		return p, err
	}
	l.NoteTargets()
	return p, nil
}

// chosen are the parts that are carried out; the others are closed.
func (t *Together) chosen(ctx context.Context, all []*part) (parts []*part, plans []*run.Plan, err error) {
	for _, p := range all {
		if !t.Takes(p.session.Run.Planned(), p.loaded.Subject) {
			err = errors.Join(err, p.session.Close(ctx, diag.CodeOf(p.session.Run.Planned().Errors()), nil))
			continue
		}
		parts, plans = append(parts, p), append(plans, p.session.Run.Planned())
	}
	return parts, plans, err
}

// approve asks, and settles what has to be before the first change.
func (t *Together) approve(ctx context.Context, c *console.Console, parts []*part, plans []*run.Plan) error {
	if !t.Yes {
		for _, p := range plans {
			c.Errors.Brief(p.HostErrors())
		}
		if err := c.Approve(ctx, t.Question(plans), "changed"); err != nil {
			return err
		}
	}
	if err := t.Settle(ctx); err != nil {
		return err
	}
	for _, p := range parts {
		if err := approved(ctx, p.session); err != nil {
			return err
		}
	}
	return nil
}
