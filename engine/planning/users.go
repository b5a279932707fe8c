package planning

import (
	"context"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// await takes the steps out of those to be read that act as users whom the host does not
// have: nothing can be read as them. What they may do is what they may do at all, once a
// unit before them has brought the user. It costs a round trip where there are other
// users than the one that most units act as.
func (p *Planner) await(ctx context.Context, h *plan.Host, steps []*plan.Step) (present []*plan.Step, err error) {
	usual, users := p.User(h.Host), []string(nil)
	for _, s := range steps {
		if u := s.Unit.User; u != "" && u != "root" && u != usual && u != h.Host.ActsAs() && !slices.Contains(users, u) {
			users = append(users, u)
		}
	}
	if len(users) == 0 {
		return steps, nil
	}
	results, err := h.Target.Do(ctx, []target.Step{{Op: op.Op{Need: &op.Need{Users: users}}, User: usual}})
	if err != nil {
		return nil, err
	}
	if failed := results[0].Error; failed != nil {
		return nil, fmt.Errorf("ask which users the host has: %w", failed)
	}
	lacks := results[0].Need
	var waiting []*plan.Step
	for _, s := range steps {
		if slices.Contains(lacks.NoUsers, s.Unit.User) {
			waiting = append(waiting, s)
		} else {
			present = append(present, s)
		}
	}
	if err := inspect.Unread(ctx, p.Provider, waiting); err != nil {
		return nil, err
	}
	for _, s := range waiting {
		if s.Change != nil {
			s.Change.Needs = []abi.Need{abi.NeedUser(s.Unit.User, lacks.NearUser(slices.Index(lacks.NoUsers, s.Unit.User)))}
		}
	}
	return present, nil
}
