package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// Protect implements state.Protections.
func (s *Store) Protect(ctx context.Context, all ...state.Protection) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, p := range all {
			err := tx.Exec(`INSERT INTO protections (workspace, host, machine_id, unit, source, run, since) VALUES (?, ?, ?, ?, ?, ?, ?)
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
	var rows []state.Protection
	for _, p := range all {
		kept, err := list(ctx, s, scanRaw, selectProtected+onMachine, p.Workspace, p.Host, p.MachineID)
		if err != nil {
			return err
		}
		for _, k := range kept {
			if hostpath.File(k.Unit) == hostpath.File(p.Unit) {
				rows = append(rows, k)
			}
		}
	}
	return s.write(ctx, func(tx *db.Tx) error {
		for _, p := range rows {
			err := tx.Exec(`DELETE FROM protections WHERE workspace = ? AND host = ? AND machine_id = ? AND unit = ?`,
				p.Workspace, p.Host, p.MachineID, p.Unit)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const selectProtected = `SELECT r.workspace, r.host, r.machine_id, unit, source, run, r.since FROM protections r `

const onMachine = `WHERE r.workspace = ? AND r.host = ? AND r.machine_id = ? ORDER BY unit`

// Protected implements state.Protections.
func (s *Store) Protected(ctx context.Context, workspace string) ([]state.Protection, error) {
	return list(ctx, s, scanProtection, selectProtected+`WHERE r.workspace = ? ORDER BY r.host, unit, r.since, r.machine_id`, workspace)
}

// ProtectedOn implements state.Protections.
func (s *Store) ProtectedOn(ctx context.Context, workspace, host, machineID string) ([]state.Protection, error) {
	return list(ctx, s, scanProtection, selectProtected+onMachine, workspace, host, machineID)
}

func scanProtection(rows *sql.Rows, p *state.Protection) error {
	err := scanRaw(rows, p)
	p.Unit = hostpath.File(p.Unit)
	return err
}

// scanRaw leaves the unit's name as it was stored.
func scanRaw(rows *sql.Rows, p *state.Protection) error {
	var since int64
	var source string
	if err := rows.Scan(&p.Workspace, &p.Host, &p.MachineID, &p.Unit, &source, &p.Run, &since); err != nil {
		return err
	}
	p.Since = fromMicros(since)
	return json.Unmarshal([]byte(source), &p.Pos)
}
