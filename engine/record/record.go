// Package record keeps a run in the store: what it planned, what happened, what it is about to do and
// what it did, and what earlier runs left for it.
//
// It imports engine/plan, engine/apply and engine/state.
package record

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/worker"
)

// Options say which run is kept, and where. Store, Workspace, Seal, Worker, KeyIsPath and Warn must be set.
type Options struct {
	Store     state.Store
	Workspace string // its ID
	Seal      planfile.Seal
	Worker    worker.Identity
	// KeyIsPath reports whether resources of a type are told apart by a path: the state has their names alone.
	KeyIsPath func(typ string) bool
	// Facts are the namespaces that hosts can tell.
	Facts *facts.Registry
	// Warn is told what is no error; it may be called by many goroutines.
	Warn func(*diag.Error)
	// Command and Main name a new run: the command, and its runbook.
	Command, Main string
	// Note is what the audit log tells of it in place of the runbook, "" where that is a file.
	Note string
	// Hosts are the names of those that it has.
	Hosts []string
	// Plan is the digest of the saved plan that it carries out, "" where there is none.
	Plan string
	// Again is that another run may have carried that plan out before.
	Again bool
	// Resumed is the run that is resumed, nil for a new one.
	Resumed *state.Run
}

// ref is where a run is kept.
type ref struct {
	store     state.Store
	workspace string
	run       string
}

// Record is one run in the store. Its parts are what the engine asks of one.
type Record struct {
	ID    string
	Began time.Time
	// Events takes what happens.
	Events *Events
	// Log takes what is about to be done, and what was done.
	Log *RunLog
	// Protector takes what must not be removed.
	Protector *Protector
	// History tells what earlier runs left.
	History *History

	ref     ref
	facts   *facts.Registry
	warn    func(*diag.Error)
	unknown *unknown
	use     state.PlanUse // of its saved plan
	was     *state.End    // how the run that is resumed had ended, nil for a new one
}

// Open begins a run in the store, or resumes one.
func Open(ctx context.Context, o Options) (*Record, error) {
	now := time.Now()
	r := &Record{ID: state.NewRunID(now), Began: now, ref: ref{store: o.Store, workspace: o.Workspace}, facts: o.Facts, warn: o.Warn, unknown: &unknown{}}
	r.use = state.PlanUse{Workspace: o.Workspace, Plan: o.Plan, Again: o.Again}
	if err := usePlan(ctx, o.Store, r.use, o.Resumed != nil); err != nil { // before any host is asked
		return nil, err
	}
	var last int64
	var done progress
	var err error
	if o.Resumed != nil {
		r.ID, r.Began, r.was = o.Resumed.ID, o.Resumed.Started, &o.Resumed.End
		r.ref.run = r.ID
		last, done, err = r.resume(ctx, o.Worker)
	} else if err = worker.CloseDead(ctx, o.Store, o.Workspace, now); err == nil {
		r.ref.run = r.ID
		err = o.Store.BeginRun(ctx, state.Run{
			ID: r.ID, Workspace: o.Workspace, Command: o.Command, Runbook: o.Main, User: o.Worker.Operator, Started: now, Hosts: len(o.Hosts), Plan: o.Plan,
			Names: o.Hosts, Note: o.Note, Process: o.Worker.Process,
		})
	}
	if err != nil {
		return nil, err
	}
	r.Events = &Events{stream: state.NewStream(o.Store, r.ID, last, event.Encode), unknown: r.unknown}
	r.Log = &RunLog{ref: r.ref, seal: o.Seal, unknown: r.unknown, positions: map[unit.ID]int{}}
	r.Protector = &Protector{ref: r.ref}
	r.History = &History{ref: r.ref, done: done, keyIsPath: o.KeyIsPath, operator: o.Worker.Operator, refused: map[string]bool{}}
	return r, nil
}

// End is how the run ended, with this exit code. One that was to be resumed, and of
// which nothing came, ended as it had before.
func (r *Record) End(code diag.Code, counts []apply.Count) (state.End, error) {
	if r.was != nil && counts == nil {
		return *r.was, nil
	}
	summary, err := json.Marshal(counts)
	return state.End{Ended: time.Now(), Status: r.status(code), Code: code, Summary: summary}, err
}

// status says in a word how the run ended. One whose outcome is not known for all
// units was interrupted, whatever else failed.
func (r *Record) status(code diag.Code) state.RunStatus {
	switch {
	case code == diag.OK, code == diag.Pending:
		return state.Succeeded
	case code == diag.Interrupted, r.unknown.any():
		return state.Interrupted
	}
	return state.Failed
}

// Close records how the run ended, and closes the store. One that was to be resumed, and of which nothing came, is as it
// was, with the approval that it had.
func (r *Record) Close(ctx context.Context, end state.End) error {
	err := r.Events.stream.Close()
	if r.was != nil && end.Ended.Equal(r.was.Ended) {
		err = errors.Join(err, r.ref.store.CancelResume(ctx, r.ID))
	} else {
		err = errors.Join(err, r.ref.store.FinishRun(ctx, r.ID, end))
	}
	return errors.Join(err, r.ref.store.Close())
}

// Store is where the run is kept, for as long as it is open.
func (r *Record) Store() state.Store { return r.ref.store }
