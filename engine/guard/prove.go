package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

const (
	// pauseTime lies between two attempts to get in.
	pauseTime = time.Second
	// tryTime bounds one.
	tryTime = 20 * time.Second
	// comeBack is how long after its window a host may take until froyo gets in again: it may be booting.
	comeBack = 5 * time.Minute
)

// Prove gets in to the host over a new connection, and tells its guard so. Where that comes to nothing the host restores
// itself, and the error is of UndoneError, or that of a host that cannot be reached any more.
func (k *Keeper) Prove(ctx context.Context, w *Window) error {
	if state := w.settle(ctx); state != nil {
		return k.undone(ctx, w, *state, nil)
	}
	last := error(&diag.Error{Summary: "there was no time for one: the change took longer than three quarters of the window"})
	asked := false // a guard that is armed was told, and its answer was lost
	for first := true; first || time.Until(w.until) > 0; first = false {
		if !first {
			time.Sleep(min(pauseTime, max(0, time.Until(w.until))))
		}
		state, err := k.try(ctx, w, min(tryTime, time.Until(w.until)), guard.Confirm)
		switch {
		case err == nil && state.Phase == guard.Confirmed:
			return nil
		case err == nil && state.Phase == guard.Armed: // sshd has taken what is on disk only now
			continue
		case err == nil:
			return k.undone(ctx, w, *state, last)
		case errors.Is(err, errGone) && asked:
			return nil
		case errors.Is(err, errGone):
			return w.gone()
		}
		_, unanswered := errors.AsType[*unansweredError](err)
		asked = asked || unanswered
		switch {
		case !errors.Is(err, context.DeadlineExceeded):
			last = err
		case first: // else the attempt before tells more
			last = errors.New("no connection came about in time")
		}
	}
	return k.recover(ctx, w, last, asked)
}

// settle has sshd take what is on disk, over the connection that is open. It returns a state where the host was restored.
func (w *Window) settle(ctx context.Context) *guard.State {
	ctx, cancel := context.WithTimeout(ctx, max(time.Second, time.Until(w.until)/2))
	defer cancel()
	outcomes, err := w.host.Target.Run(ctx, []target.Step{w.verb(guard.Settle)})
	if err != nil || len(outcomes) == 0 {
		return nil // a new connection tells more
	}
	if s, err := answer(outcomes[0].Result); err == nil && s.Phase == guard.Restored {
		return s
	}
	return nil
}

// try opens a new connection and tells the guard something over it.
func (k *Keeper) try(ctx context.Context, w *Window, limit time.Duration, verb string) (*guard.State, error) {
	ctx, cancel := context.WithTimeout(ctx, max(limit, time.Second))
	defer cancel()
	session, err := k.Open(ctx, w.host)
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close(context.WithoutCancel(ctx)) }() // it has served
	if verb == guard.Confirm {                                       // one that is gone by now, and one that was confirmed, leave the same: nothing
		if state, err := Read(ctx, session, w.user); err != nil || state == nil || state.ID != w.id {
			return nil, cmp.Or(err, errGone)
		}
	}
	outcomes, err := session.Run(ctx, []target.Step{w.verb(verb)})
	if err != nil && verb == guard.Confirm {
		return nil, &unansweredError{err}
	}
	if err != nil {
		return nil, err
	}
	state, said := answer(outcomes[0].Result)
	if said == nil {
		return state, nil
	}
	state, err = Read(ctx, session, w.user)
	switch {
	case err != nil:
		return nil, errors.Join(said, err)
	case state == nil || state.ID != w.id:
		return nil, errGone
	case state.Phase == guard.Armed:
		return nil, said
	}
	return state, nil
}

// Recover waits until the host has restored itself: the connection was lost while it was changed.
func (k *Keeper) Recover(ctx context.Context, w *Window, last error) error {
	return k.recover(ctx, w, last, false)
}

func (k *Keeper) recover(ctx context.Context, w *Window, last error, asked bool) error {
	var err error
	end := w.until.Add(comeBack)
	for first := true; first || time.Now().Before(end); first = false {
		if !first {
			time.Sleep(pauseTime)
		}
		var state *guard.State
		state, err = k.try(ctx, w, tryTime, guard.Restore)
		switch {
		case err == nil && state.Phase == guard.Restored:
			return k.undone(ctx, w, *state, last)
		case errors.Is(err, errGone) && asked: // the answer that it is confirmed was lost
			return nil
		case errors.Is(err, errGone):
			return w.gone()
		}
		if e, ok := errors.AsType[*target.Error](err); ok && e.Stage == target.StageHostKey {
			break // it will not be another one later
		}
	}
	lost, ok := errors.AsType[*target.Error](err)
	if !ok {
		lost = &target.Error{Host: w.host.Host.Name, Stage: target.StageLost, Detail: err.Error(), Cause: err}
	}
	told := *lost
	told.Message = fmt.Sprintf("froyo does not get in any more, %s after the time was up at which the host should have put back what was there: %s", comeBack, lost.Message)
	told.Hint = "look at its console: what its guard kept and did is in " + guard.Dir
	return &told
}

// gone is the error of units whose guard vanished before it was told that one gets in.
func (w *Window) gone() error {
	e := &diag.Error{
		Summary: "the guard of the host is gone, and froyo had not told it yet that it gets in: " + guard.Dir + " was removed meanwhile, so nothing was put back, and what was done stays",
		Code:    diag.Failed, Cause: &UndoneError{guard.State{Config: guard.Config{ID: w.id}}},
	}
	return e.WithHint("look at what the units of this window did there; change the one that removes " + guard.Dir + ", and apply again")
}

// undone removes what the guard has left to tell, and is the error of its units.
func (k *Keeper) undone(ctx context.Context, w *Window, state guard.State, last error) error {
	told := Undone(state, last)
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	if session, err := k.Open(ctx, w.host); err == nil { // else whoever comes next removes it
		_ = Clear(ctx, session, w.id, w.user)
		_ = session.Close(ctx)
	}
	return told
}

// Runner performs ops on a host.
type Runner interface {
	Do(ctx context.Context, steps []target.Step) ([]op.Result, error)
	Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error)
}

// Look asks for what a guard has to tell.
func Look(user string) target.Step {
	return target.Step{Op: op.Op{Text: &op.Text{Path: guard.StateFile, Limit: op.MaxText}}, User: user}
}

// Found reads the answer to Look; nil is that there is no guard, or none that the user could see.
func Found(r op.Result) *guard.State {
	if r.Error != nil || r.Text == nil || r.Text.Text == "" {
		return nil
	}
	s := &guard.State{}
	if codec.Unmarshal([]byte(r.Text.Text), s) != nil {
		return nil // it is not the guard's
	}
	return s
}

// Read asks a host for what its guard has to tell, nil where there is none.
func Read(ctx context.Context, t Runner, user string) (*guard.State, error) {
	results, err := t.Do(ctx, []target.Step{Look(user)})
	if err != nil {
		return nil, err
	}
	return Found(results[0]), nil
}

// Dismiss ends a guard that nothing watches any more; the host is left as it is.
func Dismiss(ctx context.Context, t Runner, id, user string) (*guard.State, error) {
	w := &Window{id: id, user: user}
	outcomes, err := t.Run(ctx, []target.Step{w.verb(guard.Dismiss)})
	if err != nil {
		return nil, err
	}
	return answer(outcomes[0].Result)
}

// Clear removes what a guard that has restored its host has left, unless another is armed there by now.
func Clear(ctx context.Context, t Runner, id, user string) error {
	if state, err := Read(ctx, t, user); err != nil || state == nil || state.ID != id || state.Phase != guard.Restored {
		return err
	}
	_, err := t.Run(ctx, []target.Step{removal(guard.Dir, true, user), removal(path.Dir(guard.Dir), false, user)})
	return err
}

// removal removes a directory; one in which others have something stays, and ends the sequence.
func removal(dir string, whole bool, user string) target.Step {
	return target.Step{Op: op.Op{Remove: &op.Remove{Path: dir, Recurse: whole}}, User: user}
}

// leave removes what a guard has left that could not be armed.
func (w *Window) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryTime)
	defer cancel()
	_, _ = w.host.Target.Run(ctx, []target.Step{ // why it could not be armed is told
		removal(path.Dir(w.program()), true, w.user), removal(guard.Dir, false, w.user), removal(path.Dir(guard.Dir), false, w.user),
	})
}
