package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Lease is what a host is taken with before its first change.
type Lease struct {
	Op   op.Lease
	User string // whose runner takes it
}

// leaseTime bounds taking a lease, beside the time that it waits for another run.
const leaseTime = time.Minute

// lead gives the op that takes the host for this run, to travel ahead of the
// first change, or nothing where the host is taken already or nothing changes.
// Where it may not be taken, the host takes no further part.
func (r *hostRun) lead(ctx context.Context, s *plan.Step, changes bool) ([]dial.Step, bool) {
	if r.Lease == nil || r.leased || !changes {
		return nil, true
	}
	l, err := r.Lease(ctx, r.host, s)
	if err != nil {
		r.refuse(err)
		return nil, false
	}
	wait := time.Duration(l.Op.WaitMS) * time.Millisecond
	return []dial.Step{{Op: op.Op{Lease: &l.Op}, User: l.User, Unit: s.Unit.ID.Local(), Timeout: wait + leaseTime}}, true
}

// taken takes the outcome of lead's op off the outcomes. It reports false where
// the host is another run's.
func (r *hostRun) taken(lead []dial.Step, outcomes []dial.Outcome) ([]dial.Outcome, bool) {
	if len(lead) == 0 || len(outcomes) == 0 {
		return outcomes, true
	}
	if e := outcomes[0].Result.Error; e != nil {
		r.refuse(refusal(r.host.Host.Name, e))
		return nil, false
	}
	r.leased = outcomes[0].Ran
	return outcomes[1:], true
}

// take takes the host on its own, in a round trip. Where it is another run's,
// the step's turn has ended.
func (r *hostRun) take(ctx context.Context, s *plan.Step) (bool, error) {
	if s.On != nil {
		return r.borrow(ctx, s)
	}
	lead, ok := r.lead(ctx, s, true)
	if ok {
		outcomes, err := r.host.Target.Run(ctx, lead)
		if err != nil {
			return false, err
		}
		_, ok = r.taken(lead, outcomes)
	}
	if !ok {
		r.leave(s, NotReached)
	}
	return ok, nil
}

// refuse ends the host's part in the run before anything was changed.
func (r *hostRun) refuse(err error) {
	r.err = err
	r.countError(err)
	r.Events.Emit(event.Event{Kind: event.HostRefused, Time: time.Now(), Host: r.host.Host.Name, Play: r.name, Err: err})
}

// refusal explains why a host did not let itself be taken.
func refusal(host string, e *op.Error) error {
	if e.Code == op.CodeHeld && e.Holder != nil {
		return Held(host, *e.Holder)
	}
	d := &diag.Error{Summary: "take the host for this run: " + e.Message, Host: host, Code: diag.Failed, Cause: e}
	return d.WithHint("without its lease another run could change the host at the same time, so nothing was done")
}

// maxHolder bounds what is shown of what a holder says of itself.
const maxHolder = 100

// Held is the refusal of a host that another run is changing.
func Held(host string, h op.Holder) *diag.Error {
	d := &diag.Error{Summary: "the host is being changed by a process that does not say whose it is", Host: host, Code: diag.Locked}
	if h.Run == "" {
		return d.WithHint("wait until it has ended; on the host, fuser finds who has the lease open")
	}
	d.Summary = fmt.Sprintf("the host is being changed by %s, since %s, run %s",
		short(h.Owner), Since(time.UnixMilli(h.Since), time.Now()), short(h.Run))
	return d.WithHint("wait, or: froyo lock break %s", short(h.Run))
}

func short(s string) string {
	if runes := []rune(s); len(runes) > maxHolder {
		return string(runes[:maxHolder]) + "…"
	}
	return s
}

// Since is a moment as operators read it: the time, and the day where it is another.
func Since(t, now time.Time) string {
	if t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return t.Local().Format(time.TimeOnly)
	}
	return t.Local().Format(time.DateTime)
}

// changesHost reports whether a step is to do anything on the host but read.
func changesHost(s *plan.Step) bool {
	return s.Acts() && slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return e.Op.Changes() })
}

// anyChanges reports whether any of a layout's parts does.
func (l *layout) anyChanges() bool {
	return slices.ContainsFunc(l.parts, func(p *part) bool { return len(p.effects) > 0 && changesHost(p.step) })
}
