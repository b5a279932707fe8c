package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

const machineOf = `SELECT machine_id, since FROM hosts WHERE workspace = ? AND host = ?`

// HostSeen implements state.Hosts. A machine that is known under its name
// costs a look, not a write.
func (s *Store) HostSeen(ctx context.Context, seen state.Sighting) (state.Known, error) {
	if seen.MachineID == "" {
		return state.Known{}, nil
	}
	machine, since, err := current(s.db.Reader().QueryRowContext(ctx, machineOf, seen.Workspace, seen.Host).Scan)
	if err != nil {
		return state.Known{}, s.explain(err)
	}
	if machine == seen.MachineID {
		return state.Known{Since: fromMicros(since)}, nil
	}
	var known state.Known
	err = s.write(ctx, func(tx *db.Tx) error {
		machine, since, err := current(func(dest ...any) error { return tx.Query(dest, machineOf, seen.Workspace, seen.Host) })
		if err != nil {
			return err
		}
		if machine == seen.MachineID {
			known.Since = fromMicros(since)
			return nil
		}
		known = state.Known{First: machine == "", Replaced: machine, Since: fromMicros(micros(seen.Time))}
		return tx.Exec(`INSERT OR REPLACE INTO hosts (workspace, host, machine_id, since) VALUES (?, ?, ?, ?)`,
			seen.Workspace, seen.Host, seen.MachineID, micros(seen.Time))
	})
	if err != nil {
		return state.Known{}, err
	}
	return known, nil
}

// current reads the machine that stands behind a name; "" is none.
func current(scan func(...any) error) (machine string, since int64, err error) {
	err = scan(&machine, &since)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return machine, since, err
}

// PutFacts implements state.Hosts.
func (s *Store) PutFacts(ctx context.Context, facts []state.Fact) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, f := range facts {
			err := tx.Exec(`INSERT OR REPLACE INTO facts (workspace, host, machine_id, namespace, data, time, ttl, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				f.Workspace, f.Host, f.MachineID, f.Namespace, string(f.Data), micros(f.Time), f.TTL.Microseconds(), f.Source)
			if err != nil {
				return fmt.Errorf("facts %s of %s: %w", f.Namespace, f.Host, err)
			}
		}
		return nil
	})
}

// Facts implements state.Hosts.
func (s *Store) Facts(ctx context.Context, workspace, host string) ([]state.Fact, error) {
	return list(ctx, s, func(rows *sql.Rows, f *state.Fact) error {
		var at, ttl int64
		err := rows.Scan(&f.Workspace, &f.Host, &f.MachineID, &f.Namespace, (*document)(&f.Data), &at, &ttl, &f.Source)
		f.Time, f.TTL = fromMicros(at), time.Duration(ttl)*time.Microsecond
		return err
	}, `SELECT r.workspace, r.host, r.machine_id, namespace, data, time, ttl, source FROM facts r `+ofCurrentMachine+` ORDER BY namespace`, workspace, host)
}
