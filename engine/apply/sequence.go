package apply

import (
	"context"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// maxAhead bounds the ops that are sent ahead in one sequence, so that
// progress is seen and an interrupt is answered.
const maxAhead = 64

// stretch counts the steps from the first that can be sent ahead as a fixed
// sequence: everything about them is known, whatever the ones before do. A
// program or a transaction of packages ends it, because only the provider can
// tell from its result whether the steps behind it may run, and a question to the
// runbook, which may fail; so does a probe, since it may wait for long, and what is
// done before it is to be told by then.
func stretch(steps []*plan.Step) int {
	ops := 0
	for i, s := range steps {
		if !fixed(s) {
			return i
		}
		if ops += len(s.Reads) + len(s.Change.Effects); ops > maxAhead && i > 0 {
			return i
		}
		switch {
		case s.Acts() && (has(s, op.KindExec) || has(s, op.KindHTTP) || has(s, op.KindTCP) || s.Unit.ChangedWhen != nil):
			return i + 1
		case s.Acts() && has(s, op.KindPkgEnsure):
			n := i + 1
			for n < len(steps) && fixed(steps[n]) && transacts(steps[n], s.Unit.User) {
				n++
			}
			return n
		}
	}
	return len(steps)
}

// fixed reports whether nothing about the step waits for its turn.
func fixed(s *plan.Step) bool {
	u := s.Unit
	if s.Done || !s.Interrupted.IsZero() || s.Err != nil || s.Change == nil || s.On != nil || u.When != nil || len(u.Later)+len(u.OnChange) > 0 {
		return false
	}
	if s.Elsewhere() || s.Acts() && (u.Throttle > 0 || s.Once != "" || u.Retry != nil || s.Change.Missing != "") {
		return false
	}
	return !slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return len(e.Unknown) > 0 })
}

func has(s *plan.Step, kind op.Kind) bool {
	return slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return e.Op.Kind() == kind })
}

// sequence sends a stretch of steps ahead in one go: each step's reads, which
// must come out as they did at plan, and then its effects. It returns how many
// steps had their turn: the host stops at the first surprise, which is then
// handled on its own. None had where the host is another run's.
func (r *hostRun) sequence(ctx context.Context, steps []*plan.Step) (had int) {
	if err := r.presume(ctx, steps); err != nil {
		r.fail(steps[0], time.Now(), err)
		return 1
	}
	defer func() { r.unbegin(steps[had:]) }()
	l := &layout{run: r, dirty: r.dirty}
	if err := l.add(steps); err != nil {
		r.fail(steps[0], time.Now(), err)
		return 1
	}
	var outcomes []dial.Outcome
	if len(l.todo) > 0 {
		longest := l.longest()
		if longest != nil {
			r.emit(longest.step, event.Event{Kind: event.UnitStarted})
		}
		lead, ok := r.lead(ctx, steps[0], l.anyChanges())
		if !ok {
			return 0
		}
		var err error
		outcomes, err = r.host.Target.Run(ctx, append(lead, l.todo...))
		if outcomes, ok = r.taken(lead, outcomes); !ok {
			return 0
		}
		for _, p := range l.parts {
			if p != longest {
				p.started = time.Now()
			}
		}
		if err != nil {
			return r.lost(ctx, l.parts, outcomes, err)
		}
	}
	r.sent = true
	defer r.clear()
	for i, p := range l.parts {
		reads, effects := p.outcomes(outcomes)
		switch done := held(reads) && ran(effects); {
		case r.err != nil && len(effects) == 0:
			r.leave(p.step, NotReached)
			continue
		case r.err != nil && !done:
			return i // one failed, and the host did not come to this
		case !done:
			if r.clear(); r.err != nil {
				r.leave(p.step, NotReached)
				return i + 1
			}
			r.dirty = true
			r.single(ctx, p.step)
			return i + 1
		}
		if blame(effects) {
			return r.concludeTransaction(ctx, l.parts, i, outcomes)
		}
		r.conclude(ctx, p, effects)
	}
	return len(steps)
}

// lost ends the host's part: the connection went in the middle of a sequence.
// What is known to have been done is concluded; whether the rest was, nobody can tell.
func (r *hostRun) lost(ctx context.Context, parts []*part, outcomes []dial.Outcome, err error) int {
	r.sent = true
	defer r.clear()
	ctx = context.WithoutCancel(ctx) // it may be an interrupt that ended the sequence
	for i, p := range parts {
		reads, effects := p.outcomes(outcomes)
		if !held(reads) || !ran(effects) {
			r.fail(p.step, p.started, err)
			for _, rest := range parts[i+1:] {
				r.leave(rest.step, "the connection was lost; whether it ran is not known")
			}
			return len(parts)
		}
		r.conclude(ctx, p, effects)
		if r.err != nil {
			return i + 1
		}
	}
	return len(parts)
}

// held reports whether reads came out as expected.
func held(reads []dial.Outcome) bool {
	for _, o := range reads {
		if !o.Ran || o.Mismatch {
			return false
		}
	}
	return true
}

// ran reports whether the effects had their turn; the last may have failed.
func ran(effects []dial.Outcome) bool {
	for _, o := range effects {
		if o.Result.Error != nil {
			return true
		}
		if !o.Ran {
			return false
		}
	}
	return true
}

// conclude ends the turn of a step whose ops have been performed: the provider
// says from their results what came of it.
func (r *hostRun) conclude(ctx context.Context, p *part, effects []dial.Outcome) {
	s := p.step
	if !s.Acts() && !r.wanted[s.Unit.ID] {
		r.unchanged(s)
		return
	}
	req := s.Request(abi.Apply)
	for i, o := range effects {
		if !o.Ran && o.Result.Error == nil {
			break
		}
		req.Log = append(req.Log, abi.Entry{Op: s.Change.Effects[i].Op, Result: o.Result})
	}
	if err := r.act(ctx, s, req, p.started); err != nil {
		r.fail(s, p.started, err)
	}
}
