package resume

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// journalTime bounds reading a journal, beside the time that it waits for what still runs.
const journalTime = time.Minute

// Run is a run as the journals of its hosts know it.
type Run struct {
	ID string
	// Began is when this attempt at the run did, before it locked any host.
	Began time.Time
	// Wait is how long hosts are given for what the run left running on them.
	Wait time.Duration
}

// Key names the nth effect of a unit in a run, in the host's journal of what
// was performed. A unit may be executed several times, such as a handler's: when
// it began to act tells these apart.
func Key(run string, u *unit.Unit, began time.Time, n int) string {
	execution := u.ID.Sent() + "@" + strconv.FormatInt(began.UnixMicro(), 10)
	return run + ":" + op.Sum([]byte(execution))[:32] + "/" + strconv.Itoa(n)
}

// Confirm asks a host about steps whose outcome is unknown: what its journal says
// was performed is done. A step whose result is needed stays unknown, since the
// journal does not have that.
func (r Run) Confirm(ctx context.Context, h *plan.Host) error {
	var unknown []*plan.Step
	for _, s := range h.Steps() {
		if s.Err == nil && s.OutcomeUnknown() && s.Unit.Conditions.ChangedWhen == nil && !waits(s.Unit) && !wanted(h, s.Unit.ID) {
			unknown = append(unknown, s)
		}
	}
	performed := map[string]bool{}
	for _, s := range runners(unknown) {
		o := op.Op{Journal: &op.Journal{Run: r.ID, Since: r.Began.UnixMilli(), WaitMS: r.Wait.Milliseconds()}}
		step := target.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Local(), Timeout: r.Wait + journalTime}
		results, err := s.Target(h).Do(ctx, []target.Step{step})
		if _, elsewhere := errors.AsType[*abi.Error](err); elsewhere {
			continue // another host cannot be asked
		}
		if err != nil {
			return err
		}
		if results[0].Journal == nil {
			continue // the host cannot say, so it stays unknown
		}
		if running := results[0].Journal.Running; len(running) > 0 {
			return StillRunning(h.Host.Name, running) // it may be the very command that is asked about
		}
		for _, e := range results[0].Journal.Entries {
			if e.OK {
				performed[e.Key] = true
			}
		}
	}
	for _, s := range unknown {
		if performed[Key(r.ID, s.Unit, s.Interrupted, len(s.Change.Effects)-1)] {
			s.Confirmed = true
			if err := finish(s, Progress{Action: abi.Run, Status: unit.Changed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// waits reports whether a unit is performed until something is true, which only
// its result tells.
func waits(u *unit.Unit) bool { return u.Failure.Retry != nil && u.Failure.Retry.Until != nil }

// runners are those that performed the steps: one of the steps for each.
func runners(steps []*plan.Step) []*plan.Step {
	var all []*plan.Step
	for _, s := range steps {
		same := func(o *plan.Step) bool { return o.Unit.User == s.Unit.User && o.Unit.ID.Delegate == s.Unit.ID.Delegate }
		if !slices.ContainsFunc(all, same) {
			all = append(all, s)
		}
	}
	return all
}

// wanted reports whether a unit of the host reads the result of another.
func wanted(h *plan.Host, id unit.ID) bool {
	for _, s := range h.Steps() {
		if slices.Contains(s.Unit.Require, id) {
			return true
		}
	}
	return false
}
