package runlog

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// Entry is an executed step, and what reports it once that is recorded.
type Entry struct {
	Step   *plan.Step
	Change *Change // to be recorded first; nil where there was none
	Report func()
}

// Changed is the entry's change of a step: its handlers are pending from now on.
func (r *Recorder) Changed(s *plan.Step, outputs map[string]any, printed *output.Output) (*Change, error) {
	c := r.change(s, unit.Changed)
	c.Output = printed
	c.Notify = r.Notifies(s)
	var err error
	if c.Outputs, err = r.Outputs(s.Unit, outputs); err != nil {
		return nil, err
	}
	for _, name := range c.Notify {
		r.pending[name] = true
		r.notified[name]++
	}
	return &c, nil
}

// RecordFailed records that a step failed which acted: what it did before that
// is not known in detail. A status of "" leaves open how it ended.
func (r *Recorder) RecordFailed(s *plan.Step, status unit.Status, printed *output.Output) error {
	c := r.change(s, status)
	c.Output = printed
	err := r.log.RecordChanges(context.Background(), c)
	if err == nil {
		recorded(printed)
	}
	return err
}

// recorded notes that what a unit printed is kept.
func recorded(printed *output.Output) {
	if printed != nil {
		printed.Recorded = true
	}
}

func (r *Recorder) change(s *plan.Step, status unit.Status) Change {
	return Change{
		Host: r.host.Host.Name, MachineID: r.host.MachineID(), Play: r.play, Unit: s.Unit,
		Status: status, Change: s.Change, On: s.On, Contents: r.contents,
	}
}

// Commit records the changes of entries in one go, and reports them then. An error is an *UnrecordedError.
func (r *Recorder) Commit(entries []Entry) error {
	var changes []Change
	for _, e := range entries {
		if e.Change != nil {
			changes = append(changes, *e.Change)
		}
	}
	if len(changes) > 0 {
		if err := r.log.RecordChanges(context.Background(), changes...); err != nil {
			return &UnrecordedError{fmt.Errorf("the change was made but could not be recorded: %w", err), true}
		}
	}
	for _, e := range entries {
		if e.Change != nil {
			delete(r.started, e.Step.Unit.ID)
			recorded(e.Change.Output)
		}
		e.Report()
	}
	return nil
}
