package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unitfilter"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Wanted is what a runbook wants of a host, as far as that is known without asking it.
type Wanted struct {
	Host *inventory.Host
	*planning.Evaluation
	// Stopped says where the evaluation ended for want of a value, nil where it did not.
	Stopped *diag.Error
}

// Offline evaluates the runbook for each host without connecting to any, with the facts
// that earlier runs stored. Where one is missing that host is evaluated up to there. The
// error joins what is wrong with the runbook; all comes with it.
func (j *Job) Offline(ctx context.Context) (all []Wanted, err error) {
	store, err := j.services.Workspace.Kept(ctx)
	if err != nil {
		return nil, err
	}
	known := &stored{workspace: j.services.Workspace.ID()}
	if store != nil {
		known.facts = store
		defer store.Close() //nolint:errcheck // it was only read
	}
	var errs []error
	for _, h := range j.selection.Hosts {
		ev, stopped, err := j.units(ctx, h, known)
		if err != nil {
			for e := range diag.All(err) {
				if d, ok := errors.AsType[*diag.Error](e); ok {
					d.Code = diag.Usage // no host is at work that could have failed
				}
				errs = append(errs, e)
			}
			continue
		}
		all = append(all, Wanted{h, ev, stopped})
		for _, w := range ev.Warnings {
			j.services.Warn(w)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return all, err
	}
	partly := slices.ContainsFunc(all, func(w Wanted) bool { return w.Stopped != nil })
	if err := j.targets.Unmatched(); err != nil || partly { // what was not reached may have the tag
		return all, err
	}
	return all, j.tags.Unmatched(j.Spec.Tags)
}

// checkNames refuses names of units and tags that match nothing before any host is connected to, where what the runbook
// wants of the hosts does not depend on what they say. Where it does, or is wrong, planning tells.
func (j *Job) checkNames(ctx context.Context) error {
	s := &j.Spec
	narrowed := len(s.Only)+len(s.Exclude)+len(s.Tags.Only)+len(s.Tags.Skip) > 0
	if !narrowed || s.Saved != nil || s.Resumed != nil {
		return nil
	}
	targets, err := unitfilter.Parse(s.Only, s.Exclude, j.services.Types.KeyIsPath)
	if err != nil {
		return err
	}
	var tags unitfilter.Names
	unmatched := func() error { return cmp.Or(targets.Unmatched(), tags.Unmatched(s.Tags)) }
	defer j.printNowhere()()
	for _, h := range j.selection.Hosts {
		_, stopped, err := j.filtered(ctx, h, &stored{workspace: j.services.Workspace.ID()}, targets, &tags)
		if err != nil || stopped != nil {
			return nil //nolint:nilerr // the host is evaluated again, and what is wrong told then
		}
		if unmatched() == nil {
			return nil
		}
	}
	return unmatched()
}

// stored answers what is known of hosts without a connection: the facts that
// earlier runs kept. It implements runbook.Reader.
type stored struct {
	facts     state.Hosts // nil where nothing was ever stored
	workspace string
}

// Facts implements runbook.Reader.
func (s *stored) Facts(ctx context.Context, h *inventory.Host, n *facts.Namespace) (map[string]any, error) {
	if s.facts == nil {
		return nil, fmt.Errorf("facts of %s: %w", h.Name, runbook.ErrNotKnown)
	}
	known, err := s.facts.Facts(ctx, s.workspace, h.Name)
	if err != nil {
		return nil, err
	}
	for _, f := range known {
		if f.Namespace != n.Name || !f.Fresh(time.Now()) {
			continue
		}
		var values map[string]any
		if err := codec.Unmarshal(f.Data, &values); err != nil {
			return nil, fmt.Errorf("stored facts of %s: %w", h.Name, err)
		}
		return values, n.Check(values)
	}
	return nil, fmt.Errorf("facts of %s: %w", h.Name, runbook.ErrNotKnown)
}

// Do implements runbook.Reader: no host is asked.
func (*stored) Do(_ context.Context, h *inventory.Host, _ string, o op.Op) (op.Result, error) {
	return op.Result{}, fmt.Errorf("%s of %s: %w", o, h.Name, runbook.ErrNotKnown)
}

var _ runbook.Reader = (*stored)(nil)
