package plan

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Key names the nth effect of a unit in a run, in the host's journal of what
// was performed. A unit may have several turns, such as a handler's: when it
// began to act tells them apart.
func Key(run string, u *unit.Unit, began time.Time, n int) string {
	turn := u.ID.Sent() + "@" + strconv.FormatInt(began.UnixMicro(), 10)
	return run + ":" + op.Sum([]byte(turn))[:32] + "/" + strconv.Itoa(n)
}

// testify asks the host about steps of which nobody else knows whether they did
// their work: what its journal says was performed is done. A step whose result
// is needed stays open, since the journal does not have that.
func (p *Planner) testify(ctx context.Context, h *Host) error {
	var open []*Step
	for _, s := range h.Steps() {
		if s.Err == nil && s.Unsure() && s.Unit.ChangedWhen == nil && !waits(s.Unit) && !h.wants(s.Unit.ID) {
			open = append(open, s)
		}
	}
	performed := map[string]bool{}
	for _, s := range runners(open) {
		o := op.Op{Journal: &op.Journal{Run: p.Run}}
		results, err := s.Target(h).Do(ctx, []dial.Step{{Op: o, User: s.Unit.User}})
		if _, elsewhere := errors.AsType[*abi.Error](err); elsewhere {
			continue // another host cannot be asked
		}
		if err != nil {
			return err
		}
		if results[0].Journal == nil {
			continue // the host cannot say, so it stays unknown
		}
		for _, e := range results[0].Journal.Entries {
			if e.OK {
				performed[e.Key] = true
			}
		}
	}
	for _, s := range open {
		if performed[Key(p.Run, s.Unit, s.Interrupted, len(s.Change.Effects)-1)] {
			s.Testified = true
			if err := s.finished(Progress{Action: abi.Run, Status: unit.Changed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// waits reports whether a unit is performed until something is true, which only
// its result tells.
func waits(u *unit.Unit) bool { return u.Retry != nil && u.Retry.Until != nil }

// runners are those that performed the steps: one of the steps for each.
func runners(steps []*Step) []*Step {
	var all []*Step
	for _, s := range steps {
		same := func(o *Step) bool { return o.Unit.User == s.Unit.User && o.Unit.ID.Delegate == s.Unit.ID.Delegate }
		if !slices.ContainsFunc(all, same) {
			all = append(all, s)
		}
	}
	return all
}

// wants reports whether a unit of the host reads the result of another.
func (h *Host) wants(id unit.ID) bool {
	for _, s := range h.Steps() {
		if slices.Contains(s.Unit.Require, id) {
			return true
		}
	}
	return false
}
