package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/dial"
)

// presume enters what steps are about to do before they act, and the handlers
// that they call for: should the process die or the host be lost while they
// do, nobody could tell later that something was changed.
func (r *hostRun) presume(ctx context.Context, steps []*plan.Step) error {
	fresh := map[string]bool{}
	var begun []unit.ID
	for _, s := range steps {
		if !s.Acts() {
			continue
		}
		if s.Change.Action != abi.Probe && r.begun[s].IsZero() {
			begun = append(begun, s.Unit.ID)
		}
		for _, name := range r.calls(s) {
			if !r.owed[name] && !r.presumed[name] {
				fresh[name] = true
			}
		}
	}
	if len(begun)+len(fresh) == 0 {
		return nil
	}
	b := Beginning{Debt: r.debt(time.Now(), slices.Sorted(maps.Keys(fresh))...), Units: begun}
	if err := r.Ledger.Begin(ctx, b); err != nil {
		return fmt.Errorf("nothing was done, because what is about to be done could not be recorded: %w", err)
	}
	maps.Copy(r.presumed, fresh)
	for _, s := range steps {
		if s.Acts() && r.begun[s].IsZero() {
			r.begun[s] = b.Time
		}
	}
	return nil
}

// unbegin takes back that steps were about to act: it is known that they did not.
func (r *hostRun) unbegin(steps []*plan.Step) {
	var ends []End
	for _, s := range steps {
		if !r.begun[s].IsZero() && s.Change.Action != abi.Probe {
			ends = append(ends, End{Unit: s.Unit})
		}
		delete(r.begun, s)
	}
	if len(ends) == 0 {
		return
	}
	if err := r.Ledger.End(context.Background(), ends...); err != nil {
		r.unkept("what was not done could not be recorded", err)
	}
}

// over enters how the turn of a step ended that no change was recorded of. A
// step that reads the host first needs no such entry, unless a later one wants
// its result: it sees what there is.
func (r *hostRun) over(s *plan.Step, status unit.Status, outputs map[string]any) error {
	began := !r.begun[s].IsZero()
	delete(r.begun, s)
	if !began || s.Change == nil || s.Change.Action == abi.Probe {
		return nil
	}
	kept, err := r.outputs(s.Unit, outputs)
	if err != nil {
		return err
	}
	if kept == nil && (len(s.Reads) > 0 || s.Change.Action != abi.Run) {
		return nil
	}
	return r.Ledger.End(context.Background(), End{Unit: s.Unit, Status: status, Outputs: kept})
}

// outputs is what is kept of a unit's result: nothing where no later unit reads
// it, or where it is sensitive.
func (r *hostRun) outputs(u *unit.Unit, outputs map[string]any) (codec.Raw, error) {
	if !r.wanted[u.ID] || u.Sensitive || outputs == nil {
		return nil, nil
	}
	return codec.Marshal(outputs)
}

// withdraw strikes off what steps were presumed to call for and did not, now
// that their turn is over. Where it is not known what they did, it stays owed.
func (r *hostRun) withdraw(ctx context.Context) {
	maps.DeleteFunc(r.presumed, func(name string, _ bool) bool { return r.owed[name] })
	if _, lost := errors.AsType[*dial.Error](r.err); len(r.presumed) == 0 || lost || errors.Is(r.err, context.Canceled) {
		return
	}
	names := slices.Sorted(maps.Keys(r.presumed))
	clear(r.presumed)
	if err := r.Ledger.Withdraw(ctx, r.debt(time.Now(), names...)); err != nil {
		r.unkept("what is owed could not be recorded", err)
	}
}

func (r *hostRun) debt(at time.Time, handlers ...string) Debt {
	return Debt{Host: r.host.Host.Name, MachineID: r.host.MachineID(), Play: r.name, Handlers: handlers, Time: at}
}

// unkept ends the host's part, since what is owed there could not be kept.
func (r *hostRun) unkept(what string, err error) {
	err = (&diag.Error{
		Summary: fmt.Sprintf("%s: %v", what, err), Host: r.host.Host.Name, Code: diag.Failed, Cause: err,
	}).WithHint("it stays owed, and the next apply runs it once more")
	if r.err == nil {
		r.countError(err)
	}
	r.err = errors.Join(r.err, err)
	r.Events.Emit(event.Event{Kind: event.HostFailed, Host: r.host.Host.Name, Err: err})
}
