package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

const lockColumns = `workspace, host, run, owner, pid, process, acquired, heartbeat`

func scanLock(scan func(...any) error, l *state.HostLock) error {
	var acquired, heartbeat int64
	err := scan(&l.Workspace, &l.Host, &l.Run, &l.Owner, &l.PID, &l.Process, &acquired, &heartbeat)
	l.Acquired, l.Heartbeat = fromMicros(acquired), fromMicros(heartbeat)
	return err
}

// LockHost implements state.HostLocks.
func (s *Store) LockHost(ctx context.Context, l state.HostLock, instead string) (*state.HostLock, error) {
	var held *state.HostLock
	err := s.write(ctx, func(tx *db.Tx) error {
		var other state.HostLock
		err := scanLock(func(dest ...any) error {
			return tx.Query(dest, `SELECT `+lockColumns+` FROM host_locks WHERE workspace = ? AND host = ?`, l.Workspace, l.Host)
		}, &other)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case err == nil && other.Run != l.Run && other.Run != instead:
			held = &other
			return nil
		}
		return tx.Exec(`INSERT OR REPLACE INTO host_locks (id, `+lockColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			l.ID(), l.Workspace, l.Host, l.Run, l.Owner, l.PID, l.Process, micros(l.Acquired), micros(l.Heartbeat))
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// Heartbeat implements state.HostLocks.
func (s *Store) Heartbeat(ctx context.Context, run string, now time.Time) error {
	return s.write(ctx, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE host_locks SET heartbeat = ? WHERE run = ?`, micros(now), run)
	})
}

// LockedHosts implements state.HostLocks.
func (s *Store) LockedHosts(ctx context.Context, workspace string) ([]state.HostLock, error) {
	return list(ctx, s, func(rows *sql.Rows, l *state.HostLock) error { return scanLock(rows.Scan, l) },
		`SELECT `+lockColumns+` FROM host_locks WHERE workspace = ? ORDER BY host`, workspace)
}

// UnlockHosts implements state.HostLocks.
func (s *Store) UnlockHosts(ctx context.Context, workspace, run, host string) error {
	return s.write(ctx, func(tx *db.Tx) error {
		return tx.Exec(`DELETE FROM host_locks WHERE workspace = ? AND run = ? AND ? IN ('', host)`, workspace, run, host)
	})
}
