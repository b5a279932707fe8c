package apply

import (
	"errors"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply/explain"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// outcomes are how the units of a host ended, as far as the run has come. Lambdas
// that were given up may still ask while others end.
type outcomes struct {
	mu    sync.RWMutex
	ended map[unit.ID]*unit.Outcome
}

// end keeps how a unit ended.
func (o *outcomes) end(u *unit.Unit, out unit.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended == nil {
		o.ended = map[unit.ID]*unit.Outcome{}
	}
	o.ended[u.ID] = &out
}

// named is how the unit of a name ended, nil while that is not known.
func (o *outcomes) named(id unit.ID) *unit.Outcome {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.ended[id]
}

// of implements unit.Outcomes. A unit that takes no part in the run is not among the plan's.
func (o *outcomes) of(u *unit.Unit) *unit.Outcome {
	if out := o.named(u.ID); out != nil {
		return out
	}
	return u.Known
}

// NotReached is why a unit was skipped whose host's part had ended before.
const NotReached = "not reached"

// skip ends a unit without anything done.
func (l *lane) skip(s *plan.Step, reason string) {
	l.skipped(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: reason})
}

// leave passes over a unit that was not come to: it is left for whoever resumes the run.
func (l *lane) leave(s *plan.Step, reason string) {
	l.skipped(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: reason, Open: true})
}

func (l *lane) skipped(s *plan.Step, e event.Event) {
	l.flush()
	l.host.count.Skipped++
	l.host.outcomes.end(s.Unit, unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}})
	l.host.emit(s, e)
}

// unchanged ends a unit that found everything as it should be.
func (l *lane) unchanged(s *plan.Step) {
	e := event.Event{Kind: event.UnitFinished, Status: unit.Unchanged, Action: abi.None}
	if s.Change != nil {
		e.Reason = s.Change.Reason
	}
	report := func() {
		l.host.count.OK++
		l.host.outcomes.end(s.Unit, unit.Outcome{Status: unit.Unchanged, Action: abi.None, Outputs: map[string]any{"changed": false}})
		l.host.emit(s, e)
	}
	if len(l.buffer) == 0 {
		report()
		return
	}
	l.buffer = append(l.buffer, runlog.Entry{Step: s, Report: report}) // behind those before it
}

// fail ends a unit with an error, and with it the host's part in the run.
// printed is what its programs printed, nil where it ran none.
func (l *lane) fail(s *plan.Step, started time.Time, err error, printed *output.Output) {
	l.flush()
	h := l.host
	_, open := errors.AsType[*explain.UnconfirmedError](err)
	kept, unrecorded := errors.AsType[*runlog.UnrecordedError](err)
	if unrecorded && kept.Changed {
		h.count.Changed++
	}
	err = explain.Step(s, err)
	open = open || unrecorded || explain.OutcomeUnknown(err)
	err = l.recordFailed(s, err, open, printed)
	err = explain.WithOutput(h.exec.Run, s, err, printed)
	l.host.outcomes.end(s.Unit, unit.Outcome{Status: unit.Failed})
	if s.Unit.Failure.Handler != "" && !explain.EndsHost(err) && !unrecorded && !s.Elsewhere() {
		defer l.rescue(s)
	}
	if s.Unit.Failure.Ignore && !explain.EndsHost(err) && !unrecorded {
		h.count.Ignored++
		h.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Failed, Ignored: true, Err: err, Elapsed: time.Since(started), Output: printed})
		return
	}
	l.err = err
	h.unverified = h.unverified || s.Unit.ID.Scope != unit.Scope{} && s.Unit.ID.Scope.Handler == ""
	h.countError(err)
	h.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Failed, Err: err, Elapsed: time.Since(started), Open: open, Output: printed})
}

// recordFailed records that a unit failed; open says that it is not known how it
// ended. It returns the error with what could not be recorded.
func (l *lane) recordFailed(s *plan.Step, err error, open bool, printed *output.Output) error {
	log := l.host.log
	if l.dirty && s.Acts() && !sequence.OnlyProbes(s.Change) {
		status := unit.Failed
		if open {
			status = ""
		}
		if unkept := log.RecordFailed(s, status, printed); unkept != nil {
			err = errors.Join(err, unkept)
		}
	}
	if !open {
		if unkept := log.RecordEnd(s, unit.Failed, nil, printed); unkept != nil {
			err = errors.Join(err, unkept)
		}
	}
	return err
}

// rescue runs what a unit that failed wants done then. Whatever comes of it, the
// unit has failed.
func (l *lane) rescue(s *plan.Step) {
	h := l.host.play.Handler(s.Unit.Failure.Handler)
	if h == nil {
		return
	}
	failed := l.err
	if l.graph != nil {
		l.graph.stop(failed)
	}
	l.err, l.dirty = nil, true
	l.run(l.ctx, l.host.notified(h))
	if failed != nil {
		l.err = failed
	}
}

// record takes down that a step was executed. What came of a sequence that was
// sent ahead is recorded in one go, and reported then; anything else at once.
func (l *lane) record(s *plan.Step, c *runlog.Change, report func()) error {
	l.buffer = append(l.buffer, runlog.Entry{Step: s, Change: c, Report: report})
	if l.buffering {
		return nil
	}
	return l.commit()
}

// commit records what is buffered, and reports it.
func (l *lane) commit() error {
	entries := l.buffer
	l.buffer = nil
	return l.host.log.Commit(entries)
}

// flush ends the buffering of a sequence that was sent ahead. Where it cannot be
// recorded, the first unit that changed something has failed. All that did are
// counted as changed, for that is how the host is now.
func (l *lane) flush() {
	entries := l.buffer
	l.buffering = false
	err := l.commit()
	if err == nil {
		return
	}
	for _, e := range entries {
		switch {
		case e.Change == nil:
			e.Report()
		case l.err == nil:
			l.fail(e.Step, time.Now(), err, nil)
		default:
			l.unrecordedChange(e.Step)
		}
	}
}

// unrecordedChange reports that a unit changed something, which could not be recorded.
func (l *lane) unrecordedChange(s *plan.Step) {
	l.host.count.Changed++
	l.host.outcomes.end(s.Unit, unit.Outcome{Status: unit.Changed, Action: s.Change.Action})
	l.host.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Changed, Reason: "could not be recorded", Open: true})
}
