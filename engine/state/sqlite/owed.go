package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// owe records the handlers that a change calls for. Of a handler that is owed
// already, the first call stays the one that is told.
func owe(w *writer, c state.Change) error {
	for _, handler := range c.Notify {
		err := w.exec(`INSERT INTO owed (workspace, host, machine_id, play, handler, run, since, called, presumed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT DO UPDATE SET called = max(called, excluded.called), presumed = 0,
				run = iif(presumed, excluded.run, run), since = iif(presumed, excluded.since, since)`,
			c.Workspace, c.Host, c.MachineID, c.Play, handler, c.Run, micros(c.Time), micros(c.Time))
		if err != nil {
			return fmt.Errorf("handler %q that it calls for: %w", handler, err)
		}
	}
	return nil
}

// presume records that handlers may be owed.
func presume(w *writer, owed []state.Owed) error {
	for _, o := range owed {
		err := w.exec(`INSERT INTO owed (workspace, host, machine_id, play, handler, run, since, called, presumed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT DO NOTHING`,
			o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, o.Run, micros(o.Since), micros(o.Since))
		if err != nil {
			return fmt.Errorf("handler %q: %w", o.Handler, err)
		}
	}
	return nil
}

// Withdraw implements state.Notifications.
func (s *Store) Withdraw(ctx context.Context, owed ...state.Owed) error {
	return s.write(ctx, func(w *writer) error {
		for _, o := range owed {
			err := w.exec(`DELETE FROM owed WHERE workspace = ? AND host = ? AND machine_id = ? AND play = ? AND handler = ? AND run = ? AND presumed`,
				o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, o.Run)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Settle implements state.Notifications.
func (s *Store) Settle(ctx context.Context, until time.Time, owed ...state.Owed) error {
	return s.write(ctx, func(w *writer) error {
		for _, o := range owed {
			err := w.exec(`DELETE FROM owed WHERE workspace = ? AND host = ? AND machine_id = ? AND play = ? AND handler = ? AND called <= ?`,
				o.Workspace, o.Host, o.MachineID, o.Play, o.Handler, micros(until))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const selectOwed = `SELECT r.workspace, r.host, r.machine_id, play, handler, run, r.since, called FROM owed r `

// Owed implements state.Notifications.
func (s *Store) Owed(ctx context.Context, workspace string) ([]state.Owed, error) {
	return list(ctx, s, scanOwed, selectOwed+`LEFT JOIN hosts h ON h.workspace = r.workspace AND h.host = r.host
		WHERE r.workspace = ? AND r.machine_id = coalesce(h.machine_id, '') ORDER BY r.host, r.since, play, handler`, workspace)
}

// OwedOn implements state.Notifications.
func (s *Store) OwedOn(ctx context.Context, workspace, host, machineID string) ([]state.Owed, error) {
	return list(ctx, s, scanOwed, selectOwed+`WHERE r.workspace = ? AND r.host = ? AND r.machine_id = ? ORDER BY r.since, play, handler`,
		workspace, host, machineID)
}

func scanOwed(rows *sql.Rows, o *state.Owed) error {
	var since, called int64
	err := rows.Scan(&o.Workspace, &o.Host, &o.MachineID, &o.Play, &o.Handler, &o.Run, &since, &called)
	o.Since, o.Called = fromMicros(since), fromMicros(called)
	return err
}
