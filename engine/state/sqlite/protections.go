package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/openfroyo/froyo/engine/state"
)

// Protect implements state.Protections.
func (s *Store) Protect(ctx context.Context, all ...state.Protection) error {
	return s.write(ctx, func(w *writer) error {
		for _, p := range all {
			err := w.exec(`INSERT INTO protections (workspace, host, machine_id, unit, source, run, since) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`,
				p.Workspace, p.Host, p.MachineID, p.Unit, place(p.Pos), p.Run, micros(p.Since))
			if err != nil {
				return fmt.Errorf("protect %s: %w", p.Unit, err)
			}
		}
		return nil
	})
}

// Unprotect implements state.Protections.
func (s *Store) Unprotect(ctx context.Context, all ...state.Protection) error {
	return s.write(ctx, func(w *writer) error {
		for _, p := range all {
			err := w.exec(`DELETE FROM protections WHERE workspace = ? AND host = ? AND machine_id = ? AND unit = ?`,
				p.Workspace, p.Host, p.MachineID, p.Unit)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const selectProtected = `SELECT r.workspace, r.host, r.machine_id, unit, source, run, r.since FROM protections r `

// Protected implements state.Protections.
func (s *Store) Protected(ctx context.Context, workspace string) ([]state.Protection, error) {
	return list(ctx, s, scanProtection, selectProtected+`LEFT JOIN hosts h ON h.workspace = r.workspace AND h.host = r.host
		WHERE r.workspace = ? AND r.machine_id = coalesce(h.machine_id, '') ORDER BY r.host, unit`, workspace)
}

// ProtectedOn implements state.Protections.
func (s *Store) ProtectedOn(ctx context.Context, workspace, host, machineID string) ([]state.Protection, error) {
	return list(ctx, s, scanProtection, selectProtected+`WHERE r.workspace = ? AND r.host = ? AND r.machine_id = ? ORDER BY unit`,
		workspace, host, machineID)
}

func scanProtection(rows *sql.Rows, p *state.Protection) error {
	var since int64
	var source string
	if err := rows.Scan(&p.Workspace, &p.Host, &p.MachineID, &p.Unit, &source, &p.Run, &since); err != nil {
		return err
	}
	p.Since = fromMicros(since)
	return json.Unmarshal([]byte(source), &p.Pos)
}
