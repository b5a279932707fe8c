package runlog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// Recorder keeps what one host does in the run log. It knows which units have
// begun and which handlers are pending. One goroutine at a time may call its methods.
type Recorder struct {
	log      RunLog
	contents *plan.Contents
	host     *plan.Host
	// required holds the units whose results a later unit reads.
	required map[unit.ID]bool

	play     string
	handlers []*plan.Handler
	// pending holds the handlers of the play that were notified and have not run,
	// running those that run now, potential those that units at work may notify.
	pending, running, potential map[string]bool
	// notified counts how often each handler was, and included are the steps of pending ones whose work one that ran has done.
	notified map[string]int
	included map[unit.ID]inclusion
	// started is when units were recorded as about to act.
	started map[unit.ID]time.Time
}

// NewRecorder keeps what a host does. Contents are those that changes refer to.
func NewRecorder(log RunLog, contents *plan.Contents, h *plan.Host) *Recorder {
	r := &Recorder{log: log, contents: contents, host: h, required: map[unit.ID]bool{}}
	for _, s := range h.Steps() {
		for _, id := range s.Unit.Require {
			r.required[id] = true
		}
	}
	return r
}

// Enter begins a play. Handlers that earlier runs left pending are so from the start.
func (r *Recorder) Enter(name string, p *plan.Play) {
	r.play, r.handlers = name, p.Handlers
	r.pending, r.potential, r.started = map[string]bool{}, map[string]bool{}, map[unit.ID]time.Time{}
	r.notified, r.included = map[string]int{}, map[unit.ID]inclusion{}
	for _, h := range slices.Concat(p.Handlers, p.Hooks()) {
		if h.Pending != nil {
			r.pending[h.Name] = true
		}
	}
}

// Required reports whether a later unit reads the result of this one.
func (r *Recorder) Required(id unit.ID) bool { return r.required[id] }

// Started is when a step was recorded as about to act, zero where it is not.
func (r *Recorder) Started(s *plan.Step) time.Time { return r.started[s.Unit.ID] }

// RecordIntent records what steps are about to do before they act, and the
// handlers that they may notify: should the process die or the host be lost
// while they do, nothing else would tell later that something was changed.
func (r *Recorder) RecordIntent(ctx context.Context, steps []*plan.Step) error {
	potential := map[string]bool{}
	var units []unit.ID
	for _, s := range steps {
		if !s.Acts() {
			continue
		}
		if s.Change.Action != abi.Probe && r.Started(s).IsZero() {
			units = append(units, s.Unit.ID)
		}
		for _, name := range r.Notifies(s) {
			if !r.pending[name] && !r.potential[name] {
				potential[name] = true
			}
		}
	}
	if len(units)+len(potential) == 0 {
		return nil
	}
	i := Intent{Pending: r.pendingHandlers(time.Now(), slices.Sorted(maps.Keys(potential))...), Units: units}
	if err := r.log.RecordIntent(ctx, i); err != nil {
		return fmt.Errorf("nothing was done, because what is about to be done could not be recorded: %w", err)
	}
	maps.Copy(r.potential, potential)
	for _, s := range steps {
		if s.Acts() && r.Started(s).IsZero() {
			r.started[s.Unit.ID] = i.Pending.Time
		}
	}
	return nil
}

// CancelIntent takes back that steps were about to act: it is known that they did not.
func (r *Recorder) CancelIntent(steps []*plan.Step) error {
	var ends []End
	for _, s := range steps {
		if !r.Started(s).IsZero() && s.Change.Action != abi.Probe {
			ends = append(ends, End{Unit: s.Unit})
		}
		delete(r.started, s.Unit.ID)
	}
	if len(ends) == 0 {
		return nil
	}
	return r.explain("what was not done could not be recorded", r.log.RecordEnds(context.Background(), ends...))
}

// RecordEnd records how a step ended of which no change was recorded. A step that
// reads the host first needs no such record, unless a later one requires its
// result: it sees what there is.
func (r *Recorder) RecordEnd(s *plan.Step, status unit.Status, outputs map[string]any, printed *output.Output) error {
	began := !r.Started(s).IsZero()
	delete(r.started, s.Unit.ID)
	if !began || s.Change == nil || s.Change.Action == abi.Probe {
		return nil
	}
	kept, err := r.Outputs(s.Unit, outputs)
	if err != nil {
		return err
	}
	if kept == nil && (s.Telling() || s.Change.Action != abi.Run) {
		return nil
	}
	end := End{Unit: s.Unit, Status: status, Outputs: kept}
	if printed != nil && !printed.Recorded {
		end.Output = printed
	}
	if err := r.log.RecordEnds(context.Background(), end); err != nil {
		return err
	}
	recorded(printed)
	return nil
}

// RecordSkipped records at once that a step is passed over of which it is not
// known whether it did its work: whoever resumes after another crash must not ask again.
func (r *Recorder) RecordSkipped(s *plan.Step) error {
	if err := r.log.RecordEnds(context.Background(), End{Unit: s.Unit, Status: unit.Skipped}); err != nil {
		return &UnrecordedError{Err: fmt.Errorf("that it is passed over could not be recorded: %w", err)}
	}
	return nil
}

// RecordConfirmed records that a step changed the host before the run was broken
// off, which only the host's journal knew.
func (r *Recorder) RecordConfirmed(s *plan.Step) error {
	err := r.log.RecordEnds(context.Background(), End{Unit: s.Unit, Status: unit.Changed})
	return r.explain("what "+s.Unit.ID.Local()+" did before could not be recorded", err)
}

// Outputs is what is kept of a unit's result: nothing where no later unit reads
// it, or where it is sensitive.
func (r *Recorder) Outputs(u *unit.Unit, outputs map[string]any) (codec.Raw, error) {
	if !r.required[u.ID] || u.Sensitive || outputs == nil || secret.MarkedValue(outputs) {
		return nil, nil
	}
	return codec.Marshal(outputs)
}

// explain gives an error the host's place, and says what follows.
func (r *Recorder) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return (&diag.Error{
		Summary: fmt.Sprintf("%s: %v", what, err), Host: r.host.Host.Name, Code: diag.Failed, Cause: err,
	}).WithHint("it stays pending, and the next apply runs it once more")
}
