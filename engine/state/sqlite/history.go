package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
)

// list runs a query and scans its rows.
func list[T any](ctx context.Context, s *Store, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var item T
		if err := scan(rows, &item); err != nil {
			return nil, s.explain(err)
		}
		out = append(out, item)
	}
	return out, s.explain(rows.Err())
}

// Runs implements state.History.
func (s *Store) Runs(ctx context.Context, workspace string, limit int) ([]state.Run, error) {
	return list(ctx, s, scanRun, selectRuns+`WHERE workspace = ? ORDER BY started DESC, id DESC LIMIT ?`, workspace, limit)
}

const selectRuns = `SELECT id, workspace, command, runbook, user, started, hosts, plan, ended, status, exit_code, summary, pid, process, resumed,
	proposed, approved_by, approved, applying, EXISTS (SELECT 1 FROM run_plans WHERE run = id), ` + selectEarlier + ` FROM runs `

// selectEarlier are the ends after which a run was resumed. One of which nothing came may have ended as it had before.
const selectEarlier = `(SELECT json_group_array(json_array(started, ended, status, exit_code)) FROM
	(SELECT a.started, a.ended, a.status, a.exit_code FROM run_attempts a WHERE a.run = runs.id AND a.ended <> runs.ended ORDER BY a.ended))`

// attempts is a column of selectEarlier.
type attempts []state.Attempt

// Scan implements sql.Scanner.
func (a *attempts) Scan(value any) error {
	var rows [][]any
	text, ok := value.(string)
	if !ok {
		return errors.New("want JSON as text")
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return err
	}
	*a = nil
	for _, row := range rows {
		started, _ := row[0].(float64) // microseconds fit
		ended, _ := row[1].(float64)
		status, _ := row[2].(string)
		code, _ := row[3].(float64)
		*a = append(*a, state.Attempt{
			Started: fromMicros(int64(started)), Ended: fromMicros(int64(ended)), Status: state.RunStatus(status), Code: diag.Code(code),
		})
	}
	return nil
}

func scanRun(rows *sql.Rows, r *state.Run) error {
	var started, ended, resumed, approved, applying int64
	err := rows.Scan(&r.ID, &r.Workspace, &r.Command, &r.Runbook, &r.User, &started, &r.Hosts, &r.Plan, &ended, &r.Status, &r.Code, (*document)(&r.Summary),
		&r.PID, &r.Birth, &resumed, &r.Proposed, &r.Approval.By, &approved, &applying, &r.Resumable, (*attempts)(&r.Earlier))
	r.Started, r.Ended, r.Resumed = fromMicros(started), fromMicros(ended), fromMicros(resumed)
	r.Approval.Time, r.Applying = fromMicros(approved), fromMicros(applying)
	if approved != 0 {
		r.Approval.Plan = r.Proposed
	}
	return err
}

// Units implements state.History.
func (s *Store) Units(ctx context.Context, run string) ([]state.PlanUnit, error) {
	return list(ctx, s, func(rows *sql.Rows, u *state.PlanUnit) error {
		var source string
		var started int64
		err := rows.Scan(&u.Host, &u.Unit, &u.Play, &u.Position, &source, &u.Action, &u.Status, &u.Before, &u.After, (*document)(&u.Effects),
			&started, (*document)(&u.Outputs), &u.MachineID, &u.Idle)
		if err != nil {
			return err
		}
		u.Started = fromMicros(started)
		return json.Unmarshal([]byte(source), &u.Pos)
	}, `SELECT host, unit, play, position, source, action, status, before, after, effects, started, outputs, machine_id, idle FROM plan_units
		WHERE run = ? ORDER BY host, position, unit`, run)
}

// Events implements state.History.
func (s *Store) Events(ctx context.Context, run string) ([]state.Event, error) {
	return list(ctx, s, func(rows *sql.Rows, e *state.Event) error {
		var at int64
		err := rows.Scan(&e.Seq, &at, &e.Host, &e.Unit, &e.Kind, &e.Status, (*document)(&e.Data))
		e.Time = fromMicros(at)
		return err
	}, `SELECT seq, time, host, unit, kind, status, data FROM events WHERE run = ? ORDER BY seq`, run)
}

// Resources implements state.History.
func (s *Store) Resources(ctx context.Context, workspace, host string) ([]state.Resource, error) {
	return list(ctx, s, func(rows *sql.Rows, r *state.Resource) error {
		var at int64
		err := rows.Scan(&r.Host, &r.MachineID, &r.Unit, &r.Args, (*document)(&r.State), &r.Before, &r.After, &r.Run, &at)
		r.Time = fromMicros(at)
		return err
	}, `SELECT r.host, r.machine_id, unit, args, state, before, after, run, time FROM resource_state r `+
		ofCurrentMachine+` ORDER BY unit`, workspace, host)
}

// ofCurrentMachine narrows rows r to a host's present machine. A host whose
// machine-id is not known has its rows under "".
const ofCurrentMachine = `LEFT JOIN hosts h ON h.workspace = r.workspace AND h.host = r.host
	WHERE r.workspace = ? AND r.host = ? AND r.machine_id = coalesce(h.machine_id, '')`

// document is a column of optional JSON.
type document json.RawMessage

// Scan implements sql.Scanner.
func (d *document) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*d = nil
	case string:
		*d = document(v)
	default:
		return errors.New("want JSON as text")
	}
	return nil
}

var _ sql.Scanner = (*document)(nil)

// noSuchRun explains an update that found nothing.
func noSuchRun(err error, run string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return &diag.Error{Summary: "there is no run " + run, Cause: err}
	}
	return err
}
