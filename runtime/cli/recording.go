package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/ui"
)

// factTTL is how long the facts of a run may serve validate.
const factTTL = 24 * time.Hour

// recording keeps a run in the store: who, what was planned, what happened. It
// implements event.Sink.
type recording struct {
	id        string
	began     time.Time
	workspace string
	store     state.Store
	stream    *state.Stream
	seal      plan.Seal
	notify    func(*diag.Error)

	positions map[unit.ID]int // set by savePlan, read by change

	// plan is what the run goes by, kept once, before its first change; nil where
	// nothing is to be kept.
	plan  func() ([]byte, error)
	kept  sync.Once
	unfit error // why it could not be kept
	acted atomic.Bool
	// open says that nobody knows how the turn of some unit ended.
	open atomic.Bool
	// units holds how far a run had come that is gone on with, by host.
	units map[string]map[string]plan.Progress
}

// openRecording begins a run in the workspace's store, or goes on with one.
func (j *job) openRecording(ctx context.Context, command string) (_ *recording, err error) {
	store, err := j.openStore(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	seal, err := j.workspace.Sealer()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &recording{
		id: state.NewRunID(now), began: now, workspace: j.workspace.ID(), store: store, seal: seal, positions: map[unit.ID]int{},
		notify: func(w *diag.Error) { j.env.errors.Warnings([]*diag.Error{w}) },
	}
	var last int64
	if j.resumed != nil {
		r.id, r.began = j.resumed.ID, j.resumed.Started
		last, err = r.resume(ctx)
	} else if err = settleDead(ctx, store, r.workspace, now); err == nil {
		err = store.BeginRun(ctx, state.Run{
			ID: r.id, Workspace: r.workspace, Command: command, User: operator(), Started: now, Hosts: len(j.selection.hosts), Plan: j.reviewed,
			Process: here(),
		})
	}
	if err != nil {
		return nil, err
	}
	audit := state.Audit{Time: now, User: operator(), Action: command, Run: r.id, Detail: j.main}
	if err := store.AppendAudit(ctx, audit); err != nil {
		return nil, err
	}
	r.stream = state.NewStream(store, r.id, last, ui.EventJSON)
	return r, nil
}

// here is the process at work.
func here() state.Process { return state.Process{PID: os.Getpid(), Birth: self()} }

// resume makes the run that is gone on with this process's, and reads how far it had come.
func (r *recording) resume(ctx context.Context) (last int64, err error) {
	units, err := r.store.Units(ctx, r.id)
	if err != nil {
		return 0, err
	}
	r.units = map[string]map[string]plan.Progress{}
	for _, u := range units {
		if r.units[u.Host] == nil {
			r.units[u.Host] = map[string]plan.Progress{}
		}
		r.units[u.Host][u.Unit] = plan.Progress{
			Action: u.Action, Status: unit.Status(u.Status), Started: u.Started, Outputs: codec.Raw(u.Outputs),
		}
	}
	return r.store.ResumeRun(ctx, r.id, here())
}

// progress tells how far the units of a host had come, or nothing in a new run.
func (r *recording) progress(_ context.Context, h *plan.Host) (map[string]plan.Progress, error) {
	return r.units[h.Host.Name], nil
}

// keepPlan keeps what the run goes by, before its first change.
func (r *recording) keepPlan(ctx context.Context) error {
	r.kept.Do(func() {
		data, err := r.plan()
		if err == nil {
			err = r.store.SavePlan(ctx, r.id, data)
		}
		r.unfit = err
		r.acted.Store(err == nil)
	})
	return r.unfit
}

// operator is the login name of who runs froyo.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// Emit implements event.Sink.
func (r *recording) Emit(e event.Event) {
	if e.Open && e.Status == unit.Failed {
		r.open.Store(true)
	}
	r.stream.Emit(e)
}

// savePlan keeps what is going to be done, and which machines answered.
func (r *recording) savePlan(ctx context.Context, hosts []*plan.Host, plays []string) error {
	var units []state.PlanUnit
	var stored []state.Fact
	now := time.Now()
	for _, h := range hosts {
		position := 0
		for play, s := range h.Steps() {
			u, err := planUnit(s, plays[play], position)
			if err != nil {
				return err
			}
			units = append(units, u)
			r.positions[s.Unit.ID] = position
			position++
		}
		if h.MachineID() == "" {
			continue
		}
		if err := r.sighting(ctx, h, now); err != nil {
			return err
		}
		for namespace, told := range facts.Present(h.Facts) {
			data, err := codec.Marshal(told)
			if err != nil {
				return err
			}
			stored = append(stored, state.Fact{
				Workspace: r.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Namespace: namespace,
				Data: json.RawMessage(data), Time: now, TTL: factTTL,
			})
		}
	}
	if err := r.delegatesSeen(ctx, hosts, now); err != nil {
		return err
	}
	return errors.Join(r.store.SaveUnits(ctx, r.id, units), r.store.PutFacts(ctx, stored))
}

// sighting notes which machine answered, and says so where it is another than before.
func (r *recording) sighting(ctx context.Context, h *plan.Host, now time.Time) error {
	known, err := r.store.HostSeen(ctx, state.Sighting{Workspace: r.workspace, Host: h.Host.Name, MachineID: h.MachineID(), Time: now})
	if err != nil {
		return err
	}
	if known.Replaced != "" {
		r.notify((&diag.Error{
			Host:    h.Host.Name,
			Summary: fmt.Sprintf("a new machine answers under this name (machine-id %s, before %s); what was known of the old one is set aside", h.MachineID(), known.Replaced),
		}).WithHint("if that is a surprise, find out which machine you are talking to"))
	}
	return nil
}

func planUnit(s *plan.Step, play string, position int) (state.PlanUnit, error) {
	u := state.PlanUnit{
		Host: s.Unit.ID.Host, Unit: s.Unit.ID.Local(), Play: play, Position: position, Pos: s.Unit.Pos,
	}
	if s.Change == nil || s.Unit.Sensitive {
		return u, nil
	}
	u.Action = s.Change.Action
	if s.Change.Action == abi.None {
		return u, nil
	}
	before, after, err := sides(s.Change)
	if err != nil {
		return u, err
	}
	u.Before, u.After = op.Sum(before), op.Sum(after)
	effects, err := codec.Marshal(s.Change.Effects)
	u.Effects = json.RawMessage(effects)
	return u, err
}

// sides gives the attributes that a change touches, as they were and as they shall be.
func sides(c *abi.Change) (before, after []byte, err error) {
	was, is := map[string]codec.Raw{}, map[string]codec.Raw{}
	for _, d := range c.Diffs {
		if len(d.Before) > 0 {
			was[d.Field] = d.Before
		}
		if len(d.After) > 0 {
			is[d.Field] = d.After
		}
	}
	if before, err = codec.Marshal(was); err != nil {
		return nil, nil, err
	}
	after, err = codec.Marshal(is)
	return before, after, err
}

// change keeps changes durably. It is called by many hosts at once.
func (r *recording) change(ctx context.Context, changes ...apply.Change) error {
	kept := make([]state.Change, len(changes))
	for i := range changes {
		var err error
		if kept[i], err = r.changeOf(&changes[i]); err != nil {
			return err
		}
	}
	// What was done is recorded even where the run is being interrupted.
	return r.store.RecordChange(context.WithoutCancel(ctx), kept...)
}

func (r *recording) changeOf(c *apply.Change) (state.Change, error) {
	before, after, err := sides(c.Change)
	if err != nil {
		return state.Change{}, err
	}
	u := c.Unit
	kept := state.Change{
		Run: r.id, Workspace: r.workspace, Host: c.Host, MachineID: c.MachineID, Play: c.Play, Unit: u.ID.Local(),
		Position: r.positions[u.ID], Pos: u.Pos, Action: c.Change.Action, Status: string(c.Status), Time: time.Now(), Notify: c.Notify,
		Outputs: json.RawMessage(c.Outputs),
	}
	if c.On != nil {
		kept.Elsewhere = &state.Place{Host: c.On.Host.Name, MachineID: c.On.MachineID(), Unit: u.ID.Resource()}
	}
	if u.Sensitive {
		kept.Args = r.seal(u.Args)
		kept.Before, kept.After = state.Value{Digest: r.seal(before)}, state.Value{Digest: r.seal(after)}
	} else {
		kept.Args = op.Sum(u.Args)
		kept.Before, kept.After = state.Value{Data: before}, state.Value{Data: after}
		kept.Contents = contents(c)
	}
	return kept, nil
}

// contents are the blobs that a change refers to.
func contents(c *apply.Change) []*op.Blob {
	var blobs []*op.Blob
	for _, d := range c.Change.Diffs {
		for _, side := range []codec.Raw{d.Before, d.After} {
			ref, ok := plan.AsReference(side)
			if !ok {
				continue
			}
			blob := c.Contents.Blob(ref.Sum)
			if blob == nil {
				blob = c.Unit.Blobs[ref.Sum]
			}
			if blob != nil {
				blobs = append(blobs, blob)
			}
		}
	}
	return blobs
}

// status says in a word how the run ended, with this exit code. One of which
// nobody knows all that it did was interrupted, whatever else failed.
func (r *recording) status(code diag.Code) state.RunStatus {
	switch {
	case code == diag.OK, code == diag.Pending:
		return state.Succeeded
	case code == diag.Interrupted, r.open.Load():
		return state.Interrupted
	}
	return state.Failed
}

// close records how the run ended.
func (r *recording) close(ctx context.Context, code diag.Code, counts []apply.Count) error {
	err := r.stream.Close()
	summary, jsonErr := json.Marshal(counts)
	end := state.End{Ended: time.Now(), Status: r.status(code), Code: code, Summary: summary}
	return errors.Join(err, jsonErr, r.store.FinishRun(ctx, r.id, end), r.store.Close())
}
