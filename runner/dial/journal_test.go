package dial_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// journalHost is a host whose /run is the folder run, so that no run of this
// machine's own is in the way.
func journalHost(t *testing.T) (h *host, run string) {
	needRoot(t)
	h, run = newHost(t), t.TempDir()
	h.before = "mount --bind " + run + " /run"
	return h, run
}

func session(t *testing.T, h *host) *dial.Session {
	t.Helper()
	return h.open(t, dial.Options{Binary: dialtest.Binary(t)})
}

// keyed makes a step with a key.
func keyed(key string, o op.Op) dial.Step {
	return dial.Step{Op: o, Key: key, Timeout: 30 * time.Second}
}

// journal asks for the journal of a run.
func journal(t *testing.T, s *dial.Session, run string) []op.JournalEntry {
	t.Helper()
	results, err := s.Do(t.Context(), steps(op.Op{Journal: &op.Journal{Run: run}}))
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Journal == nil {
		t.Fatalf("got %+v", results[0])
	}
	return results[0].Journal.Entries
}

// killed has a runner perform commands of a run, and kills it.
func killed(t *testing.T, h *host, run string) []op.JournalEntry {
	t.Helper()
	s := session(t, h)
	done, err := s.Do(t.Context(), []dial.Step{
		keyed(run+":a", shell("echo a")), keyed(run+":b", stat("/nowhere").Op), keyed(run+":c", read("/", 10)),
		{Op: shell("true"), Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Do(t.Context(), []dial.Step{keyed(run+":d", shell("kill -KILL $PPID; sleep 60"))})
	wantError(t, err, dial.StageLost, "killed by signal KILL")
	var want []op.JournalEntry
	for i, key := range []string{"a", "b", "c"} {
		want = append(want, op.JournalEntry{Key: run + ":" + key, OK: done[i].Error == nil, Digest: wire.Digest(done[i])})
	}
	return want
}

// TestJournalOfKilledRunner: the next session of the run reads what was done,
// and a clean end leaves nothing.
func TestJournalOfKilledRunner(t *testing.T) {
	h, dir := journalHost(t)
	const run = "r1"
	want := killed(t, h, run)
	if !exists(filepath.Join(dir, "froyo", run, "journal")) {
		t.Fatal("the runner left no journal")
	}
	s := session(t, h)
	byKey := map[string]op.JournalEntry{}
	for _, e := range journal(t, s, run) {
		byKey[e.Key] = e
	}
	for _, e := range want { // the commands of one call run side by side, so in any order
		if diff := cmp.Diff(e, byKey[e.Key]); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	}
	if len(byKey) != len(want) {
		t.Errorf("got %v", byKey)
	}
	if got := journal(t, s, "r2"); len(got) != 0 {
		t.Errorf("another run has %v", got)
	}
	if _, err := s.Do(t.Context(), []dial.Step{keyed(run+":e", shell("true"))}); err != nil {
		t.Fatal(err)
	}
	if got := journal(t, s, run); len(got) != len(want)+1 || got[len(got)-1].Key != run+":e" {
		t.Errorf("got %v", got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(dir, "froyo")) {
		t.Error("the clean end left the journal")
	}
}

// TestJournalOfAnotherRun: a run that takes the host removes what another's killed runner left.
func TestJournalOfAnotherRun(t *testing.T) {
	h, dir := journalHost(t)
	killed(t, h, "r1")
	s := session(t, h)
	take := op.Op{Lease: &op.Lease{Run: "r2", Owner: "tester", Since: 1, Token: 1}}
	results, err := s.Do(t.Context(), steps(take))
	if err != nil || results[0].Error != nil {
		t.Fatalf("%+v, %v", results, err)
	}
	if exists(filepath.Join(dir, "froyo", "r1")) {
		t.Error("the journal of the other run is still there")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnusableKeys(t *testing.T) {
	s := newHost(t).open(t, dial.Options{Binary: dialtest.Binary(t)})
	for _, key := range []string{"a", ":a", "r1:\n", "../r1:a"} {
		if _, err := s.Do(t.Context(), []dial.Step{keyed(key, shell("true"))}); err == nil {
			t.Errorf("the key %q was accepted", key)
		}
	}
	if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
		t.Errorf("the session is spoilt: %v", err)
	}
}
