package sqlite

import (
	"context"
	"database/sql"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// Machines implements state.Machines.
func (s *Store) Machines(ctx context.Context, workspace, host string) ([]state.Machine, error) {
	return list(ctx, s, func(rows *sql.Rows, m *state.Machine) error {
		var since sql.NullInt64
		if err := rows.Scan(&m.Host, &m.ID, &since, &m.Protected, &m.Pending); err != nil {
			return err
		}
		if m.Current = since.Valid; m.Current {
			m.Since = fromMicros(since.Int64)
		}
		return nil
	}, `WITH of(workspace, host) AS (VALUES (?, ?)), known(host, machine_id) AS (
			SELECT t.host, machine_id FROM of JOIN hosts t ON t.workspace = of.workspace AND of.host IN ('', t.host)
			UNION SELECT t.host, machine_id FROM of JOIN protections t ON t.workspace = of.workspace AND of.host IN ('', t.host)
			UNION SELECT t.host, machine_id FROM of JOIN pending_handlers t ON t.workspace = of.workspace AND of.host IN ('', t.host))
		SELECT k.host, k.machine_id, h.since,
			(SELECT count(*) FROM protections p WHERE p.workspace = of.workspace AND p.host = k.host AND p.machine_id = k.machine_id),
			(SELECT count(*) FROM pending_handlers o WHERE o.workspace = of.workspace AND o.host = k.host AND o.machine_id = k.machine_id)
		FROM of JOIN known k LEFT JOIN hosts h ON h.workspace = of.workspace AND h.host = k.host AND h.machine_id = k.machine_id
		ORDER BY k.host, h.since IS NULL, k.machine_id`, workspace, host)
}

// onOthers picks what is kept of other machines of a name.
const onOthers = `WHERE workspace = ? AND host = ? AND machine_id <> ?`

// CarryOver implements state.Machines. Of what both have, the first stays the
// one that is told, and the latest call of a handler counts.
func (s *Store) CarryOver(ctx context.Context, workspace, host, machineID string) error {
	return s.write(ctx, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO protections (workspace, host, machine_id, unit, source, run, since)
			SELECT workspace, host, ?, unit, source, run, since FROM protections `+onOthers+` ORDER BY since
			ON CONFLICT DO NOTHING`, machineID, workspace, host, machineID)
		if err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO pending_handlers (workspace, host, machine_id, play, handler, run, since, called, intended)
			SELECT workspace, host, ?, play, handler, run, since, called, intended FROM pending_handlers `+onOthers+` ORDER BY since
			ON CONFLICT DO UPDATE SET called = max(called, excluded.called), intended = min(intended, excluded.intended)`,
			machineID, workspace, host, machineID)
		if err != nil {
			return err
		}
		return forget(tx, workspace, host, machineID)
	})
}

// Forget implements state.Machines.
func (s *Store) Forget(ctx context.Context, workspace, host, machineID string) error {
	return s.write(ctx, func(tx *db.Tx) error { return forget(tx, workspace, host, machineID) })
}

func forget(tx *db.Tx, workspace, host, machineID string) error {
	if err := tx.Exec(`DELETE FROM protections `+onOthers, workspace, host, machineID); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM pending_handlers `+onOthers, workspace, host, machineID)
}
