package sqlite

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
	"github.com/openfroyo/froyo/engine/state/statetest"
	"github.com/openfroyo/froyo/engine/storefault"
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
	if err := s.db.Reader().QueryRow(`WITH v(a, b) AS (SELECT sqlite_version(), substr(sqlite_version(), instr(sqlite_version(), '.') + 1))
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
		err := s.db.Write(t.Context(), func(tx *db.Tx) error { return tx.Query([]any{&value}, "PRAGMA "+name) })
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
	if _, err := s.db.Reader().Exec(`DELETE FROM runs`); err == nil {
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
	if err := os.Chmod(s.db.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	closeStore(t, openStore(t, dir))
	if info, err := os.Stat(s.db.Path()); err != nil || info.Mode().Perm() != 0o600 {
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
			name: "a newer version", want: storefault.ErrNewer, detail: "the step 0099_future, which this froyo does not know",
			make: func(t *testing.T, path string) {
				change(t, path, `INSERT INTO migrations VALUES (99, '0099_future', 0)`)
			},
		},
		{
			name: "an empty file", want: storefault.ErrCorrupt, detail: "it is empty",
			make: func(t *testing.T, path string) {
				if err := os.Truncate(path, 0); err != nil {
					t.Fatal(err)
				}
			},
		},
		{
			name: "no database", want: storefault.ErrCorrupt,
			make: func(t *testing.T, path string) { overwrite(t, path, 0, strings.Repeat("not a database. ", 512)) },
		},
		{
			name: "another program's database", want: storefault.ErrCorrupt, detail: "not froyo's",
			make: func(t *testing.T, path string) {
				change(t, path, `DROP TABLE migrations`)
			},
		},
		{
			name: "a damaged schema page", want: storefault.ErrCorrupt,
			make: func(t *testing.T, path string) { overwrite(t, path, 100, strings.Repeat("\xff", 3000)) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			closeStore(t, s)
			test.make(t, s.db.Path())
			before, err := os.ReadFile(s.db.Path())
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
			if after, err := os.ReadFile(s.db.Path()); err != nil || string(after) != string(before) {
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

// TestALostFileIsNotMadeAnew removes the file of a state, and then all of it.
func TestALostFileIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	closeStore(t, s)
	if err := os.Remove(s.db.Path()); err != nil {
		t.Fatal(err)
	}
	if there, err := Exists(dir); err != nil || !there {
		t.Errorf("exists: %v, %v", there, err)
	}
	_, err := Open(t.Context(), dir)
	wantFault(t, err, storefault.ErrCorrupt)
	if err := os.Remove(filepath.Join(dir, "openfroyo.made")); err != nil {
		t.Fatal(err)
	}
	if there, err := Exists(dir); err != nil || there {
		t.Errorf("exists after all was removed: %v, %v", there, err)
	}
	closeStore(t, openStore(t, dir))
}

// TestAFileThatGoesDuringARun removes, replaces or empties it while a store has it open.
func TestAFileThatGoesDuringARun(t *testing.T) {
	for name, do := range map[string]func(path string) error{
		"removed": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			run := state.Run{ID: "r1", Workspace: "/w", Command: "apply", Started: time.Now()}
			if err := s.BeginRun(t.Context(), run); err != nil {
				t.Fatal(err)
			}
			if err := do(s.db.Path()); err != nil {
				t.Fatal(err)
			}
			run.ID = "r2"
			wantFault(t, s.BeginRun(t.Context(), run), storefault.ErrCorrupt)
			_ = s.Close() // what it cannot write any more is what this is about
		})
	}
}

// TestBusy has another process hold the write lock for too long.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	defer closeStore(t, s)
	if err := s.db.Write(t.Context(), func(tx *db.Tx) error { return tx.Exec("PRAGMA busy_timeout = 20") }); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+s.db.Path()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { must(t, other.Close()) }()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.Write(t.Context(), func(*db.Tx) error { return nil })
	wantFault(t, s.explain(err), storefault.ErrBusy)
	if code := diag.CodeOf(s.explain(err)); code != diag.Locked {
		t.Errorf("exit code %d, want %d", code, diag.Locked)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1", Started: time.Now()}); err != nil {
		t.Errorf("after the other has gone: %v", err)
	}
}

// TestOutputsAreBounded: of a workspace's latest runs the output is kept, of so many and so many bytes; not that of the
// oldest. The latest keeps it however large it is, and so does another workspace.
func TestOutputsAreBounded(t *testing.T) {
	for _, tt := range []struct {
		name        string
		runs, bytes int
		want        string
	}{
		{"all fit", 9, 1 << 20, "r0 r1 r2 r3"},
		{"number of runs", 2, 1 << 20, "r2 r3"},
		{"bytes", 9, 250, "r2 r3"},
		{"the latest alone is too large", 9, 10, "r3"},
		{"none but the latest", 0, 0, "r3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			defer closeStore(t, s)
			for i, id := range []string{"r0", "r1", "r2", "r3", "other"} {
				workspace := "/w"
				if id == "other" {
					workspace = "/other"
				}
				at := time.Unix(int64(i+1), 0)
				err := s.BeginRun(t.Context(), state.Run{ID: id, Workspace: workspace, Command: "apply", Started: at})
				if err == nil {
					err = s.SaveUnits(t.Context(), id, []state.PlanUnit{{Host: "h1", Unit: "cmd[a]"}})
				}
				if err == nil {
					said := &output.Output{Stdout: output.Stream{Text: strings.Repeat("x", 100)}}
					err = s.RecordEnds(t.Context(), id, state.UnitEnd{Host: "h1", Unit: "cmd[a]", Status: "ok", Time: at, Output: said})
				}
				if err == nil {
					err = s.FinishRun(t.Context(), id, state.End{Ended: at, Status: state.Succeeded})
				}
				if err == nil {
					err = s.db.Write(t.Context(), func(tx *db.Tx) error { return forgetOutputsBeyond(tx, id, tt.runs, tt.bytes) })
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			var kept []string
			for _, id := range []string{"r0", "r1", "r2", "r3", "other"} {
				_, _, err := s.Output(t.Context(), id, "h1", "cmd[a]")
				switch {
				case err == nil:
					kept = append(kept, id)
				case !errors.Is(err, fs.ErrNotExist):
					t.Fatal(err)
				}
			}
			if got := strings.Join(kept, " "); got != tt.want+" other" {
				t.Errorf("kept %s, want %s other", got, tt.want)
			}
		})
	}
}

// TestAuditIsAppendOnly: nothing that writes by way of SQLite changes what is there; who writes the file is found by its hashes.
func TestAuditIsAppendOnly(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := openStore(t, t.TempDir())
	defer closeStore(t, s)
	s.Author(audit.Author{Key: func() (ed25519.PrivateKey, error) { return private, nil }})
	for range 3 {
		if err := s.AppendAudit(t.Context(), state.Audit{Action: "a", Outcome: audit.Done}); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{
		`UPDATE audit SET user = 'x' WHERE seq = 2`, `DELETE FROM audit WHERE seq = 3`, `DELETE FROM audit_heads`,
		`INSERT OR REPLACE INTO audit SELECT seq, time, 'x', origin, action, run, hosts, plan, outcome, detail, hash FROM audit WHERE seq = 2`,
		`UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2`, `INSERT INTO audit SELECT 5, time, user, origin, action, run, hosts, plan, outcome, detail, hash FROM audit WHERE seq = 2`,
		`INSERT OR REPLACE INTO audit_heads SELECT seq, hash, time, 'x', signature FROM audit_heads WHERE seq = 2`, `UPDATE audit_heads SET key = 'x'`,
	} {
		err := s.write(t.Context(), func(tx *db.Tx) error { return tx.Exec(query) })
		if err == nil || !strings.Contains(err.Error(), "the audit log is append-only") {
			t.Errorf("%s: %v", query, err)
		}
	}
	public, _ := private.Public().(ed25519.PublicKey)
	found := func() string {
		l, err := s.AuditLog(t.Context(), -1)
		if err != nil || len(l.Rows) != 3 || len(l.Heads) != 3 {
			t.Fatalf("%+v %v", l, err)
		}
		var text []string
		for _, f := range l.Verify(nil, []ed25519.PublicKey{public}) {
			text = append(text, f.Text)
		}
		return strings.Join(text, "\n")
	}
	if text := found(); text != "" {
		t.Error(text)
	}
	raw, err := sql.Open("sqlite", "file:"+s.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.ExecContext(t.Context(), `DROP TRIGGER audit_update; UPDATE audit SET user = 'x' WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	if text := found(); text != "the trigger audit_update, which keeps the log append-only, was removed\nrow 2 was changed or moved, or row 1 was and its hash made anew" {
		t.Error(text)
	}
}

// TestAuditWithoutItsKey: what could not be signed does not begin.
func TestAuditWithoutItsKey(t *testing.T) {
	s := openStore(t, t.TempDir())
	defer closeStore(t, s)
	damaged := errors.New("the key is damaged")
	s.Author(audit.Author{Key: func() (ed25519.PrivateKey, error) { return nil, damaged }})
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1", Workspace: "/w"}); !errors.Is(err, damaged) {
		t.Error(err)
	}
	if runs, err := s.Runs(t.Context(), "/w", -1); err != nil || len(runs) != 0 {
		t.Error(runs, err)
	}
}
