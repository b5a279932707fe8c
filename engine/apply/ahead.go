package apply

import (
	"context"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// ahead counts the steps from the first that are sent ahead; where each unit is
// asked about, none that acts is.
func (r *hostRun) ahead(steps []*plan.Step) int {
	n := sequence.Ahead(steps)
	if r.exec.Guard != nil {
		n = guard.Ahead(steps[:n])
	}
	if r.exec.Confirmer == nil {
		return n
	}
	for i, s := range steps[:n] {
		if s.Acts() {
			return i
		}
	}
	return n
}

// sequence sends a stretch of steps ahead in one go: each step's reads, which
// must come out as they did at plan, and then its effects. It returns how many
// steps were executed: the host stops at the first surprise, which is then
// handled on its own. None was where the host is another run's.
func (l *lane) sequence(ctx context.Context, steps []*plan.Step) (executed int) {
	if err := l.host.log.RecordIntent(ctx, steps); err != nil {
		l.fail(steps[0], time.Now(), err, nil)
		return 1
	}
	defer func() { l.unrecorded(l.host.log.CancelIntent(steps[executed:])) }()
	layout, err := sequence.Lay(l.host.protected(steps), l.dirty, l.host.key)
	if err != nil {
		l.fail(steps[0], time.Now(), err, nil)
		return 1
	}
	sent := &sentSequence{lane: l, parts: layout.Parts}
	if len(layout.Ops) > 0 {
		ok, err := sent.send(ctx, layout)
		if !ok {
			return 0
		}
		if err != nil {
			return sent.lost(ctx, err)
		}
	}
	return sent.conclude(ctx)
}

// protected are steps with what must not be removed by now.
func (r *hostRun) protected(steps []*plan.Step) []*plan.Step {
	now := steps
	for i, s := range steps {
		if set := r.protections.Of(s.Protections); set != s.Protections {
			changed := *s
			changed.Protections = set
			if &now[0] == &steps[0] {
				now = slices.Clone(steps)
			}
			now[i] = &changed
		}
	}
	return now
}

// sentSequence is a stretch of steps that was sent ahead, and what came of it.
type sentSequence struct {
	lane     *lane
	parts    []*sequence.Part
	outcomes []target.Outcome
}

// send performs a layout's ops on the host, which is locked first where they
// change it. It reports false where the host may not be changed.
func (q *sentSequence) send(ctx context.Context, layout *sequence.Layout) (ok bool, err error) {
	l := q.lane
	longest := layout.Longest()
	if longest != nil {
		l.host.emit(longest.Step, event.Event{Kind: event.UnitStarted})
	}
	request, ok := l.requestLock(ctx, q.parts[0].Step, layout.ChangesHost())
	if !ok {
		return false, nil
	}
	apart := q.apart()
	outcomes, err := l.send(ctx, nil, slices.Concat(request, apart, layout.Ops))
	if q.outcomes, ok = l.lockAcquired(request, outcomes); !ok {
		return false, nil
	}
	q.outcomes = q.outcomes[min(len(apart), len(q.outcomes)):]
	for _, p := range q.parts {
		if p != longest {
			p.Started = time.Now()
		}
	}
	return true, err
}

// apart asks, before anything is done, whether paths of steps that are not guarded lead to what lets one in by now: then the host
// does nothing, and each is looked at on its own.
func (q *sentSequence) apart() []target.Step {
	if q.lane.host.exec.Guard == nil {
		return nil
	}
	steps := make([]*plan.Step, len(q.parts))
	for i, p := range q.parts {
		steps[i] = p.Step
	}
	together := guard.Together(steps)
	if together == nil {
		return nil
	}
	user := steps[0].Unit.User
	if slices.ContainsFunc(steps, func(s *plan.Step) bool { return s.Unit.User == "root" }) { // who may look anywhere
		user = "root"
	}
	var ask []target.Step
	for _, o := range guard.Ask(together) {
		ask = append(ask, target.Step{Op: o, User: user, Expect: protocol.Digest(op.Result{Overlap: &op.OverlapResult{}})})
	}
	return ask
}

// conclude ends the steps that the host came to, and returns how many.
func (q *sentSequence) conclude(ctx context.Context) int {
	l := q.lane
	l.buffering = true
	defer l.flush()
	var failed *sequence.Part
	for i, p := range q.parts {
		reads, effects := p.Outcomes(q.outcomes)
		if failed != nil && p.SharesWrite(failed) { // whose write would have been this one's, too
			l.leave(p.Step, "not done: it is one write with "+failed.Step.Unit.ID.Bare())
			l.unrecorded(l.host.log.CancelIntent([]*plan.Step{p.Step}))
			continue
		}
		switch done := sequence.AsPlanned(reads) && sequence.Executed(effects); {
		case l.err != nil && len(effects) == 0:
			l.leave(p.Step, NotReached)
			continue
		case l.err != nil && !done:
			return i // one failed, and the host did not come to this
		case !done:
			if l.flush(); l.err != nil {
				l.leave(p.Step, NotReached)
				return i + 1
			}
			l.dirty = true
			newAttempt(l, p.Step).single(ctx)
			return i + 1
		}
		if sequence.FailedForAnother(effects) {
			return q.concludeTransaction(ctx, i)
		}
		if q.concludePart(ctx, p, effects); failed == nil && l.err != nil {
			failed = p
		}
	}
	return len(q.parts)
}

// lost ends the host's part: the connection went in the middle of a sequence.
// What is known to have been done is concluded; whether the rest was is unknown.
func (q *sentSequence) lost(ctx context.Context, err error) int {
	l := q.lane
	l.buffering = true
	defer l.flush()
	why := "the connection was lost; whether it ran is not known"
	if hostlock.IsLost(err) {
		why = "the run no longer had the host; whether it ran is not known"
	}
	ctx = context.WithoutCancel(ctx) // it may be an interrupt that ended the sequence
	for i, p := range q.parts {
		reads, effects := p.Outcomes(q.outcomes)
		if !sequence.AsPlanned(reads) || !sequence.Executed(effects) {
			l.fail(p.Step, p.Started, err, nil)
			for _, rest := range q.parts[i+1:] {
				l.leave(rest.Step, why)
			}
			return len(q.parts)
		}
		q.concludePart(ctx, p, effects)
		if l.err != nil {
			return i + 1
		}
	}
	return len(q.parts)
}

// concludePart ends a step whose ops have been performed: the provider says from
// their results what came of it.
func (q *sentSequence) concludePart(ctx context.Context, p *sequence.Part, effects []target.Outcome) {
	l, s := q.lane, p.Step
	if !s.Acts() && !l.host.log.Required(s.Unit.ID) {
		l.unchanged(s)
		return
	}
	req := s.Request(abi.Apply)
	for i, o := range effects {
		if !o.Ran && o.Result.Error == nil {
			break
		}
		req.Log = append(req.Log, abi.Entry{Op: s.Change.Effects[i].Op, Result: o.Result})
	}
	a := &attempt{lane: l, step: s, started: p.Started}
	if err := a.act(ctx, req); err != nil {
		l.fail(s, p.Started, err, a.output)
	}
}

// concludeTransaction ends all parts from one on that share a transaction
// which failed: what was done is concluded, the guilty fail, and the others are
// skipped, whatever their order. It returns how many parts have ended.
func (q *sentSequence) concludeTransaction(ctx context.Context, from int) int {
	l := q.lane
	var innocent []*sequence.Part
	guilty := ""
	to := from
	for ; to < len(q.parts); to++ {
		p := q.parts[to]
		if !p.Acts() {
			l.unchanged(p.Step)
			continue
		}
		if !p.SharesTransaction(q.parts[from]) {
			break
		}
		_, effects := p.Outcomes(q.outcomes)
		if sequence.FailedForAnother(effects) {
			innocent = append(innocent, p)
			continue
		}
		failed := l.err != nil
		q.concludePart(ctx, p, effects)
		if !failed && l.err != nil {
			guilty = p.Step.Unit.ID.Bare()
		}
	}
	var left []*plan.Step
	for _, p := range innocent {
		if guilty == "" { // no other is to blame
			_, effects := p.Outcomes(q.outcomes)
			q.concludePart(ctx, p, effects)
			guilty = p.Step.Unit.ID.Bare()
			continue
		}
		l.leave(p.Step, "not done: the transaction failed for "+guilty)
		left = append(left, p.Step)
	}
	l.unrecorded(l.host.log.CancelIntent(left))
	return to
}
