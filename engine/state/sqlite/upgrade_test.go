package sqlite

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// TestADatabaseOfBeforeIsOpened: what a froyo kept that could not resume runs
// is read, and is nothing to resume; so is what was kept under other names.
func TestADatabaseOfBeforeIsOpened(t *testing.T) {
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, had := range []int{3, 7} {
		t.Run(steps[had-1].Name, func(t *testing.T) { opensDatabaseOf(t, steps[:had]) })
	}
}

func opensDatabaseOf(t *testing.T, steps []db.Migration) {
	dir := t.TempDir()
	before, err := db.Open(t.Context(), dir, steps)
	if err != nil {
		t.Fatal(err)
	}
	err = before.Write(t.Context(), func(tx *db.Tx) error {
		for _, text := range []string{
			`INSERT INTO runs (id, workspace, command, user, started, status) VALUES ('r1', '/w', 'apply', 'ada', 1000000, 'running')`,
			`INSERT INTO plan_units (run, host, unit, play, position, source, action, status, before, after)
				VALUES ('r1', 'h1', 'cmd[a]', 'web', 0, '{}', 'run', 'changed', '', '')`,
			`INSERT INTO audit (time, user, action, run, detail) VALUES (1, 'ada', 'apply', 'r1', 'site.star')`,
			`INSERT INTO audit (time, user, action, run, detail) VALUES (2, 'ada', 'approve', 'r1', 'plan abc')`,
			`INSERT INTO owed VALUES ('/w', 'h1', '', 'web', 'reload', 'r1', 1, 1, 0)`,
			`INSERT INTO leases VALUES ('/w', 'h1', 'r1/h1', 'r1', 'ada', 7, '', 1, 1)`,
		} {
			if err := tx.Exec(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, before.Close()); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	defer closeStore(t, s)
	open, err := s.Unfinished(t.Context(), "/w")
	if err != nil || len(open) != 1 || open[0].Resumable || open[0].PID != 0 {
		t.Fatalf("unfinished: %+v, %v", open, err)
	}
	if open[0].Runbook != "site.star" {
		t.Errorf("its runbook is %q", open[0].Runbook)
	}
	units, err := s.Units(t.Context(), "r1")
	if err != nil || len(units) != 1 || units[0].Status != "changed" || !units[0].Started.IsZero() || units[0].MachineID != "" {
		t.Errorf("units: %+v, %v", units, err)
	}
	end := state.End{Ended: time.Unix(2, 0), Status: state.NeverStarted}
	if err := s.EndDead(t.Context(), "r1", open[0].Process, end); err != nil {
		t.Error(err)
	}
	if locks, err := s.LockedHosts(t.Context(), "/w"); err != nil || len(locks) != 0 {
		t.Errorf("locks: %+v, %v", locks, err)
	}
	if _, err := s.ResumeRun(t.Context(), "r1", state.Process{PID: 8}, time.Unix(3, 0)); err == nil {
		t.Error("it was resumed, and its plan is not known")
	}
	log, err := s.AuditLog(t.Context(), -1)
	if err != nil || len(log.Rows) != 3 || log.Rows[1].Detail != "plan abc" || log.Rows[2].Outcome != "never started, its process was gone" {
		t.Errorf("audit: %+v, %v", log, err)
	}
	if found := log.Verify(nil, nil); len(found) != 1 || !strings.HasPrefix(found[0].Text, "rows 1 to 3 are not signed") { // no key signs here
		t.Error(found)
	}
	pending, err := s.PendingHandlers(t.Context(), "/w")
	if err != nil || len(pending) != 1 {
		t.Errorf("pending: %+v, %v", pending, err)
	}
}
