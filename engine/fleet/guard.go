package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/plan"
	contract "github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Fresh opens a connection to a host beside the one that the pool keeps, which has nothing in common with it.
func (p *Pool) Fresh(ctx context.Context, h *plan.Host) (guard.Session, error) {
	m, err := p.member(ctx, h.Host)
	if err != nil {
		return nil, err
	}
	if l, is := m.session.(*lasting); is {
		return l.open(ctx)
	}
	return p.open(ctx, h.Host)
}

// looking performs the first steps of a session, and asks with them whether a guard has something to tell. What was read of a
// host that then restored itself is read again.
func (l *lasting) looking(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	user := steps[0].User
	results, err := l.session.Do(ctx, append(slices.Clip(steps), guard.Look(user)))
	if err != nil || len(results) <= len(steps) {
		return results, err
	}
	state := guard.Found(results[len(steps)])
	if state == nil {
		return results[:len(steps)], nil
	}
	if err := l.awaitGuard(ctx, state, user); err != nil {
		return nil, err
	}
	return l.session.Do(ctx, steps)
}

// graceTime is how much longer than its window a guard gets.
const graceTime = 10 * time.Second

// awaitGuard waits until the guard of a host has ended, and tells of what it put back. One that nothing watches any more is
// dismissed: froyo has got in, and since the time was up others may have changed what it keeps.
func (l *lasting) awaitGuard(ctx context.Context, state *contract.State, user string) error {
	end := time.Now().Add(time.Duration(state.Window)*time.Millisecond + graceTime)
	for state != nil && state.Phase == contract.Armed && time.Now().Before(end) {
		if l.note != nil {
			l.note("", "waiting for the guard of run "+state.Run+" to end")
		}
		if !pause(ctx) {
			return context.Cause(ctx)
		}
		var err error
		if state, err = guard.Read(ctx, l.session, user); err != nil {
			return err
		}
	}
	if state != nil && state.Phase == contract.Armed { // none watches any more
		var err error
		id, run := state.ID, state.Run
		if state, err = guard.Dismiss(ctx, l.session, id, user); err != nil {
			return &target.Error{
				Host: l.host, Stage: target.StageStart, Message: "the guard of run " + run + " did not end in time, and cannot be dismissed: " + err.Error(), Cause: err,
				Hint: "look at the host: repair what it says, or have put back what was there before that run: " + contract.Dir + "/" + id + "/" + contract.Name + " restore",
			}
		}
	}
	if state == nil {
		return nil
	}
	if l.found != nil {
		l.found(state)
	}
	if state.Phase == contract.Dismissed {
		return nil
	}
	return guard.Clear(ctx, l.session, state.ID, user)
}

// told is what an operator is told of a guard that another run has left.
func told(host string, s *contract.State) error {
	if s.Phase == contract.Dismissed {
		return &diag.Error{Host: host, Summary: "the guard of run " + s.Run + " did not end in time, since the process that watched was gone: nothing is put back, and what that run did to " +
			guard.Names(s.Units) + " stays"}
	}
	e := guard.Undone(*s, nil)
	if e.Summary, e.Host = "of run "+s.Run+": "+e.Summary, host; len(s.Failed) == 0 {
		e.Hint = ""
	}
	if len(s.Restored) > 0 {
		e.Summary += ": " + guard.Names(s.Restored)
	}
	return e
}
