package chain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// guards are the triggers that let nothing but new rows into the log, as the migrations make them.
var guards = func() map[string]string {
	const abort = " BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END"
	return map[string]string{
		"audit_update":       "CREATE TRIGGER audit_update BEFORE UPDATE ON audit" + abort,
		"audit_delete":       "CREATE TRIGGER audit_delete BEFORE DELETE ON audit" + abort,
		"audit_insert":       "CREATE TRIGGER audit_insert BEFORE INSERT ON audit WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)" + abort,
		"audit_heads_update": "CREATE TRIGGER audit_heads_update BEFORE UPDATE ON audit_heads" + abort,
		"audit_heads_delete": "CREATE TRIGGER audit_heads_delete BEFORE DELETE ON audit_heads" + abort,
		"audit_heads_insert": "CREATE TRIGGER audit_heads_insert BEFORE INSERT ON audit_heads WHEN EXISTS (SELECT 1 FROM audit_heads WHERE seq >= NEW.seq)" + abort,
	}
}()

// faults are what is wrong with the place where the log is kept: its triggers, and, where all of
// it is read, runs of which it does not tell.
func faults(ctx context.Context, from reader, whole bool) (all []string, err error) {
	there, err := triggers(ctx, from)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(guards)) {
		switch text, found := there[name]; {
		case !found:
			all = append(all, "the trigger "+name+", which keeps the log append-only, was removed")
		case text != guards[name]:
			all = append(all, "the trigger "+name+", which keeps the log append-only, was changed")
		}
		delete(there, name)
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		all = append(all, fmt.Sprintf("there is a trigger %q, which froyo did not make", name))
	}
	if !whole {
		return all, nil
	}
	lost, err := unrecorded(ctx, from)
	if err != nil {
		return nil, err
	}
	var beside int
	err = from.QueryRowContext(ctx, `SELECT count(*) FROM audit_before WHERE EXISTS (SELECT 1 FROM audit)`).Scan(&beside)
	if err == nil && beside > 0 {
		all = append(all, fmt.Sprintf("there are %d rows in audit_before, which froyo empties when the log begins", beside))
	}
	return append(all, lost...), err
}

// unrecorded finds runs that the log does not tell of: rows were cut off, or all of them removed. The beginning of a run
// is written together with its row.
func unrecorded(ctx context.Context, from reader) (all []string, err error) {
	rows, err := from.QueryContext(ctx, `SELECT id FROM runs WHERE id NOT IN (SELECT run FROM audit
		UNION ALL SELECT run FROM audit_before WHERE NOT EXISTS (SELECT 1 FROM audit)) ORDER BY started, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		all = append(all, "rows were removed: there is none of the run "+id)
	}
	return all, rows.Err()
}

// triggers are those of the whole state, which has no others, in one spelling.
func triggers(ctx context.Context, from reader) (map[string]string, error) {
	rows, err := from.QueryContext(ctx, `SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'trigger'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		found[name] = strings.Join(strings.Fields(text), " ")
	}
	return found, rows.Err()
}
