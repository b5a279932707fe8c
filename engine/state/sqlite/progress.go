package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/chain"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
	"github.com/openfroyo/froyo/engine/storefault"
)

// Unfinished implements state.Progress.
func (s *Store) Unfinished(ctx context.Context, workspace string) ([]state.Run, error) {
	return list(ctx, s, scanRun, selectRuns+`WHERE workspace = ? AND status = ? ORDER BY started DESC, id DESC`, workspace, string(state.Running))
}

// SavePlan implements state.Progress.
func (s *Store) SavePlan(ctx context.Context, run string, plan []byte) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := z.Write(plan); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return s.write(ctx, func(tx *db.Tx) error {
		if err := tx.Exec(`INSERT OR REPLACE INTO run_plans (run, data) VALUES (?, ?)`, run, packed.Bytes()); err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM run_plans WHERE run NOT IN (SELECT run FROM run_plans ORDER BY run DESC LIMIT 20)
			AND run NOT IN (SELECT id FROM runs WHERE status = ?)`, string(state.Running))
	})
}

// PlanOf implements state.Progress.
func (s *Store) PlanOf(ctx context.Context, run string) ([]byte, error) {
	var packed []byte
	err := s.db.Reader().QueryRowContext(ctx, `SELECT data FROM run_plans WHERE run = ?`, run).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &diag.Error{Summary: "no plan is kept of run " + run, Cause: fs.ErrNotExist}
	}
	if err != nil {
		return nil, s.explain(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, state.Faults.Error(storefault.ErrCorrupt, s.db.Path(), err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, state.Faults.Error(storefault.ErrCorrupt, s.db.Path(), err)
	}
	return data, nil
}

// RecordIntent implements state.Progress.
func (s *Store) RecordIntent(ctx context.Context, b state.Intent) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, u := range b.Units {
			var unit string
			err := tx.Query([]any{&unit}, `UPDATE plan_units SET started = ?, status = '', outputs = NULL, machine_id = ?
				WHERE run = ? AND host = ? AND unit = ? RETURNING unit`, micros(b.Time), b.MachineID, b.Run, b.Host, u)
			if err != nil {
				return notPlanned(err, b.Run, b.Host, u)
			}
			if err := tx.Exec(`DELETE FROM unit_outputs WHERE run = ? AND host = ? AND unit = ?`, b.Run, b.Host, u); err != nil {
				return err
			}
		}
		return recordIntended(tx, b.Handlers)
	})
}

// notPlanned explains an update of a unit that found nothing.
func notPlanned(err error, run, host, unit string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("run %s has no unit %s/%s", run, host, unit)
	}
	return err
}

// RecordEnds implements state.Progress.
func (s *Store) RecordEnds(ctx context.Context, run string, ends ...state.UnitEnd) error {
	return s.write(ctx, func(tx *db.Tx) error {
		for _, e := range ends {
			var unit string
			err := tx.Query([]any{&unit}, `UPDATE plan_units SET status = ?1, outputs = ?2, started = iif(?1 = '', 0, started)
				WHERE run = ?3 AND host = ?4 AND unit = ?5 RETURNING unit`, e.Status, text(e.Outputs), run, e.Host, e.Unit)
			if err != nil {
				return notPlanned(err, run, e.Host, e.Unit)
			}
			if err := putOutput(tx, run, e.Host, e.Unit, e.Time, e.Output); err != nil {
				return err
			}
		}
		return nil
	})
}

// EndDead implements state.Progress.
func (s *Store) EndDead(ctx context.Context, run string, was state.Process, e state.End) error {
	return s.write(ctx, func(tx *db.Tx) error {
		var id string
		err := tx.Query([]any{&id}, `UPDATE runs SET ended = ?, status = ?, exit_code = ?, summary = ?
			WHERE id = ? AND status = ? AND pid = ? AND process = ? RETURNING id`,
			micros(e.Ended), string(e.Status), int(e.Code), text(e.Summary), run, string(state.Running), was.PID, was.Birth)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = tx.Exec(`DELETE FROM host_locks WHERE run = ?`, run)
		}
		if err == nil {
			err = forgetOutputs(tx, run)
		}
		if err == nil {
			err = s.auditEnd(tx, run, e, string(e.Status)+", its process was gone")
		}
		return err
	})
}

// resumes is what is recorded of runs that are resumed.
type resumes struct{ store *Store }

// ResumeRun implements state.Progress.
func (r resumes) ResumeRun(ctx context.Context, run string, in state.Process, now time.Time) (int64, error) {
	var last int64
	err := r.store.write(ctx, func(tx *db.Tx) error {
		var status string
		var pid int
		var kept bool
		err := tx.Query([]any{&status, &pid, &kept}, `SELECT status, pid, EXISTS (SELECT 1 FROM run_plans WHERE run = id) FROM runs WHERE id = ?`, run)
		switch {
		case err != nil:
			return noSuchRun(err, run)
		case status == string(state.Running):
			return state.UnderWay(run, pid)
		case !kept:
			return &diag.Error{Summary: "run " + run + " cannot be resumed any more: no plan is kept of it"}
		}
		err = tx.Exec(`INSERT OR REPLACE INTO run_attempts (run, started, ended, status, exit_code, summary, proposed, approved_by, approved, applying)
			SELECT id, iif(resumed = 0, started, resumed), ended, status, exit_code, summary, proposed, approved_by, approved, applying
			FROM runs WHERE id = ?`, run)
		if err != nil {
			return err
		}
		if err := r.store.auditResume(tx, run, now); err != nil {
			return err
		}
		return tx.Query([]any{&last}, `UPDATE runs SET ended = 0, status = ?, exit_code = 0, summary = NULL, pid = ?, process = ?, resumed = ?,
			proposed = '', approved_by = '', approved = 0, applying = 0 WHERE id = ? RETURNING (SELECT coalesce(max(seq), 0) FROM events WHERE run = id)`,
			string(state.Running), in.PID, in.Birth, micros(now), run)
	})
	return last, err
}

// auditResume adds to the audit log that a run is resumed.
func (s *Store) auditResume(tx *db.Tx, run string, now time.Time) error {
	a := state.Audit{Time: now, Action: "resume", Run: run}
	err := tx.Query([]any{&a.Detail, &a.Plan, &a.Hosts}, `SELECT runbook, iif(proposed <> '', proposed, plan),
		(SELECT coalesce(group_concat(host, ' '), '') FROM (SELECT DISTINCT host FROM plan_units WHERE run = id ORDER BY host)) FROM runs WHERE id = ?`, run)
	if err != nil {
		return err
	}
	return chain.Append(tx, s.author, a)
}

// CancelResume implements state.Progress.
func (r resumes) CancelResume(ctx context.Context, run string) error {
	return r.store.write(ctx, func(tx *db.Tx) error {
		var ended int64
		err := tx.Query([]any{&ended}, `UPDATE runs SET ended = a.ended, status = a.status, exit_code = a.exit_code, summary = a.summary,
			proposed = a.proposed, approved_by = a.approved_by, approved = a.approved, applying = a.applying,
			resumed = iif(a.started = runs.started, 0, a.started)
			FROM (SELECT * FROM run_attempts WHERE run = ?1 ORDER BY ended DESC LIMIT 1) a
			WHERE id = ?1 AND runs.status = ?2 RETURNING ended`, run, string(state.Running))
		if errors.Is(err, sql.ErrNoRows) {
			return &diag.Error{Summary: "run " + run + " is not one that was resumed and is under way", Cause: err}
		}
		if err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM run_attempts WHERE run = ? AND ended = ?`, run, ended); err != nil {
			return err
		}
		return chain.Append(tx, r.store.author, state.Audit{Time: time.Now(), Action: "resume", Run: run, Outcome: "nothing was done"})
	})
}

// UsePlan implements state.Plans.
func (s *Store) UsePlan(ctx context.Context, u state.PlanUse) (before string, err error) {
	err = s.write(ctx, func(tx *db.Tx) error {
		before = "" // the work may be done again
		err := tx.Query([]any{&before}, `SELECT run FROM used_plans WHERE workspace = ? AND plan = ?`, u.Workspace, u.Plan)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if u.Run == "" || before != "" && !u.Again {
			return nil
		}
		return tx.Exec(`INSERT OR REPLACE INTO used_plans (workspace, plan, run, time) VALUES (?, ?, ?, ?)`,
			u.Workspace, u.Plan, u.Run, micros(u.Time))
	})
	return before, err
}

// approvals implements state.Approvals.
type approvals struct{ store *Store }

// Propose implements state.Approvals.
func (a approvals) Propose(ctx context.Context, run, plan string) error {
	return a.store.write(ctx, func(tx *db.Tx) error { return propose(tx, run, plan) })
}

func propose(tx *db.Tx, run, plan string) error {
	var id string
	err := tx.Query([]any{&id}, `UPDATE runs SET approved_by = iif(proposed = ?1, approved_by, ''), approved = iif(proposed = ?1, approved, 0),
		applying = iif(proposed = ?1, applying, 0), proposed = ?1 WHERE id = ?2 RETURNING id`, plan, run)
	return noSuchRun(err, run)
}

// Approve implements state.Approvals.
func (a approvals) Approve(ctx context.Context, run string, by state.Approval) error {
	return a.store.write(ctx, func(tx *db.Tx) error { return approve(tx, a.store.author, run, by) })
}

func approve(tx *db.Tx, author audit.Author, run string, by state.Approval) error {
	var status, proposed string
	var approved int64
	err := tx.Query([]any{&status, &proposed, &approved}, `SELECT status, proposed, approved FROM runs WHERE id = ?`, run)
	switch {
	case err != nil:
		return noSuchRun(err, run)
	case status != string(state.Running):
		return state.NothingToApprove(run, "the run has ended as "+status)
	case proposed == "":
		return state.NothingToApprove(run, "there is no plan yet")
	case proposed != by.Plan:
		return state.NothingToApprove(run, "it is another one by now")
	case by.By == "" || by.Time.IsZero():
		return state.NothingToApprove(run, "it is not said by whom and when")
	case approved != 0:
		return nil
	}
	if err := tx.Exec(`UPDATE runs SET approved_by = ?, approved = ? WHERE id = ?`, by.By, micros(by.Time), run); err != nil {
		return err
	}
	user := by.By
	if at := strings.LastIndexByte(user, '@'); at > 0 {
		user = user[:at] // where that was is told beside it
	}
	return chain.Append(tx, author, state.Audit{Time: by.Time, User: user, Action: "approve", Run: run, Plan: by.Plan})
}

// ApprovalOf implements state.Approvals.
func (a approvals) ApprovalOf(ctx context.Context, run string) (state.Approval, error) {
	runs, err := list(ctx, a.store, scanRun, selectRuns+`WHERE id = ?`, run)
	if err == nil && len(runs) == 0 {
		err = noSuchRun(sql.ErrNoRows, run)
	}
	if err != nil {
		return state.Approval{}, err
	}
	return runs[0].Approval, nil
}

// BeginApply implements state.Approvals.
func (a approvals) BeginApply(ctx context.Context, run, plan string, now time.Time, by *state.Approval) error {
	return a.store.write(ctx, func(tx *db.Tx) error {
		if by != nil {
			err := propose(tx, run, plan)
			if err == nil {
				err = approve(tx, a.store.author, run, *by)
			}
			if err != nil {
				return err
			}
		}
		var status, proposed string
		var approved, applying int64
		err := tx.Query([]any{&status, &proposed, &approved, &applying}, `SELECT status, proposed, approved, applying FROM runs WHERE id = ?`, run)
		switch {
		case err != nil:
			return noSuchRun(err, run)
		case status != string(state.Running) || proposed != plan || approved == 0:
			return state.NotApproved(run)
		case applying != 0:
			return &diag.Error{Summary: "the plan of run " + run + " is being applied already"}
		}
		return tx.Exec(`UPDATE runs SET applying = ? WHERE id = ?`, micros(now), run)
	})
}
