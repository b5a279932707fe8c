package record

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// RunLog keeps what units are about to do and how they ended, with the handlers that are pending
// for it. It is safe for concurrent use.
type RunLog struct {
	ref       ref
	seal      planfile.Seal
	unknown   *unknown
	positions map[unit.ID]int // set by SavePlan

	// plan is what the run goes by, kept once, before its first change; nil where
	// nothing is to be kept.
	plan  func() ([]byte, error)
	kept  sync.Once
	unfit error // why it could not be kept
	acted atomic.Bool
}

// Resumable has plan kept before the first change, so that the run can be resumed.
func (l *RunLog) Resumable(plan func() ([]byte, error)) { l.plan = plan }

// Acted reports whether the run has begun to change something, and what it goes by is kept.
func (l *RunLog) Acted() bool { return l.acted.Load() }

// keepPlan keeps what the run goes by, before its first change.
func (l *RunLog) keepPlan(ctx context.Context) error {
	l.kept.Do(func() {
		if l.plan == nil {
			return
		}
		data, err := l.plan()
		if err == nil {
			err = l.ref.store.SavePlan(ctx, l.ref.run, data)
		}
		l.unfit = err
		l.acted.Store(err == nil)
	})
	return l.unfit
}

var _ runlog.RunLog = (*RunLog)(nil)

// What is pending is recorded even where the run is being interrupted.

// RecordIntent implements runlog.RunLog.
func (l *RunLog) RecordIntent(ctx context.Context, i runlog.Intent) error {
	ctx = context.WithoutCancel(ctx)
	if err := l.keepPlan(ctx); err != nil {
		return err
	}
	p := i.Pending
	kept := state.Intent{Run: l.ref.run, Host: p.Host, MachineID: p.MachineID, Time: p.Time, Handlers: l.pending(p)}
	for _, id := range i.Units {
		kept.Units = append(kept.Units, id.Local())
	}
	return l.ref.store.RecordIntent(ctx, kept)
}

// RecordEnds implements runlog.RunLog.
func (l *RunLog) RecordEnds(ctx context.Context, ends ...runlog.End) error {
	kept := make([]state.UnitEnd, len(ends))
	for i, e := range ends {
		kept[i] = state.UnitEnd{
			Host: e.Unit.ID.Host, Unit: e.Unit.ID.Local(), Status: string(e.Status), Time: time.Now(),
			Outputs: json.RawMessage(e.Outputs), Output: e.Output,
		}
	}
	if err := l.ref.store.RecordEnds(context.WithoutCancel(ctx), l.ref.run, kept...); err != nil {
		return err
	}
	for _, e := range ends {
		l.unknown.confirm(e.Unit.ID)
	}
	return nil
}

// CancelIntent implements runlog.RunLog.
func (l *RunLog) CancelIntent(ctx context.Context, p runlog.PendingHandlers) error {
	return l.ref.store.CancelIntent(context.WithoutCancel(ctx), l.pending(p)...)
}

// ClearPending implements runlog.RunLog.
func (l *RunLog) ClearPending(ctx context.Context, p runlog.PendingHandlers) error {
	return l.ref.store.ClearPending(context.WithoutCancel(ctx), p.Time, l.pending(p)...)
}

func (l *RunLog) pending(p runlog.PendingHandlers) []state.PendingHandler {
	pending := make([]state.PendingHandler, len(p.Handlers))
	for i, name := range p.Handlers {
		pending[i] = state.PendingHandler{
			Workspace: l.ref.workspace, Host: p.Host, MachineID: p.MachineID, Play: p.Play, Handler: name, Run: l.ref.run, Since: p.Time,
		}
	}
	return pending
}
