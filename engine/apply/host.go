package apply

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// hostRun is the progress of one host through a run. One goroutine at a time works on it.
type hostRun struct {
	*Executor
	bare  *Executor // as it was given
	host  *plan.Host
	count Count
	registers
	// touched says that it was this run that changed something on the host.
	touched bool
	// side is what runs side by side on the host; nil is that all is in order.
	side *graph
	// leased says that the host is taken for this run.
	leased bool
	// last is the index of the host's last play, or -1.
	last  int
	ended bool // it was told that the host has no more to do
	// wanted holds the units whose results a later unit reads.
	wanted map[unit.ID]bool
	// watched holds the units that others name in on_change.
	watched map[unit.ID]*unit.Unit

	seat *seat           // its place in the phase at work
	ctx  context.Context //nolint:containedctx // of the steps at work; a failure is told from everywhere
	name string          // of the play at work
	play *plan.Play
	// owed holds the handlers of the play that were called for and not delivered,
	// delivering those that the delivery at work has begun.
	owed, delivering map[string]bool
	// presumed holds those that the steps at work may call for, begun the steps
	// themselves that were entered as such.
	presumed map[string]bool
	begun    map[*plan.Step]bool
	// share is the batch whose share is taken up, nil where none is.
	share *Batch
	// declined says that a unit was left out because the operator wanted that.
	declined bool
	// unverified says that the play's verify failed here.
	unverified bool
}

func newHostRun(e *Executor, h *plan.Host) *hostRun {
	r := &hostRun{
		Executor: e, bare: e, host: h, registers: registers{err: h.Err}, last: -1, count: Count{Host: h.Host.Name},
		wanted: map[unit.ID]bool{}, watched: map[unit.ID]*unit.Unit{},
	}
	if h.Err != nil {
		r.countError(h.Err)
	}
	for play, s := range h.Steps() {
		r.last = max(r.last, play)
		for _, id := range s.Unit.Require {
			r.wanted[id] = true
		}
		for _, id := range s.Unit.OnChange {
			r.watched[id] = nil
		}
	}
	graphs := false
	for play, p := range h.Plays {
		if len(p.Barriers) > 0 {
			r.last = max(r.last, play)
		}
		graphs = graphs || p.Graph
	}
	if graphs {
		r.sideBySide()
	}
	if len(r.watched) > 0 {
		for _, s := range h.Steps() {
			if _, is := r.watched[s.Unit.ID]; is {
				r.watched[s.Unit.ID] = s.Unit
			}
		}
	}
	return r
}

// begin sets the host to a play. What earlier runs left owed of it is owed from the start.
func (r *hostRun) begin(name string, p *plan.Play) {
	r.name, r.play, r.unverified = name, p, false
	r.owed, r.presumed, r.begun = map[string]bool{}, map[string]bool{}, map[*plan.Step]bool{}
	for _, h := range p.Handlers {
		if h.Owed != nil {
			r.owed[h.Name] = true
		}
	}
}

// stay takes a host whose turn in a play never came out of the run. It has not
// failed; nothing was done on it.
func (r *hostRun) stay(why *diag.Error) {
	if r.err != nil {
		return
	}
	for _, s := range r.play.Steps {
		r.leave(s, "the play stopped before this host")
	}
	err := *why
	err.Host, err.Code = r.host.Host.Name, diag.Failed
	r.err = err.WithHint("nothing of the play was done on it; mend the cause and apply again")
	r.Events.Emit(event.Event{Kind: event.HostStopped, Host: r.host.Host.Name, Play: r.name, Err: r.err})
}

// end tells that the host has no more to do, once.
func (r *hostRun) end() {
	if r.ended {
		return
	}
	r.ended = true
	r.Events.Emit(event.Event{Kind: event.HostFinished, Host: r.host.Host.Name, Err: r.err, Unreachable: r.count.Unreachable > 0})
}

// countError counts a host that is lost or refuses.
func (r *hostRun) countError(err error) {
	if lost, ok := errors.AsType[*dial.Error](err); ok && lost.Unreachable() {
		r.count.Unreachable++
		return
	}
	r.count.Failed++
}

// step is an op of a unit on its way to the host.
func step(s *plan.Step, o op.Op) dial.Step {
	return dial.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Sent(), Timeout: s.Unit.Timeout}
}

// effect is the nth op by which a unit acts, on its way to the host, which notes
// that it performed it.
func (r *hostRun) effect(s *plan.Step, o op.Op, n int) dial.Step {
	d := step(s, o)
	if r.Run != "" {
		d.Key = plan.Key(r.Run, s.Unit, n)
	}
	return d
}

// NotReached is why a unit was skipped whose host's part had ended before its turn.
const NotReached = "not reached"

// skip ends a unit's turn without anything done.
func (r *hostRun) skip(s *plan.Step, reason string) {
	r.passed(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: reason})
}

// leave passes over a unit whose turn did not come: it is left for whoever goes
// on with the run.
func (r *hostRun) leave(s *plan.Step, reason string) {
	r.passed(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: reason, Open: true})
}

func (r *hostRun) passed(s *plan.Step, e event.Event) {
	r.clear()
	r.count.Skipped++
	s.Unit.Finish(unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}})
	r.emit(s, e)
}

// unchanged ends the turn of a unit that found everything as it should be.
func (r *hostRun) unchanged(s *plan.Step) {
	e := event.Event{Kind: event.UnitFinished, Status: unit.Unchanged, Action: abi.None}
	if s.Change != nil {
		e.Reason = s.Change.Reason
	}
	tell := func() {
		r.count.OK++
		s.Unit.Finish(unit.Outcome{Status: unit.Unchanged, Action: abi.None, Outputs: map[string]any{"changed": false}})
		r.emit(s, e)
	}
	if len(r.booked) == 0 {
		tell()
		return
	}
	r.booked = append(r.booked, entry{step: s, tell: tell}) // behind those before it
}

// fail ends a unit's turn with an error, and with it the host's part in the run.
func (r *hostRun) fail(s *plan.Step, started time.Time, err error) {
	r.clear()
	_, open := errors.AsType[*unresolvedError](err)
	err = r.explain(s, err)
	open = open || unknown(err)
	if r.dirty && s.Acts() && !onlyProbes(s.Change) {
		// What it did before it failed is not known in detail; that it failed is kept.
		status := unit.Failed
		if open {
			status = ""
		}
		if unkept := r.Record(context.Background(), r.changeOf(s, status)); unkept != nil {
			err = errors.Join(err, unkept)
		}
	}
	if !open {
		if unkept := r.over(s, unit.Failed, nil); unkept != nil {
			err = errors.Join(err, unkept)
		}
	}
	s.Unit.Finish(unit.Outcome{Status: unit.Failed})
	if s.Unit.OnFailure != "" && !ends(err) && !s.Elsewhere() {
		defer r.rescue(s)
	}
	if s.Unit.IgnoreFailure && !ends(err) {
		r.count.Ignored++
		r.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Failed, Ignored: true, Err: err, Elapsed: time.Since(started)})
		return
	}
	r.err = err
	r.unverified = r.unverified || s.Unit.ID.Scope != unit.Scope{} && s.Unit.ID.Scope.Handler == ""
	r.countError(err)
	r.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Failed, Err: err, Elapsed: time.Since(started), Open: open})
}

// unknown reports whether an error says that nobody knows what a unit did: the
// host was lost, or the run given up.
func unknown(err error) bool {
	_, lost := errors.AsType[*dial.Error](err)
	return lost || diag.CodeOf(err) == diag.Interrupted
}

// rescue runs what a unit that failed wants done then. Whatever comes of it, the
// unit has failed.
func (r *hostRun) rescue(s *plan.Step) {
	h := r.play.Handler(s.Unit.OnFailure)
	if h == nil {
		return
	}
	failed := r.err
	if r.side != nil {
		r.side.stop(failed)
	}
	r.err, r.dirty = nil, true
	for _, step := range h.Steps {
		step.Dormant = false
	}
	r.run(r.ctx, h.Steps)
	if failed != nil {
		r.err = failed
	}
}

// ends reports whether an error ends the host's part whatever its unit says: the
// host is lost, the run is given up, or the plan is no longer the reviewed one.
func ends(err error) bool {
	if _, lost := errors.AsType[*dial.Error](err); lost {
		return true
	}
	code := diag.CodeOf(err)
	return code == diag.Interrupted || code == diag.Stale || code == diag.Usage
}

// changeOf is a step's turn as it is kept.
func (r *hostRun) changeOf(s *plan.Step, status unit.Status) Change {
	return Change{
		Host: r.host.Host.Name, MachineID: r.host.MachineID(), Play: r.name, Unit: s.Unit,
		Status: status, Change: s.Change, On: s.On, Contents: r.Contents,
	}
}

// explain gives an error the unit's place.
func (r *hostRun) explain(s *plan.Step, err error) error {
	if _, lost := errors.AsType[*dial.Error](err); lost {
		return err
	}
	if d, ok := errors.AsType[*diag.Error](err); ok {
		d.Host, d.Unit = s.Unit.ID.Host, s.Unit.ID.Local()
		if d.Code == diag.OK {
			d.Code = diag.Failed
		}
		return d
	}
	return Explain(s.Unit, err)
}

// Explain turns a provider's error into one with the unit's place and the exit code of a failed host.
func Explain(u *unit.Unit, err error) *diag.Error {
	d := &diag.Error{
		Summary: err.Error(), Pos: u.Pos, Stack: u.Stack, Host: u.ID.Host, Unit: u.ID.Local(),
		Code: diag.Failed, Cause: err,
	}
	if e, ok := errors.AsType[*abi.Error](err); ok {
		d.Summary, d.Detail, d.Hint = e.Message, e.Detail, e.Hint
		if u.Sensitive && d.Detail != "" {
			d.Detail = "(what it said is sensitive)"
		}
	}
	if errors.Is(err, context.Canceled) {
		d.Summary, d.Code = "interrupted", diag.Interrupted
	}
	return d
}

func (r *hostRun) emit(s *plan.Step, e event.Event) {
	e.Time, e.Host, e.Play, e.Unit, e.Pos = time.Now(), r.host.Host.Name, r.name, s.Unit.ID, s.Unit.Pos
	if s.Change != nil && e.Action == "" {
		e.Action = s.Change.Action
	}
	e.Reason = strings.TrimSpace(e.Reason)
	r.Events.Emit(e)
}
