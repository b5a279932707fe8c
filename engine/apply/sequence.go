package apply

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// maxAhead bounds the ops that are sent ahead in one sequence, so that
// progress is seen and an interrupt is answered.
const maxAhead = 64

// stretch counts the steps from the first that can be sent ahead as a fixed
// sequence: everything about them is known, whatever the ones before do. A
// program ends it, because only the provider can tell from its exit code
// whether the steps behind it may run.
func stretch(steps []*plan.Step) int {
	ops := 0
	for i, s := range steps {
		if !fixed(s) {
			return i
		}
		if ops += len(s.Reads) + len(s.Change.Effects); ops > maxAhead && i > 0 {
			return i
		}
		if s.Acts() && slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return e.Op.Exec != nil }) {
			return i + 1
		}
	}
	return len(steps)
}

// fixed reports whether nothing about the step waits for its turn.
func fixed(s *plan.Step) bool {
	if s.Err != nil || s.Change == nil || s.Unit.When != nil || len(s.Unit.Later) > 0 {
		return false
	}
	for _, e := range s.Change.Effects {
		if len(e.Unknown) > 0 {
			return false
		}
	}
	return true
}

// part is a step's share of a sequence: outcomes [from, effects) are its reads, [effects, to) its effects.
type part struct {
	step              *plan.Step
	from, effects, to int
	started           time.Time
}

// sequence sends a stretch of steps ahead in one go: each step's reads, which
// must come out as they did at plan, and then its effects. It returns how many
// steps had their turn: the host stops at the first surprise, which is then
// handled on its own.
func (r *hostRun) sequence(ctx context.Context, play string, steps []*plan.Step) int {
	parts, todo, err := r.layOut(steps)
	if err != nil {
		r.fail(play, steps[0], time.Now(), err)
		return 1
	}
	var outcomes []dial.Outcome
	if len(todo) > 0 {
		longest := longest(parts)
		if longest != nil {
			r.emit(play, longest.step, event.Event{Kind: event.UnitStarted})
		}
		outcomes, err = r.host.Target.Run(ctx, todo)
		for i := range parts {
			if p := &parts[i]; p != longest {
				p.started = time.Now()
			}
		}
		if err != nil {
			return r.lost(ctx, play, parts, outcomes, err)
		}
	}
	for i := range parts {
		p := &parts[i]
		if held(outcomes[p.from:p.effects]) && ran(outcomes[p.effects:p.to]) {
			r.conclude(ctx, play, p, outcomes[p.effects:p.to])
			if r.err != nil {
				return i + 1
			}
			continue
		}
		r.dirty = true
		r.single(ctx, play, p.step)
		return i + 1
	}
	return len(steps)
}

// longest is the part that the time of a sequence is put down to, or nil: the
// last that acts, because a program ends its stretch.
func longest(parts []part) *part {
	for i := range slices.Backward(parts) {
		if parts[i].to > parts[i].effects {
			return &parts[i]
		}
	}
	return nil
}

// layOut lists the ops of a stretch. Nothing is asked of a step that has
// nothing to do while the host is as the plan found it.
func (r *hostRun) layOut(steps []*plan.Step) ([]part, []dial.Step, error) {
	parts := make([]part, len(steps))
	var todo []dial.Step
	dirty := r.dirty
	for i, s := range steps {
		p := part{step: s, from: len(todo), started: time.Now()}
		if dirty || s.Acts() {
			for _, e := range s.Reads {
				todo = append(todo, dial.Step{Op: e.Op, User: s.Unit.User, Unit: s.Unit.ID.Local(), Expect: wire.Digest(e.Result)})
			}
		}
		p.effects = len(todo)
		if s.Acts() {
			for _, e := range s.Change.Effects {
				if err := plan.Attach(s.Unit, e.Op); err != nil {
					return nil, nil, err
				}
				todo = append(todo, dial.Step{Op: e.Op, User: s.Unit.User, Unit: s.Unit.ID.Local()})
			}
			dirty = dirty || s.Change.Action != abi.Probe
		}
		p.to = len(todo)
		parts[i] = p
	}
	return parts, todo, nil
}

// lost ends the host's part: the connection went in the middle of a sequence.
// What is known to have been done is concluded; whether the rest was, nobody can tell.
func (r *hostRun) lost(ctx context.Context, play string, parts []part, outcomes []dial.Outcome, err error) int {
	for i := range parts {
		p := &parts[i]
		if p.to > len(outcomes) || !held(outcomes[p.from:p.effects]) || !ran(outcomes[p.effects:p.to]) {
			r.fail(play, p.step, p.started, err)
			for _, rest := range parts[i+1:] {
				r.skip(play, rest.step, "the connection was lost; whether it ran is not known")
			}
			return len(parts)
		}
		r.conclude(ctx, play, p, outcomes[p.effects:p.to])
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
func (r *hostRun) conclude(ctx context.Context, play string, p *part, effects []dial.Outcome) {
	s := p.step
	if !s.Acts() && !r.wanted[s.Unit.ID] {
		r.unchanged(play, s)
		return
	}
	req := s.Request(abi.Apply)
	for i, o := range effects {
		if !o.Ran && o.Result.Error == nil {
			break
		}
		req.Log = append(req.Log, abi.Entry{Op: s.Change.Effects[i].Op, Result: o.Result})
	}
	r.finish(ctx, play, s, req, p.started)
}

// finish lets the provider end the turn, performing what it still needs
// within what it announced, and reports the outcome.
func (r *hostRun) finish(ctx context.Context, play string, s *plan.Step, req abi.Request, started time.Time) {
	provider, err := r.Provider(ctx, s.Unit.ID.Type)
	if err != nil {
		r.fail(play, s, started, err)
		return
	}
	env := newEnvelope(s.Change.Effects)
	for _, e := range req.Log {
		if err := env.spend(e.Op); err != nil {
			r.fail(play, s, started, err)
			return
		}
	}
	replies, err := provider.Run(ctx, []abi.Request{req}, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
		results, err := r.perform(ctx, s, env, ops[0])
		return [][]op.Result{results}, err
	})
	switch {
	case err != nil:
		r.fail(play, s, started, err)
	case replies[0].Error != nil:
		r.dirty = true // some of it may have happened
		r.fail(play, s, started, replies[0].Error)
	case replies[0].Outcome == nil:
		r.fail(play, s, started, errors.New("the provider gave no outcome"))
	default:
		r.settle(ctx, play, s, replies[0].Outcome, started)
	}
}

// perform carries out ops that a provider asks for at apply, in their order.
func (r *hostRun) perform(ctx context.Context, s *plan.Step, env *envelope, ops []op.Op) ([]op.Result, error) {
	todo := make([]dial.Step, len(ops))
	for i, o := range ops {
		if o.Changes() || o.Exec != nil { // a guest's word that a program only reads is for plan
			if err := env.spend(o); err != nil {
				return nil, err
			}
		}
		if err := plan.Attach(s.Unit, o); err != nil {
			return nil, err
		}
		todo[i] = dial.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Local()}
	}
	outcomes, err := r.host.Target.Run(ctx, todo)
	if err != nil {
		return nil, err
	}
	results := make([]op.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = o.Result
		if !o.Ran && o.Result.Error == nil {
			results[i].Error = &op.Error{Class: op.Permanent, Code: "notrun", Message: "not run, because the op before it failed"}
		}
		r.Contents.AddResult(results[i])
	}
	return results, nil
}
