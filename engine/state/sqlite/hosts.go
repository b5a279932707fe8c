package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/chain"
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

// targets implements state.Targets.
type targets struct{ store *Store }

// target is what a row has of a target beside its name and address.
type target struct {
	Port     int               `json:"port,omitempty"`
	User     string            `json:"user"`
	Login    string            `json:"login,omitempty"`
	Key      string            `json:"key,omitempty"`
	KeyFile  string            `json:"key_file,omitempty"`
	KeyLine  string            `json:"key_line,omitempty"`
	KeyPrint string            `json:"key_fingerprint,omitempty"`
	HostKey  string            `json:"host_key,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Sudo     string            `json:"sudo,omitempty"`
	LockDown []string          `json:"lock_down,omitempty"`
	Rollback bool              `json:"rollback,omitempty"`
}

// Register implements state.Targets.
func (t targets) Register(ctx context.Context, r state.Target, by state.Audit) error {
	data, err := json.Marshal(target{
		Port: r.Port, User: r.User, Login: r.Login, Key: r.Key, KeyFile: r.KeyFile, KeyLine: r.KeyLine, KeyPrint: r.KeyPrint, HostKey: r.HostKey,
		Labels: r.Labels, Sudo: r.Sudo, LockDown: r.LockDown, Rollback: r.Rollback,
	})
	if err != nil {
		return err
	}
	return t.store.write(ctx, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT OR REPLACE INTO targets (workspace, name, address, data, since) VALUES (?, ?, ?, ?, ?)`,
			r.Workspace, r.Name, r.Address, string(data), micros(r.Since))
		if err != nil {
			return err
		}
		return chain.Append(tx, t.store.author, by)
	})
}

// Targets implements state.Targets.
func (t targets) Targets(ctx context.Context, workspace string) ([]state.Target, error) {
	return list(ctx, t.store, func(rows *sql.Rows, r *state.Target) error {
		var data string
		var since int64
		if err := rows.Scan(&r.Name, &r.Address, &data, &since); err != nil {
			return err
		}
		var k target
		if err := json.Unmarshal([]byte(data), &k); err != nil {
			return fmt.Errorf("target %s: %w", r.Name, err)
		}
		*r = state.Target{
			Workspace: workspace, Name: r.Name, Address: r.Address, Since: fromMicros(since),
			Port: k.Port, User: k.User, Login: k.Login, Key: k.Key, KeyFile: k.KeyFile, KeyLine: k.KeyLine, KeyPrint: k.KeyPrint, HostKey: k.HostKey,
			Labels: k.Labels, Sudo: k.Sudo, LockDown: k.LockDown, Rollback: k.Rollback,
		}
		return nil
	}, `SELECT name, address, data, since FROM targets WHERE workspace = ? ORDER BY name`, workspace)
}

// Unregister implements state.Targets.
func (t targets) Unregister(ctx context.Context, workspace, name string, by state.Audit) (found bool, err error) {
	err = t.store.write(ctx, func(tx *db.Tx) error {
		var gone string
		err := tx.Query([]any{&gone}, `DELETE FROM targets WHERE workspace = ? AND name = ? RETURNING name`, workspace, name)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		return chain.Append(tx, t.store.author, by)
	})
	return found && err == nil, err
}
