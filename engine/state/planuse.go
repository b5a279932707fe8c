package state

import (
	"context"
	"time"
)

// Plans are the saved plans that runs carry out. Each is carried out once.
type Plans interface {
	// UsePlan records, for good, that a run carries out a saved plan, and returns the run that
	// did so before, "" where none did. Then nothing is recorded, unless u says Again. Of
	// several runs that try, one is first. A use without a run is only looked up.
	UsePlan(ctx context.Context, u PlanUse) (before string, err error)
}

// PlanUse is a run that carries out a saved plan.
type PlanUse struct {
	Workspace string
	Plan      string // its digest
	Run       string
	Time      time.Time
	// Again is that it may have been carried out before.
	Again bool
}
