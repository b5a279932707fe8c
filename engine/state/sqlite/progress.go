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

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
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
	return s.write(ctx, func(w *writer) error {
		if err := w.exec(`INSERT OR REPLACE INTO run_plans (run, data) VALUES (?, ?)`, run, packed.Bytes()); err != nil {
			return err
		}
		return w.exec(`DELETE FROM run_plans WHERE run NOT IN (SELECT run FROM run_plans ORDER BY run DESC LIMIT 20)`)
	})
}

// PlanOf implements state.Progress.
func (s *Store) PlanOf(ctx context.Context, run string) ([]byte, error) {
	var packed []byte
	err := s.read.QueryRowContext(ctx, `SELECT data FROM run_plans WHERE run = ?`, run).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &diag.Error{Summary: "no plan is kept of run " + run, Cause: fs.ErrNotExist}
	}
	if err != nil {
		return nil, explain(err, s.path)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, state.Fault(state.ErrCorrupt, s.path, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, state.Fault(state.ErrCorrupt, s.path, err)
	}
	return data, nil
}

// BeginUnits implements state.Progress.
func (s *Store) BeginUnits(ctx context.Context, b state.Beginning) error {
	return s.write(ctx, func(w *writer) error {
		for _, u := range b.Units {
			var unit string
			err := w.query([]any{&unit}, `UPDATE plan_units SET started = ?, status = '', outputs = NULL WHERE run = ? AND host = ? AND unit = ? RETURNING unit`,
				micros(b.Time), b.Run, b.Host, u)
			if err != nil {
				return notPlanned(err, b.Run, b.Host, u)
			}
		}
		return presume(w, b.Owed)
	})
}

// notPlanned explains an update of a unit that found nothing.
func notPlanned(err error, run, host, unit string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("run %s has no unit %s/%s", run, host, unit)
	}
	return err
}

// EndUnits implements state.Progress.
func (s *Store) EndUnits(ctx context.Context, run string, ends ...state.UnitEnd) error {
	return s.write(ctx, func(w *writer) error {
		for _, e := range ends {
			var unit string
			err := w.query([]any{&unit}, `UPDATE plan_units SET status = ?1, outputs = ?2, started = iif(?1 = '', 0, started)
				WHERE run = ?3 AND host = ?4 AND unit = ?5 RETURNING unit`, e.Status, text(e.Outputs), run, e.Host, e.Unit)
			if err != nil {
				return notPlanned(err, run, e.Host, e.Unit)
			}
		}
		return nil
	})
}

// ResumeRun implements state.Progress.
func (s *Store) ResumeRun(ctx context.Context, run string, in state.Process) (int64, error) {
	var last int64
	err := s.write(ctx, func(w *writer) error {
		err := w.query([]any{&last}, `UPDATE runs SET ended = 0, status = ?, exit_code = 0, summary = NULL, pid = ?, process = ?
			WHERE id = ? RETURNING (SELECT coalesce(max(seq), 0) FROM events WHERE run = id)`, string(state.Running), in.PID, in.Birth, run)
		return noSuchRun(err, run)
	})
	return last, err
}
