package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
)

// ahead is stretch, but where each unit is asked about none that acts is sent ahead.
func (r *hostRun) ahead(steps []*plan.Step) int {
	n := stretch(steps)
	if r.Confirm == nil {
		return n
	}
	for i, s := range steps[:n] {
		if s.Acts() {
			return i
		}
	}
	return n
}

// confirmed asks whether a step may act; where not, its turn has ended.
func (r *hostRun) confirmed(ctx context.Context, s *plan.Step) bool {
	yes, err := r.Confirm(ctx, r.host, s)
	switch {
	case err != nil:
		r.err = err
		r.leave(s, NotReached)
	case !yes:
		r.declined = true
		r.skip(s, "declined")
	}
	return err == nil && yes
}
