package record

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/escape"
)

// History tells what earlier runs left for this one. It implements planning.History. It is safe for concurrent use.
type History struct {
	ref ref
	// Decide is asked where another machine answers under a host's name; nil refuses it.
	Decide Decide

	keyIsPath func(typ string) bool
	operator  string
	done      progress
	deciding  sync.Mutex
	refused   map[string]bool // hosts whose machine is not the known one; guarded by deciding
}

// PendingHandlers lists the handlers that earlier runs left pending on a host.
func (r *History) PendingHandlers(ctx context.Context, h *plan.Host) ([]plan.PendingHandler, error) {
	kept, err := r.ref.store.PendingHandlersOn(ctx, r.ref.workspace, h.Host.Name, h.MachineID())
	if err != nil {
		return nil, err
	}
	all := make([]plan.PendingHandler, len(kept))
	for i, o := range kept {
		all[i] = plan.PendingHandler{Play: o.Play, Handler: o.Handler, Since: o.Since, Run: o.Run, Notified: o.Called, Runbook: o.Runbook}
	}
	return all, nil
}

// Protected lists what is protected on a host by earlier runs. A machine that
// took the name of one of which something is kept is refused.
func (r *History) Protected(ctx context.Context, h *plan.Host) ([]protect.Resource, error) {
	if err := r.checkMachine(ctx, h); err != nil {
		return nil, err
	}
	kept, err := r.ref.store.ProtectedOn(ctx, r.ref.workspace, h.Host.Name, h.MachineID())
	if err != nil {
		return nil, err
	}
	all := make([]protect.Resource, len(kept))
	for i, p := range kept {
		all[i] = protect.Resource{Unit: p.Unit, Pos: p.Pos, Since: p.Since, Run: p.Run}
		if id := unit.ParseLocal("", p.Unit); r.keyIsPath(id.Type) {
			all[i].Path = hostpath.Clean(id.Key)
		}
	}
	return all, nil
}

// Progress tells how far the units of a host had come, or nothing in a new run.
func (r *History) Progress(_ context.Context, h *plan.Host) (map[string]resume.Progress, error) {
	return r.done.of(h), nil
}

// Decide says what becomes of what is kept of the machine before. question tells what that is.
type Decide func(ctx context.Context, question *diag.Error) (Decision, error)

// checkMachine refuses a host that answers as another machine than the one of
// which something is protected or pending, unless the operator decides what happens to that.
func (r *History) checkMachine(ctx context.Context, h *plan.Host) error {
	old, err := r.leftBehind(ctx, h)
	if err != nil || len(old) == 0 {
		return err
	}
	r.deciding.Lock() // a host may be one of the run's and a delegate, and is asked about once
	defer r.deciding.Unlock()
	if old, err = r.leftBehind(ctx, h); err != nil || len(old) == 0 {
		return err
	}
	refusal, err := r.replaced(ctx, h, old)
	if err != nil {
		return err
	}
	if r.Decide != nil && !r.refused[h.Host.Name] {
		d, err := r.Decide(ctx, refusal)
		if err != nil {
			return err
		}
		if d != Undecided {
			return Settle(ctx, r.ref.store, d, h.Host.Name, h.MachineID(), state.Audit{User: r.operator, Run: r.ref.run, Time: time.Now()}, r.ref.workspace)
		}
	}
	r.refused[h.Host.Name] = true
	return refusal
}

func (r *History) leftBehind(ctx context.Context, h *plan.Host) ([]state.Machine, error) {
	known, err := r.ref.store.Machines(ctx, r.ref.workspace, h.Host.Name)
	return LeftBehind(known, h.MachineID()), err
}

// replaced says what would be lost.
func (r *History) replaced(ctx context.Context, h *plan.Host, old []state.Machine) (*diag.Error, error) {
	var lines, ids []string
	for _, m := range old {
		ids = append(ids, MachineName(m.ID))
		kept, err := r.ref.store.ProtectedOn(ctx, r.ref.workspace, h.Host.Name, m.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range kept {
			lines = append(lines, fmt.Sprintf("protected since %s: %s", wording.When(p.Since), escape.Text(p.Unit)))
		}
		pending, err := r.ref.store.PendingHandlersOn(ctx, r.ref.workspace, h.Host.Name, m.ID)
		if err != nil {
			return nil, err
		}
		for _, o := range pending {
			lines = append(lines, fmt.Sprintf("pending since %s: handler %q of play %s", wording.When(o.Since), o.Handler, escape.Text(wording.PlayName(o.Play))))
		}
	}
	const most = 10
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more: froyo state protections; froyo state handlers", more))
	}
	command := "froyo state machines accept " + wording.Quote(h.Host.Name) + " " + MachineName(h.MachineID())
	return (&diag.Error{
		Host: h.Host.Name, Code: diag.Failed, Detail: strings.Join(lines, "\n"),
		Summary: fmt.Sprintf("another machine answers under this name (machine-id %s, before %s), and of the one before something is protected or pending",
			MachineName(h.MachineID()), strings.Join(ids, ", ")),
	}).WithHint("the same machine, whose machine-id changed: %s --same; a new one, of which none of this holds: %s --new", command, command), nil
}
