package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// recordPending records the handlers that a change calls for. Of a handler that is pending
// already, the first call stays the one that is told.
func recordPending(tx *db.Tx, c state.Change) error {
	for _, handler := range c.Notify {
		err := tx.Exec(`INSERT INTO pending_handlers (workspace, host, machine_id, play, handler, run, since, called, intended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT DO UPDATE SET called = max(called, excluded.called), intended = 0,
				run = iif(intended, excluded.run, run), since = iif(intended, excluded.since, since)`,
			c.Workspace, c.Host, c.MachineID, c.Play, handler, c.Run, micros(c.Time), micros(c.Time))
		if err != nil {
			return fmt.Errorf("handler %q that it calls for: %w", handler, err)
		}
	}
	return nil
}

// recordIntended records handlers that units may call for.
func recordIntended(tx *db.Tx, pending []state.PendingHandler) error {
	for _, o := range pending {
		err := tx.Exec(`INSERT INTO pending_handlers (workspace, host, machine_id, play, handler, run, since, called, intended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT DO UPDATE SET called = max(called, excluded.called)`,
			o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, o.Run, micros(o.Since), micros(o.Since))
		if err != nil {
			return fmt.Errorf("handler %q: %w", o.Handler, err)
		}
	}
	return nil
}

// CancelIntent implements state.Handlers.
func (s *Store) CancelIntent(ctx context.Context, pending ...state.PendingHandler) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, o := range pending {
			err := tx.Exec(`DELETE FROM pending_handlers WHERE workspace = ? AND host = ? AND machine_id = ? AND play = ? AND handler = ? AND run = ? AND intended`,
				o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, o.Run)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ClearPending implements state.Handlers.
func (s *Store) ClearPending(ctx context.Context, until time.Time, pending ...state.PendingHandler) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, o := range pending {
			err := tx.Exec(`DELETE FROM pending_handlers WHERE workspace = ? AND host = ? AND machine_id = ? AND play = ? AND handler = ? AND called <= ?`,
				o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, micros(until))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const selectPending = `SELECT r.workspace, r.host, r.machine_id, play, handler, run, r.since, called,
	coalesce((SELECT runbook FROM runs WHERE id = run), '') FROM pending_handlers r `

// PendingHandlers implements state.Handlers.
func (s *Store) PendingHandlers(ctx context.Context, workspace string) ([]state.PendingHandler, error) {
	return list(ctx, s, scanPending, selectPending+`WHERE r.workspace = ? ORDER BY r.host, r.since, play, handler, r.machine_id`, workspace)
}

// PendingHandlersOn implements state.Handlers.
func (s *Store) PendingHandlersOn(ctx context.Context, workspace, host, machineID string) ([]state.PendingHandler, error) {
	return list(ctx, s, scanPending, selectPending+`WHERE r.workspace = ? AND r.host = ? AND r.machine_id = ? ORDER BY r.since, play, handler`,
		workspace, host, machineID)
}

func scanPending(rows *sql.Rows, o *state.PendingHandler) error {
	var since, called int64
	err := rows.Scan(&o.Workspace, &o.Host, &o.MachineID, &o.Play, &o.Handler, &o.Run, &since, &called, &o.Runbook)
	o.Since, o.Called = fromMicros(since), fromMicros(called)
	return err
}
