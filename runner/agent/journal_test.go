package agent

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

// TestJournalThatCannotBeWritten: the commands go well, and one note says what is wrong.
func TestJournalThatCannotBeWritten(t *testing.T) {
	run := "test-" + strconv.Itoa(os.Getpid())
	uid := strconv.Itoa(os.Getuid())
	for _, base := range []string{"/run/froyo", "/run/user/" + uid + "/froyo", "/tmp/.froyo-" + uid} {
		if os.Mkdir(base, 0o755) != nil && !isDir(base) { //nolint:gosec // as the runner makes it
			continue
		}
		path := filepath.Join(base, run)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = os.Remove(path)
			_ = os.Remove(base) // unless something is in it
		})
	}
	c := serve(t, Options{})
	for i := range 3 {
		c.command(protocol.Command{Op: shell("true"), Key: run + ":" + strconv.Itoa(i)})
	}
	notes := 0
	for done := 0; done < 3; {
		switch f := c.frame(); {
		case f.Note != nil:
			notes++
			if !strings.Contains(f.Note.Text, "journal") {
				t.Errorf("note %q", f.Note.Text)
			}
		case f.Done != nil:
			done++
			if f.Done.Result.Exec == nil || f.Done.Result.Exec.RC != 0 {
				t.Errorf("got %+v", f.Done)
			}
		}
	}
	if notes != 1 {
		t.Errorf("%d notes, want 1", notes)
	}
	c.exit()
}

func isDir(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// TestNotRunIsNotNoted: what was not run is not noted.
func TestNotRunIsNotNoted(t *testing.T) {
	run := "test-notrun-" + strconv.Itoa(os.Getpid())
	c := serve(t, Options{})
	first := c.command(protocol.Command{Op: op.Op{Read: &op.Read{Path: "/"}}, Key: run + ":a", Expect: strings.Repeat("0", 64)})
	c.command(protocol.Command{Op: shell("true"), Key: run + ":b", After: []uint64{first}})
	if d := c.done(2)[first]; !d.Mismatch {
		t.Errorf("got %+v", d)
	}
	d := c.done1(protocol.Command{Op: op.Op{Journal: &op.Journal{Run: run}}})
	if j := d.Result.Journal; j == nil || len(j.Entries) != 1 || j.Entries[0].Key != run+":a" {
		t.Errorf("got %+v", d.Result)
	}
	c.exit()
}

// TestFitJournal: of a journal that is too long for a frame its end is sent.
func TestFitJournal(t *testing.T) {
	j := &op.JournalResult{}
	for i := range 1000 {
		j.Entries = append(j.Entries, op.JournalEntry{Key: "r1:" + strconv.Itoa(i), Digest: strings.Repeat("0", 64)})
	}
	got := fit(op.Result{Journal: j}, 10_000).Journal
	if got == nil || !got.More || len(got.Entries) < 10 || got.Entries[len(got.Entries)-1].Key != "r1:999" {
		t.Errorf("got %+v", got)
	}
}
