package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/storefault"
)

// Migration is one step of the schema. Steps are never edited once released, only added.
type Migration struct {
	Name   string // 0001_initial
	Script string
}

// Migrations lists the steps in fsys, NAME.sql each, in the order of their names.
func Migrations(fsys fs.FS) ([]Migration, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]Migration, len(names))
	for i, name := range names {
		script, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		steps[i] = Migration{strings.TrimSuffix(name, ".sql"), string(script)}
	}
	return steps, nil
}

// migrate brings the file to the schema of this froyo, wholly or not at all. A
// file that is up to date is only read, one of a later froyo is refused. Steps
// are known by their names, so one that was added before others is not missed.
func migrate(ctx context.Context, db *sql.DB, steps []Migration) error {
	had, err := history(ctx, db)
	if err != nil {
		return err
	}
	if len(missing(steps, had)) > 0 {
		return advance(ctx, db, steps)
	}
	return notNewer(steps, had)
}

// missing lists the steps that a file has not had.
func missing(steps []Migration, had []string) []Migration {
	return slices.DeleteFunc(slices.Clone(steps), func(m Migration) bool { return slices.Contains(had, m.Name) })
}

// notNewer refuses a file that has had steps which this froyo does not know.
func notNewer(steps []Migration, had []string) error {
	for _, name := range had {
		if !slices.ContainsFunc(steps, func(m Migration) bool { return m.Name == name }) {
			return fmt.Errorf("%w: the file has had the step %s, which this froyo does not know", storefault.ErrNewer, name)
		}
	}
	return nil
}

// querier is what history reads from: a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// history tells which steps a file has had.
func history(ctx context.Context, db querier) ([]string, error) {
	var tables, ours int
	err := db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'migrations') FROM sqlite_schema WHERE type = 'table'`).
		Scan(&tables, &ours)
	if err != nil || tables == 0 {
		return nil, err
	}
	if ours == 0 {
		return nil, fmt.Errorf("%w: it is a database, but not froyo's", storefault.ErrCorrupt)
	}
	rows, err := db.QueryContext(ctx, `SELECT name FROM migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// advance takes the missing steps. What is missing is asked again under the
// write lock, since another froyo may be doing the same.
func advance(ctx context.Context, db *sql.DB, steps []Migration) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	had, err := history(ctx, tx)
	if err != nil {
		return err
	}
	if err := notNewer(steps, had); err != nil {
		return err
	}
	if len(had) == 0 {
		const table = `CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL) STRICT`
		if _, err := tx.ExecContext(ctx, table); err != nil {
			return err
		}
	}
	for i, step := range missing(steps, had) {
		if _, err := tx.ExecContext(ctx, step.Script); err != nil {
			return fmt.Errorf("migration %s: %w", step.Name, err)
		}
		const done = `INSERT INTO migrations VALUES (?, ?, ?)`
		if _, err := tx.ExecContext(ctx, done, len(had)+i+1, step.Name, time.Now().UnixMicro()); err != nil {
			return fmt.Errorf("migration %s: %w", step.Name, err)
		}
	}
	return tx.Commit()
}
