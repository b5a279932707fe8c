package run

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/apply/explain"
	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/target"
)

// Plan is what a run would change. It is not to be changed.
type Plan struct {
	// Hosts are the hosts with what each would change, or why it has no plan.
	Hosts []*plan.Host
	// Contents are the texts that differences refer to.
	Contents *plan.Contents

	job     *Job
	created time.Time
}

// checkTargets refuses the name of a unit that means none, and a decision about one that needs none.
func (p *Plan) checkTargets() error {
	for _, h := range p.Hosts {
		if h.Err != nil {
			return nil // the unit may be that host's
		}
	}
	return errors.Join(p.job.targets.Unmatched(), p.job.tags.Unmatched(p.job.Spec.Tags), p.job.decisions.Unmatched(p.Hosts))
}

// Generated are the secrets that are made and kept when the plan is applied.
func (p *Plan) Generated() []secret.Ref {
	if secrets := p.job.services.Secrets; secrets != nil {
		return secrets.Fresh()
	}
	return nil
}

// Asked reports whether the runbook has asked for a secret.
func (p *Plan) Asked(name string) bool {
	secrets := p.job.services.Secrets
	return secrets != nil && secrets.Known(name)
}

// Left are the hosts that are not begun, since they could not be reached or planned.
func (p *Plan) Left() []string {
	var names []string
	for _, h := range p.begun() {
		if h.Err != nil {
			names = append(names, h.Host.Name)
		}
	}
	return names
}

// Errors are the reasons why hosts and units have no plan.
func (p *Plan) Errors() error {
	var errs []error
	for _, h := range p.Hosts {
		if h.Err != nil {
			errs = append(errs, blame.Host(h.Host.Name, h.Err))
		}
		for _, s := range h.Steps() {
			if s.Err != nil {
				errs = append(errs, explain.Unit(s.Unit, s.Err))
			}
		}
	}
	return errors.Join(errs...)
}

// HostErrors are those of hosts as a whole, of which the plan shows no unit.
func (p *Plan) HostErrors() error {
	var errs []error
	for _, h := range p.Hosts {
		if h.Err != nil {
			errs = append(errs, blame.Host(h.Host.Name, h.Err))
		}
	}
	return errors.Join(errs...)
}

// Warnings are remarks on the runbook that planning brought up.
func (p *Plan) Warnings() []*diag.Error {
	var all []*diag.Error
	for _, h := range p.Hosts {
		all = append(all, h.Warnings...)
	}
	return append(all, unnotified(p.Hosts)...)
}

// Rollouts are how the plays go over their hosts, play by play.
func (p *Plan) Rollouts() []plan.Rollout {
	plays := p.job.program.Plays()
	all := make([]plan.Rollout, len(plays))
	for i, play := range plays {
		if play.MaxFail != nil {
			all[i].MaxFail = play.MaxFail.String()
		}
		var names []string
		for _, h := range p.Hosts {
			if h.Begun() && h.Plays[i] != nil {
				names = append(names, h.Host.Name)
			}
		}
		sizes := rollout.Batches(len(names), play.Batch)
		if len(sizes) < 2 {
			continue
		}
		for _, n := range sizes {
			all[i].Batches, names = append(all[i].Batches, names[:n:n]), names[n:]
		}
	}
	return all
}

// Interrupted counts the units of a resumed run that are done, and those whose outcome is not known.
func (p *Plan) Interrupted() (done, unknown int) {
	for _, h := range p.Hosts {
		for _, s := range h.Steps() {
			if s.Done {
				done++
			}
			if !s.Interrupted.IsZero() {
				unknown++
			}
		}
	}
	return done, unknown
}

// Changing counts the hosts that have something to do.
func (p *Plan) Changing() int {
	n := 0
	for _, h := range p.Hosts {
		acts := false
		for _, s := range h.Steps() {
			acts = acts || s.Acts() || s.Err != nil
		}
		if acts && h.Err == nil && len(h.Unplanned()) == 0 {
			n++
		}
	}
	return n
}

// Unplanned counts the hosts of which it is not known what is left to do there.
func (p *Plan) Unplanned() int {
	n := 0
	for _, h := range p.Hosts {
		if h.Err != nil {
			n++
		}
	}
	return n
}

// Applicable says why the plan cannot be applied, or nil. A runbook that is wrong for any
// host changes none.
func (p *Plan) Applicable() error {
	for _, h := range p.Hosts {
		if h.Err != nil && diag.CodeOf(blame.Host(h.Host.Name, h.Err)) == diag.Usage {
			return p.Errors()
		}
	}
	return nil
}

// begun returns the hosts as they are applied: one on which a unit could not be planned is
// not begun, since it is known that it would not be finished.
func (p *Plan) begun() []*plan.Host {
	hosts := slices.Clone(p.Hosts)
	for i, h := range hosts {
		if h.Err != nil {
			continue
		}
		var errs []error
		for _, s := range h.Unplanned() {
			errs = append(errs, explain.Unit(s.Unit, s.Err))
		}
		if len(errs) > 0 {
			refused := *h // the plan stays as it is
			refused.Err = errors.Join(errs...)
			hosts[i] = &refused
		}
	}
	return hosts
}

// refuseStale takes the hosts that differ from the saved plan out of what is proposed. Of a
// plan that was carried out in part, hosts differ that need more than what is left of it.
func (r *Run) refuseStale() error {
	saved := r.job.Spec.Saved
	if saved == nil {
		return nil
	}
	differs := planfile.Stale
	if r.job.Spec.Resumed != nil {
		differs = planfile.Beyond
	}
	now, err := r.plan.Document()
	if err != nil {
		return err
	}
	proposal := *r.plan
	proposal.Hosts = slices.Clone(r.plan.Hosts)
	var all []error
	for i, h := range proposal.Hosts {
		if h.Err != nil {
			continue // it says itself why it takes no part
		}
		was, ok := saved.Host(h.Host.Name)
		is, _ := now.Host(h.Host.Name)
		stale := (&diag.Error{Summary: "the saved plan does not hold this host", Host: h.Host.Name}).WithCode(diag.Stale)
		if ok {
			stale = differs(was, is)
		}
		if stale != nil {
			refused := *h // the plan stays as it is
			refused.Err = stale
			proposal.Hosts[i] = &refused
			all = append(all, stale)
		}
	}
	r.proposal, r.refused = &proposal, errors.Join(all...)
	return nil
}

// AllOrNothing tells why nothing is done on any host where a flag wants that and one of them
// is refused or has no plan, else it is nil.
func (p *Plan) AllOrNothing(flag string) error {
	var reasons []error
	for _, h := range p.begun() {
		if h.Err != nil {
			reasons = append(reasons, blame.Host(h.Host.Name, h.Err))
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	summary := fmt.Sprintf("nothing was done on any host: %d of %d cannot be done as planned", len(reasons), len(p.Hosts))
	return errors.Join(append(reasons, (&diag.Error{Summary: summary, Code: diag.CodeOf(errors.Join(reasons...))}).
		WithHint("fix them or make a new plan; without %s the other hosts are done", flag))...)
}

// RefusedCounts is the recap of a run that was stopped before its first change.
func (p *Plan) RefusedCounts() []apply.Count {
	counts := make([]apply.Count, len(p.Hosts))
	for i, h := range p.begun() {
		counts[i].Host = h.Host.Name
		lost, isLost := errors.AsType[*target.Error](h.Err)
		switch {
		case isLost && lost.Unreachable():
			counts[i].Unreachable = 1
		case h.Err != nil:
			counts[i].Failed = 1
		}
		for range h.Steps() {
			counts[i].Skipped++
		}
	}
	return counts
}
