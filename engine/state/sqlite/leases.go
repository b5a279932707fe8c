package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

const leaseColumns = `workspace, host, run, owner, pid, process, acquired, heartbeat`

func scanLease(scan func(...any) error, l *state.Lease) error {
	var acquired, heartbeat int64
	err := scan(&l.Workspace, &l.Host, &l.Run, &l.Owner, &l.PID, &l.Process, &acquired, &heartbeat)
	l.Acquired, l.Heartbeat = fromMicros(acquired), fromMicros(heartbeat)
	return err
}

// TakeLease implements state.Leases.
func (s *Store) TakeLease(ctx context.Context, l state.Lease, instead string) (*state.Lease, error) {
	var held *state.Lease
	err := s.write(ctx, func(w *writer) error {
		var other state.Lease
		err := scanLease(func(dest ...any) error {
			return w.query(dest, `SELECT `+leaseColumns+` FROM leases WHERE workspace = ? AND host = ?`, l.Workspace, l.Host)
		}, &other)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case err == nil && other.Run != l.Run && other.Run != instead:
			held = &other
			return nil
		}
		return w.exec(`INSERT OR REPLACE INTO leases (id, `+leaseColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			l.ID(), l.Workspace, l.Host, l.Run, l.Owner, l.PID, l.Process, micros(l.Acquired), micros(l.Heartbeat))
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// Heartbeat implements state.Leases.
func (s *Store) Heartbeat(ctx context.Context, run string, now time.Time) error {
	return s.write(ctx, func(w *writer) error {
		return w.exec(`UPDATE leases SET heartbeat = ? WHERE run = ?`, micros(now), run)
	})
}

// Leases implements state.Leases.
func (s *Store) Leases(ctx context.Context, workspace string) ([]state.Lease, error) {
	return list(ctx, s, func(rows *sql.Rows, l *state.Lease) error { return scanLease(rows.Scan, l) },
		`SELECT `+leaseColumns+` FROM leases WHERE workspace = ? ORDER BY host`, workspace)
}

// DropLeases implements state.Leases.
func (s *Store) DropLeases(ctx context.Context, workspace, run, host string) error {
	return s.write(ctx, func(w *writer) error {
		return w.exec(`DELETE FROM leases WHERE workspace = ? AND run = ? AND ? IN ('', host)`, workspace, run, host)
	})
}
