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
	"github.com/openfroyo/froyo/runner/dial"
)

// presume enters the handlers that steps call for, before the steps act: should
// the process die or the host be lost while they do, nobody could tell later
// that something was changed.
func (r *hostRun) presume(ctx context.Context, steps []*plan.Step) error {
	fresh := map[string]bool{}
	for _, s := range steps {
		if !s.Acts() {
			continue
		}
		for _, name := range r.calls(s) {
			if !r.owed[name] && !r.presumed[name] {
				fresh[name] = true
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := r.Ledger.Presume(ctx, r.debt(time.Now(), slices.Sorted(maps.Keys(fresh))...)); err != nil {
		return fmt.Errorf("nothing was done, because the handlers it calls for could not be recorded: %w", err)
	}
	maps.Copy(r.presumed, fresh)
	return nil
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
