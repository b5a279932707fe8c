package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// TestADatabaseOfBeforeIsOpened: what a froyo kept that could not go on with runs
// is read, and is nothing to go on with.
func TestADatabaseOfBeforeIsOpened(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "openfroyo.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := advance(t.Context(), db, migrations()[:3]); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`INSERT INTO runs (id, workspace, command, user, started, status) VALUES ('r1', '/w', 'apply', 'ada', 1000000, 'running')`,
		`INSERT INTO plan_units (run, host, unit, play, position, source, action, status, before, after)
			VALUES ('r1', 'h1', 'cmd[a]', 'web', 0, '{}', 'run', 'changed', '', '')`,
		`INSERT INTO owed VALUES ('/w', 'h1', '', 'web', 'reload', 'r1', 1, 1, 0)`,
		`INSERT INTO leases VALUES ('/w', 'h1', 'r1/h1', 'r1', 'ada', 7, '', 1, 1)`,
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	defer closeStore(t, s)
	open, err := s.Unfinished(t.Context(), "/w")
	if err != nil || len(open) != 1 || open[0].Resumable || open[0].PID != 0 {
		t.Fatalf("unfinished: %+v, %v", open, err)
	}
	units, err := s.Units(t.Context(), "r1")
	if err != nil || len(units) != 1 || units[0].Status != "changed" || !units[0].Started.IsZero() || units[0].MachineID != "" {
		t.Errorf("units: %+v, %v", units, err)
	}
	end := state.End{Ended: time.Unix(2, 0), Status: state.NeverStarted}
	if err := s.EndDead(t.Context(), "r1", open[0].Process, end); err != nil {
		t.Error(err)
	}
	leases, err := s.Leases(t.Context(), "/w")
	if err != nil || len(leases) != 0 {
		t.Errorf("leases: %+v, %v", leases, err)
	}
	if _, err := s.ResumeRun(t.Context(), "r1", state.Process{PID: 8}, time.Unix(3, 0)); err == nil {
		t.Error("it was resumed, and nobody knows its plan")
	}
	owed, err := s.Owed(t.Context(), "/w")
	if err != nil || len(owed) != 1 {
		t.Errorf("owed: %+v, %v", owed, err)
	}
}
