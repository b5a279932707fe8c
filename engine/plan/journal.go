package plan

import (
	"context"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Key names the nth effect of a unit in a run, in the host's journal of what
// was performed.
func Key(run string, u *unit.Unit, n int) string {
	return run + ":" + op.Sum([]byte(u.ID.Local()))[:32] + "/" + strconv.Itoa(n)
}

// testify asks the host about steps of which nobody else knows whether they did
// their work: what its journal says was performed is done. A step whose result
// is needed stays open, since the journal does not have that.
func (p *Planner) testify(ctx context.Context, h *Host) error {
	var open []*Step
	for _, s := range h.Steps() {
		if s.Err == nil && s.Unsure() && s.Unit.ChangedWhen == nil && !h.wants(s.Unit.ID) {
			open = append(open, s)
		}
	}
	performed := map[string]bool{}
	for _, user := range users(open) {
		o := op.Op{Journal: &op.Journal{Run: p.Run}}
		results, err := h.Target.Do(ctx, []dial.Step{{Op: o, User: user}})
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
		if performed[Key(p.Run, s.Unit, len(s.Change.Effects)-1)] {
			s.Testified = true
			if err := s.finished(Progress{Action: abi.Run, Status: unit.Changed}); err != nil {
				return err
			}
		}
	}
	return nil
}

// users are those whose runners performed the steps.
func users(steps []*Step) []string {
	var all []string
	for _, s := range steps {
		if !slices.Contains(all, s.Unit.User) {
			all = append(all, s.Unit.User)
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
