package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/chain"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// write performs work in a shared transaction.
func (s *Store) write(ctx context.Context, work func(*db.Tx) error) error {
	return s.explain(s.db.Write(ctx, work))
}

// BeginRun implements state.Recorder.
func (s *Store) BeginRun(ctx context.Context, r state.Run) error {
	return s.write(ctx, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO runs (id, workspace, command, runbook, user, started, hosts, status, plan, pid, process) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Workspace, r.Command, r.Runbook, r.User, micros(r.Started), r.Hosts, string(state.Running), r.Plan, r.PID, r.Birth)
		if err != nil {
			return err
		}
		return chain.Append(tx, s.author, state.Audit{
			Time: r.Started, User: r.User, Action: r.Command, Run: r.ID, Hosts: strings.Join(r.Names, " "), Plan: r.Plan, Detail: cmp.Or(r.Note, r.Runbook),
		})
	})
}

// SaveUnits implements state.Recorder.
func (s *Store) SaveUnits(ctx context.Context, run string, units []state.PlanUnit) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, u := range units {
			err := tx.Exec(`UPDATE plan_units SET status = '', started = 0, outputs = NULL, machine_id = ?1
				WHERE run = ?2 AND host = ?3 AND unit = ?4 AND machine_id NOT IN ('', ?1) AND ?1 <> ''`, u.MachineID, run, u.Host, u.Unit)
			if err == nil {
				err = tx.Exec(`INSERT INTO plan_units (run, host, unit, play, position, source, action, status, before, after, effects, machine_id, idle)
					VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
					ON CONFLICT DO UPDATE SET play = excluded.play, position = excluded.position, source = excluded.source, action = excluded.action,
						before = excluded.before, after = excluded.after, effects = excluded.effects, idle = excluded.idle WHERE status <> 'changed'`,
					run, u.Host, u.Unit, u.Play, u.Position, place(u.Pos), string(u.Action), u.Status, u.Before, u.After, text(u.Effects), u.MachineID, string(u.Idle))
			}
			if err != nil {
				return fmt.Errorf("unit %s/%s of run %s: %w", u.Host, u.Unit, run, err)
			}
		}
		return nil
	})
}

// AppendEvents implements state.Recorder.
func (s *Store) AppendEvents(ctx context.Context, run string, events []state.Event) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, e := range events {
			if err := appendEvent(tx, run, e); err != nil {
				return fmt.Errorf("event %d of run %s: %w", e.Seq, run, err)
			}
		}
		return nil
	})
}

func appendEvent(tx *db.Tx, run string, e state.Event) error {
	err := tx.Exec(`INSERT INTO events (run, seq, time, host, unit, kind, status, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		run, e.Seq, micros(e.Time), e.Host, e.Unit, e.Kind, e.Status, string(e.Data))
	if err == nil {
		err = putOutput(tx, run, e.Host, e.Unit, e.Time, e.Output)
	}
	if err != nil || e.Status == "" {
		return err
	}
	// One that tells of an earlier execution comes late.
	return tx.Exec(`UPDATE plan_units SET status = ? WHERE run = ? AND host = ? AND unit = ? AND started <= ?`,
		e.Status, run, e.Host, e.Unit, micros(e.Time))
}

// RecordChange implements state.Recorder. Content comes first, so that a record
// never refers to what is not there.
func (s *Store) RecordChange(ctx context.Context, changes ...state.Change) error {
	small := contents{}
	for i := range changes {
		if err := s.keep(&changes[i], small); err != nil {
			return s.explain(err)
		}
	}
	return s.write(ctx, func(tx *db.Tx) error {
		if err := small.insert(tx); err != nil {
			return err
		}
		for i := range changes {
			if err := recordChange(tx, &changes[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func recordChange(tx *db.Tx, c *state.Change) error {
	now := c.After.Data
	if len(now) > state.MaxBlob {
		now = nil
	}
	at := state.Place{Host: c.Host, MachineID: c.MachineID, Unit: c.Unit}
	if c.Elsewhere != nil {
		at = *c.Elsewhere
	}
	err := tx.Exec(`INSERT INTO plan_units (run, host, unit, play, position, source, action, status, before, after, outputs, machine_id)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (run, host, unit) DO UPDATE SET action = excluded.action, status = excluded.status,
				before = excluded.before, after = excluded.after, outputs = excluded.outputs, machine_id = excluded.machine_id`,
		c.Run, c.Host, c.Unit, c.Play, c.Position, place(c.Pos), string(c.Action), c.Status, c.Before.Sum(), c.After.Sum(), text(c.Outputs), c.MachineID)
	if err != nil {
		return err
	}
	if err := putOutput(tx, c.Run, c.Host, c.Unit, c.Time, c.Output); err != nil {
		return err
	}
	if err := recordPending(tx, *c); err != nil {
		return err
	}
	return tx.Exec(`INSERT OR REPLACE INTO resource_state (workspace, host, machine_id, unit, args, state, before, after, run, time)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.Workspace, at.Host, at.MachineID, at.Unit, c.Args, text(now), c.Before.Sum(), c.After.Sum(), c.Run, micros(c.Time))
}

// FinishRun implements state.Recorder.
func (s *Store) FinishRun(ctx context.Context, run string, e state.End) error {
	return s.write(ctx, func(tx *db.Tx) error {
		var id string
		err := tx.Query([]any{&id}, `UPDATE runs SET ended = ?, status = ?, exit_code = ?, summary = ? WHERE id = ? RETURNING id`,
			micros(e.Ended), string(e.Status), int(e.Code), text(e.Summary), run)
		if err == nil && e.Status == state.Succeeded {
			err = tx.Exec(`DELETE FROM run_plans WHERE run = ?`, run)
		}
		if err == nil {
			err = forgetOutputs(tx, run)
		}
		if err == nil {
			err = s.auditEnd(tx, run, e, outcome(e))
		}
		return noSuchRun(err, run)
	})
}

// outcome is how a run ended, in words.
func outcome(e state.End) string {
	if e.Code == diag.OK {
		return string(e.Status)
	}
	return fmt.Sprintf("%s, exit code %d", e.Status, e.Code)
}

// auditEnd adds the end of a run to the audit log.
func (s *Store) auditEnd(tx *db.Tx, run string, e state.End, how string) error {
	a := state.Audit{Time: e.Ended, Run: run, Outcome: how}
	err := tx.Query([]any{&a.Action, &a.Detail, &a.Plan}, `SELECT command, runbook, iif(proposed <> '', proposed, plan) FROM runs WHERE id = ?`, run)
	if err != nil {
		return err
	}
	// What its begin tells, unless that is long ago.
	err = tx.Query([]any{&a.Hosts, &a.Detail}, `SELECT hosts, detail FROM (SELECT * FROM audit ORDER BY seq DESC LIMIT 1000) WHERE run = ? AND action = ? ORDER BY seq LIMIT 1`, run, a.Action)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return chain.Append(tx, s.author, a)
}

// audits is the audit log.
type audits struct{ store *Store }

// AppendAudit implements state.Recorder.
func (a audits) AppendAudit(ctx context.Context, e state.Audit) error {
	return a.store.write(ctx, func(tx *db.Tx) error { return chain.Append(tx, a.store.author, e) })
}

// Author implements state.Recorder.
func (a audits) Author(by audit.Author) { a.store.author = by }

// AuditLog implements state.History.
func (a audits) AuditLog(ctx context.Context, limit int) (*audit.Log, error) {
	l, err := chain.Log(ctx, a.store.db.Reader(), limit)
	return l, a.store.explain(err)
}

// VerifyAudit implements state.History.
func (a audits) VerifyAudit(ctx context.Context, limit int) ([]audit.Finding, error) {
	if a.store.author.Keys == nil {
		return nil, nil
	}
	keys, err := a.store.author.Keys()
	if err != nil {
		return nil, err
	}
	l, err := a.AuditLog(ctx, limit)
	if err != nil {
		return nil, err
	}
	return l.Verify(nil, keys), nil
}

// micros is how a time is kept; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// text is how optional JSON is kept.
func text(data []byte) any {
	if len(data) == 0 {
		return nil
	}
	return string(data)
}

// place keeps a position as JSON: a file's name may hold colons.
func place(p diag.Pos) string {
	data, err := json.Marshal(p)
	if err != nil {
		return "{}" // two ints and a string always encode
	}
	return string(data)
}
