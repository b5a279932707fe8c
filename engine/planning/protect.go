package planning

import (
	"context"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/onefile"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// protect finds out what is protected on a host, by the state and by the units
// that are wanted of it.
func (p *Planner) protect(ctx context.Context, h *plan.Host) error {
	var kept []protect.Resource
	if p.History != nil {
		var err error
		if kept, err = p.History.Protected(ctx, h); err != nil {
			return fmt.Errorf("read what is protected: %w", err)
		}
	}
	h.Protections = protect.New(kept)
	for _, s := range h.Steps() {
		s.Protections = h.Protections
		if s.On != nil {
			s.Protections = s.On.Protections // nil where it could not be reached
		}
		s.Protections.Declare(s.Unit)
	}
	return nil
}

// refuseRemovals refuses steps that would remove what is protected under another name.
// Each host that steps act on is asked once, and only where there is something to ask.
func (p *Planner) refuseRemovals(ctx context.Context, h *plan.Host, steps []*plan.Step) error {
	questions := map[*plan.Host]*protect.Question{}
	var hosts []*plan.Host
	for _, s := range steps {
		if s.Err != nil || s.Change == nil || s.Done {
			continue
		}
		on := h
		if s.On != nil {
			on = s.On
		}
		if questions[on] == nil {
			questions[on] = s.Protections.Question()
			hosts = append(hosts, on)
		}
		for _, e := range s.Change.Effects {
			questions[on].Add(s.Unit, e.Op)
		}
	}
	refused := map[*unit.Unit]*abi.Error{}
	for _, on := range hosts {
		o, any := questions[on].Op()
		if !any {
			continue
		}
		session := on.Target
		if on != h {
			session = plan.Delegated(on)
		}
		results, err := session.Do(ctx, []target.Step{{Op: o, User: p.User(on.Host)}})
		if failed, ok := errors.AsType[*abi.Error](err); ok {
			questions[on].Fail(refused, failed)
			continue
		}
		if err != nil {
			return err
		}
		questions[on].Refuse(refused, results[0])
	}
	for _, s := range steps {
		if e := refused[s.Unit]; e != nil {
			s.Err, s.Change = e, nil
		}
	}
	return nil
}

// refuseAliases finds out where links lead to which units, and refuses those that
// manage one file under two names.
func (p *Planner) refuseAliases(h *plan.Host, steps []*plan.Step) {
	linked := false
	for _, s := range steps {
		s.Real = onefile.Real(s.Unit, s.Reads)
		linked = linked || s.Real != ""
	}
	if !linked {
		return
	}
	files := map[*plan.Host]*onefile.Files{}
	for _, s := range steps {
		if s.Err != nil || s.Unit.Order.Path == "" {
			continue
		}
		if files[s.On] == nil {
			files[s.On] = onefile.New()
		}
		at := s.Real
		if at == "" {
			at = s.Unit.Order.Path
		}
		refused, warning := files[s.On].Add(s.Unit, at)
		if refused != nil {
			s.Err, s.Change = refused, nil
		}
		if warning != nil {
			h.Warnings = append(h.Warnings, warning)
		}
	}
}

// refuseOwnRestart refuses steps that would restart the machine that the run itself is on.
func refuseOwnRestart(h *plan.Host, steps []*plan.Step) {
	for _, s := range steps {
		on := h
		if s.On != nil {
			on = s.On
		}
		if s.Err != nil || s.Change == nil || !onThisMachine(on.Host) {
			continue
		}
		for _, e := range s.Change.Effects {
			if e.Op.Restart != nil {
				s.Err, s.Change = &abi.Error{
					Class: op.Permanent, Message: "this would restart the controller",
					Hint: "reach the host by SSH from another machine, or restart this one by hand",
				}, nil
				break
			}
		}
	}
}

// onThisMachine reports whether the kernel that a host runs on is that of the machine that the run itself is on.
func onThisMachine(h *inventory.Host) bool {
	k := kind.Of(h.Connection)
	return h.Connection == inventory.Local || k != nil && k.Kernel
}
