package chain_test

import (
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// written is a state with the log of a run, and the file of it, opened by who has SQL and not the key.
type written struct {
	*sqlite.Store
	raw *sql.DB
	key ed25519.PublicKey
}

func write(t *testing.T) *written {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Author(audit.Author{User: "ada", Origin: "here", Key: func() (ed25519.PrivateKey, error) { return private, nil }})
	w := &written{Store: s, key: public}
	w.run(t, "r1")
	w.run(t, "r2")
	if w.raw, err = sql.Open("sqlite", "file:"+filepath.ToSlash(db.Path(dir))+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	w.raw.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := w.raw.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *written) run(t *testing.T, id string) {
	t.Helper()
	now := time.Now()
	err := w.BeginRun(t.Context(), state.Run{ID: id, Workspace: "/w", Command: "apply", Runbook: "site.star", Started: now, Names: []string{"h1"}})
	if err == nil {
		err = w.FinishRun(t.Context(), id, state.End{Ended: now, Status: state.Succeeded})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *written) sql(t *testing.T, script string) {
	t.Helper()
	if _, err := w.raw.ExecContext(t.Context(), script); err != nil {
		t.Fatal(script, err)
	}
}

func (w *written) found(t *testing.T, anchors ...audit.Head) string {
	t.Helper()
	l, err := w.AuditLog(t.Context(), -1)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, f := range l.Verify(anchors, []ed25519.PublicKey{w.key}) {
		text = append(text, f.Text)
	}
	return strings.Join(text, "\n")
}

const unguarded = `DROP TRIGGER audit_update; DROP TRIGGER audit_delete; DROP TRIGGER audit_insert;
DROP TRIGGER audit_heads_update; DROP TRIGGER audit_heads_delete; DROP TRIGGER audit_heads_insert;`

// TestEdits changes the state by SQL, without its triggers, in each column of each row, and puts the triggers back.
func TestEdits(t *testing.T) {
	w := write(t)
	guards := w.guards(t)
	l, err := w.AuditLog(t.Context(), -1)
	if err != nil || len(l.Rows) != 4 || len(l.Heads) != 4 || w.found(t) != "" {
		t.Fatal(l, err, w.found(t))
	}
	edits := []string{
		`INSERT INTO audit SELECT 5, time, user, origin, action, run, hosts, plan, outcome, detail, hash FROM audit WHERE seq = 4`,
		`INSERT INTO audit_heads SELECT 5, hash, time, key, signature FROM audit_heads WHERE seq = 4`,
		`DELETE FROM audit`, `DELETE FROM audit_heads`, `DELETE FROM audit; DELETE FROM audit_heads`,
		`UPDATE audit SET seq = seq + 9`, `UPDATE audit SET seq = -seq; UPDATE audit SET seq = 5 + seq`,
		`UPDATE audit_heads SET seq = -seq; UPDATE audit_heads SET seq = 5 + seq`,
	}
	for seq := 1; seq <= 4; seq++ {
		for _, column := range []string{"user", "origin", "action", "run", "hosts", "plan", "outcome", "detail", "hash"} {
			edits = append(edits, fmt.Sprintf(`UPDATE audit SET %s = %[1]s || 'x' WHERE seq = %d`, column, seq),
				fmt.Sprintf(`UPDATE audit SET %s = %[1]s || char(0) WHERE seq = %d`, column, seq))
		}
		for _, rest := range []string{
			`UPDATE audit SET time = time + 1`, `UPDATE audit SET user = origin, origin = user`, `DELETE FROM audit`, `DELETE FROM audit_heads`,
			`UPDATE audit_heads SET hash = substr(hash, 2) || '0'`, `UPDATE audit_heads SET time = time + 1`, `UPDATE audit_heads SET key = key || '0'`,
			`UPDATE audit_heads SET signature = x'00'`, `UPDATE audit_heads SET signature = CAST(signature || x'00' AS BLOB)`,
		} {
			edits = append(edits, fmt.Sprintf("%s WHERE seq = %d", rest, seq))
		}
	}
	for _, edit := range edits {
		w.sql(t, unguarded+"CREATE TEMP TABLE rows AS SELECT * FROM audit; CREATE TEMP TABLE heads AS SELECT * FROM audit_heads;"+edit+";"+guards)
		if found := w.found(t, l.Heads[3]); found == "" || strings.Contains(found, "trigger") {
			t.Errorf("%s:\n%s", edit, found)
		}
		w.sql(t, unguarded+`DELETE FROM audit; DELETE FROM audit_heads;
INSERT INTO audit SELECT * FROM temp.rows; INSERT INTO audit_heads SELECT * FROM temp.heads; DROP TABLE temp.rows; DROP TABLE temp.heads;`+guards)
		if found := w.found(t, l.Heads[3]); found != "" {
			t.Fatalf("after %s:\n%s", edit, found)
		}
	}
	t.Log(len(edits), "edits")
}

// guards is a script that makes the triggers as they are.
func (w *written) guards(t *testing.T) string {
	t.Helper()
	rows, err := w.raw.QueryContext(t.Context(), `SELECT sql FROM sqlite_schema WHERE type = 'trigger'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text+";")
	}
	if err := rows.Err(); err != nil || len(all) != 6 {
		t.Fatal(all, err)
	}
	return strings.Join(all, "\n")
}

// TestAddedWithoutTheKey: rows that were added by who knows how rows are hashed stay unsigned, whatever is signed after them.
func TestAddedWithoutTheKey(t *testing.T) {
	w := write(t)
	l, err := w.AuditLog(t.Context(), -1)
	if err != nil {
		t.Fatal(err)
	}
	forged := audit.Next(l.End().Seq, l.End().Hash, audit.Author{}.Fill(audit.Entry{Time: time.Now(), User: "eve", Action: "approve", Run: "r2"}))
	_, err = w.raw.ExecContext(t.Context(), `INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, forged.Seq, forged.Time.UnixMicro(), forged.User, forged.Origin,
		forged.Action, forged.Run, forged.Hosts, forged.Plan, forged.Outcome, forged.Detail, forged.Hash)
	if err != nil {
		t.Fatal(err)
	}
	const want = "row 5 is not signed: added without the key, or the signature was removed"
	if found := w.found(t); found != want {
		t.Error(found)
	}
	w.run(t, "r3")
	if found := w.found(t); found != want {
		t.Error(found)
	}
	part, err := w.AuditLog(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if found := part.Verify(nil, []ed25519.PublicKey{w.key}); len(found) != 1 || found[0].Text != want {
		t.Error(found)
	}
}

// TestFaults: a log that was emptied is not one that was never written, and triggers that are gone are told.
func TestFaults(t *testing.T) {
	w := write(t)
	guards := w.guards(t)
	tests := []struct{ do, want string }{
		{`DROP TRIGGER audit_delete`, "the trigger audit_delete, which keeps the log append-only, was removed"},
		{`CREATE TRIGGER audit_delete BEFORE DELETE ON audit WHEN 0 BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END`, "the trigger audit_delete, which keeps the log append-only, was changed"},
		{`DROP TRIGGER audit_delete; CREATE TRIGGER other AFTER INSERT ON runs BEGIN DELETE FROM audit; END`, `there is a trigger "other", which froyo did not make`},
		{unguarded[len("DROP TRIGGER audit_update; DROP TRIGGER audit_delete;"):] + `DROP TRIGGER audit_update; DROP TRIGGER other; DELETE FROM audit; DELETE FROM audit_heads;` + guards, "rows were removed: there is none of the run r1"},
	}
	for _, tt := range tests {
		w.sql(t, tt.do)
		if found := strings.Split(w.found(t), "\n"); !slices.Contains(found, tt.want) {
			t.Errorf("%s:\n%s", tt.do, found)
		}
	}
	emptied := tests[3].want + "\nrows were removed: there is none of the run r2"
	if found := w.found(t); found != emptied {
		t.Error(found)
	}
	w.run(t, "r3") // what it adds does not hide that
	if found := w.found(t); found != emptied {
		t.Error(found)
	}
}

// TestForgedBefore: rows that are put where those from before the log lie are not signed, and hide no row that was removed.
func TestForgedBefore(t *testing.T) {
	w := write(t)
	guards := w.guards(t)
	const before = `INSERT INTO audit_before (id, time, user, action, run, detail) SELECT seq, time, 'eve', action, run, detail FROM audit WHERE run = 'r2';`
	w.sql(t, before)
	if found := w.found(t); found != "there are 2 rows in audit_before, which froyo empties when the log begins" {
		t.Error(found)
	}
	w.sql(t, unguarded+`DELETE FROM audit; DELETE FROM audit_heads;`+guards)
	w.run(t, "r3")
	const want = "rows were removed: there is none of the run r1\nrows 1 to 2 are not signed: from before rows were signed, or added without the key; who wrote them is not known"
	if found := w.found(t); found != want {
		t.Error(found)
	}
}
