package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

//go:embed migrations/*.sql
var scripts embed.FS

// migration is one step of the schema. Steps are never edited once released, only added.
type migration struct {
	name   string // 0001_initial
	script string
}

// migrations lists the steps in their order; the version of a file is how many it has had.
func migrations() []migration {
	names, err := fs.Glob(scripts, "migrations/*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	slices.Sort(names)
	steps := make([]migration, len(names))
	for i, name := range names {
		script, err := scripts.ReadFile(name)
		if err != nil {
			panic(err) // embedded files can be read
		}
		steps[i] = migration{strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql"), string(script)}
	}
	return steps
}

// migrate brings the file to the schema of this froyo, wholly or not at all. A
// file that is up to date is only read, one of a later froyo is refused.
func migrate(ctx context.Context, db *sql.DB, steps []migration) error {
	have, err := version(ctx, db)
	if err != nil {
		return err
	}
	if have < len(steps) {
		return advance(ctx, db, steps)
	}
	if have > len(steps) {
		return fmt.Errorf("%w: the file has version %d, this froyo knows %d", state.ErrNewer, have, len(steps))
	}
	return nil
}

// querier is what version reads from: a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// version tells how many steps a file has had.
func version(ctx context.Context, db querier) (int, error) {
	var tables, ours, version int
	err := db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'migrations') FROM sqlite_schema WHERE type = 'table'`).
		Scan(&tables, &ours)
	if err != nil || tables == 0 {
		return 0, err
	}
	if ours == 0 {
		return 0, fmt.Errorf("%w: it is a database, but not froyo's", state.ErrCorrupt)
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM migrations`).Scan(&version)
	return version, err
}

// advance takes the missing steps. What is missing is asked again under the
// write lock, since another froyo may be doing the same.
func advance(ctx context.Context, db *sql.DB, steps []migration) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error counts
	have, err := version(ctx, tx)
	if err != nil {
		return err
	}
	if have == 0 {
		const table = `CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL) STRICT`
		if _, err := tx.ExecContext(ctx, table); err != nil {
			return err
		}
	}
	for i := have; i < len(steps); i++ {
		if _, err := tx.ExecContext(ctx, steps[i].script); err != nil {
			return fmt.Errorf("migration %s: %w", steps[i].name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO migrations VALUES (?, ?, ?)`, i+1, steps[i].name, time.Now().UnixMicro()); err != nil {
			return fmt.Errorf("migration %s: %w", steps[i].name, err)
		}
	}
	return tx.Commit()
}
