package db

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/storefault"
)

func TestMigrate(t *testing.T) {
	steps := []Migration{
		{"0001_a", `CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);`},
		{"0002_b", `ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;`},
	}
	broken := append(steps[:1:1], Migration{"0002_c", `INSERT INTO a VALUES (2); CREATE TABLE a (z);`})
	db, err := sql.Open("sqlite", source(filepath.Join(t.TempDir(), "x.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
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
	late := slices.Insert(slices.Clone(steps), 1, Migration{"0001_late", `CREATE TABLE late (x INTEGER)`})
	for range 2 { // a step that was added before one that the file has had
		if err := migrate(t.Context(), db, late); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(t.Context(), db, steps[:1]); !errors.Is(err, storefault.ErrNewer) {
		t.Errorf("an older froyo: %v", err)
	}
}
