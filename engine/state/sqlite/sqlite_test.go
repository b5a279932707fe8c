package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/statetest"
)

func open(t testing.TB, dir string) state.Store { return openStore(t, dir) }

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStore(t *testing.T) { statetest.Run(t, open) }

// TestLibrary keeps SQLite at or above 3.51.3: before it, two connections that
// write and checkpoint at the same moment could lose what was committed.
func TestLibrary(t *testing.T) {
	s := openStore(t, t.TempDir())
	defer closeStore(t, s)
	var major, minor, patch int
	if err := s.read.QueryRow(`WITH v(a, b) AS (SELECT sqlite_version(), substr(sqlite_version(), instr(sqlite_version(), '.') + 1))
		SELECT CAST(a AS INTEGER), CAST(b AS INTEGER), CAST(substr(b, instr(b, '.') + 1) AS INTEGER) FROM v`).Scan(&major, &minor, &patch); err != nil {
		t.Fatal(err)
	}
	if major != 3 || minor < 51 || minor == 51 && patch < 3 {
		t.Errorf("SQLite is %d.%d.%d, want 3.51.3 or later", major, minor, patch)
	}
}

func TestConnections(t *testing.T) {
	s := openStore(t, t.TempDir())
	defer closeStore(t, s)
	pragma := func(name string) (value string) {
		t.Helper()
		err := s.writer.do(t.Context(), func(w *writer) error { return w.query([]any{&value}, "PRAGMA "+name) })
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		if got := pragma(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, err := s.read.Exec(`DELETE FROM runs`); err == nil {
		t.Error("a reading connection writes")
	}
}

func TestOnlyForTheOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openStore(t, dir)
	defer closeStore(t, s)
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"openfroyo.db", "openfroyo.db-wal", "openfroyo.db-shm", "."} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if err := os.Chmod(s.path, 0o644); err != nil {
		t.Fatal(err)
	}
	closeStore(t, openStore(t, dir))
	if info, err := os.Stat(s.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a file that was opened to others stays so: %v, %v", info.Mode(), err)
	}
}

// TestStrangeFiles opens what is no state of this froyo.
func TestStrangeFiles(t *testing.T) {
	tests := []struct {
		name   string
		make   func(t *testing.T, path string)
		want   error
		detail string
	}{
		{
			name: "a newer version", want: state.ErrNewer, detail: "the step 0099_future, which this froyo does not know",
			make: func(t *testing.T, path string) {
				change(t, path, `INSERT INTO migrations VALUES (99, '0099_future', 0)`)
			},
		},
		{
			name: "no database", want: state.ErrCorrupt,
			make: func(t *testing.T, path string) { overwrite(t, path, 0, strings.Repeat("not a database. ", 512)) },
		},
		{
			name: "another program's database", want: state.ErrCorrupt, detail: "not froyo's",
			make: func(t *testing.T, path string) {
				change(t, path, `DROP TABLE migrations`)
			},
		},
		{
			name: "a damaged schema page", want: state.ErrCorrupt,
			make: func(t *testing.T, path string) { overwrite(t, path, 100, strings.Repeat("\xff", 3000)) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			closeStore(t, s)
			test.make(t, s.path)
			before, err := os.ReadFile(s.path)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := Open(t.Context(), dir)
			if err == nil {
				closeStore(t, opened)
			}
			wantFault(t, err, test.want)
			if d, ok := errors.AsType[*diag.Error](err); ok && !strings.Contains(d.Detail, test.detail) {
				t.Errorf("detail %q lacks %q", d.Detail, test.detail)
			}
			if after, err := os.ReadFile(s.path); err != nil || string(after) != string(before) {
				t.Errorf("the file was touched: %v", err)
			}
		})
	}
}

// wantFault checks that an error is of a kind and tells the operator what to do.
func wantFault(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
	if d, ok := errors.AsType[*diag.Error](err); !ok || d.Hint == "" || strings.Contains(d.Summary, "\n") {
		t.Errorf("error %#v, want one line and a hint", err)
	}
}

// change alters a closed state file as a program other than froyo would.
func change(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, with string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(with), at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMigrate(t *testing.T) {
	steps := []migration{
		{"0001_a", `CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);`},
		{"0002_b", `ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;`},
	}
	broken := append(steps[:1:1], migration{"0002_c", `INSERT INTO a VALUES (2); CREATE TABLE a (z);`})
	db, err := sql.Open("sqlite", source(filepath.Join(t.TempDir(), "x.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { must(t, db.Close()) }()
	count := func() (n int) {
		if err := db.QueryRow(`SELECT count(*) FROM a`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 { // the second time there is nothing to do
		if err := migrate(t.Context(), db, steps[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(t.Context(), db, broken); err == nil || !strings.Contains(err.Error(), "migration 0002_c") {
		t.Errorf("a broken step: %v", err)
	}
	if got := count(); got != 1 {
		t.Errorf("a broken step left %d rows, want 1", got)
	}
	if err := migrate(t.Context(), db, steps); err != nil {
		t.Fatal(err)
	}
	if had, err := history(t.Context(), db); err != nil || !slices.Equal(had, []string{"0001_a", "0002_b"}) {
		t.Errorf("the file has had %q, %v", had, err)
	}
	late := slices.Insert(slices.Clone(steps), 1, migration{"0001_late", `CREATE TABLE late (x INTEGER)`})
	for range 2 { // a step that was added before one that the file has had
		if err := migrate(t.Context(), db, late); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(t.Context(), db, steps[:1]); !errors.Is(err, state.ErrNewer) {
		t.Errorf("an older froyo: %v", err)
	}
}

// TestBusy has another process hold the write lock for too long.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer closeStore(t, s)
	other, err := sql.Open("sqlite", source(s.path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { must(t, other.Close()) }()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.writer.exec("PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	err = s.writer.do(t.Context(), func(*writer) error { return nil })
	wantFault(t, explain(err, s.path), state.ErrBusy)
	if code := diag.CodeOf(explain(err, s.path)); code != diag.Locked {
		t.Errorf("exit code %d, want %d", code, diag.Locked)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1", Started: time.Now()}); err != nil {
		t.Errorf("after the other has gone: %v", err)
	}
}
