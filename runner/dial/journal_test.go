package dial_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// journalHost is a host whose /run is the directory run, so that no run of this
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
func keyed(key string, o op.Op) target.Step {
	return target.Step{Op: o, Key: key, Timeout: 30 * time.Second}
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

// uniqueRun is a run that no other test of this program speaks of: what it leaves
// running is seen by all.
func uniqueRun() string {
	return "r" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
}

// killed has a runner perform commands of a run, and kills it.
func killed(t *testing.T, h *host, run string) []op.JournalEntry {
	t.Helper()
	s := session(t, h)
	done, err := s.Do(t.Context(), []target.Step{
		keyed(run+":a", shell("echo a")), keyed(run+":b", stat("/nowhere").Op), keyed(run+":c", read("/", 10)),
		{Op: shell("true"), Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(t.TempDir(), "left")
	t.Cleanup(func() {
		text, err := os.ReadFile(left)
		pid, numberErr := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || numberErr != nil {
			t.Fatalf("what the command left running: %v, %v", err, numberErr)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL) // the test may have ended it
	})
	_, err = s.Do(t.Context(), []target.Step{keyed(run+":d", shell("sleep 30 & echo $! >"+left+"; kill -KILL $PPID; wait"))})
	wantError(t, err, target.StageLost, "killed by signal KILL")
	var want []op.JournalEntry
	for i, key := range []string{"a", "b", "c"} {
		want = append(want, op.JournalEntry{Key: run + ":" + key, OK: done[i].Error == nil, Digest: protocol.Digest(done[i])})
	}
	return want
}

// TestJournalOfKilledRunner: the next session of the run reads what was done,
// and a clean end leaves nothing.
func TestJournalOfKilledRunner(t *testing.T) {
	h, dir := journalHost(t)
	run := uniqueRun()
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
	if _, err := s.Do(t.Context(), []target.Step{keyed(run+":e", shell("true"))}); err != nil {
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
	run := uniqueRun()
	killed(t, h, run)
	s := session(t, h)
	held, err := s.Do(t.Context(), steps(op.Op{Lock: &op.Lock{Run: "r2", Owner: "tester", Since: 1, Token: 1}}))
	if err != nil || held[0].Error == nil || held[0].Error.Code != op.CodeHeld || !strings.Contains(held[0].Error.Message, "sleep 30") {
		t.Fatalf("while its command still runs: %+v, %v", held, err)
	}
	take := op.Op{Lock: &op.Lock{Run: "r2", Owner: "tester", Since: 1, Token: 1, Break: run, Kill: true}}
	results, err := s.Do(t.Context(), steps(take))
	if err != nil || results[0].Error != nil {
		t.Fatalf("%+v, %v", results, err)
	}
	if exists(filepath.Join(dir, "froyo", run)) {
		t.Error("the journal of the other run is still there")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEarlierAttempt resumes a run whose earlier runner was stopped while its
// command ran: that counts as left behind, although its runner lives.
func TestEarlierAttempt(t *testing.T) {
	h, dir := journalHost(t)
	run := uniqueRun()
	lock := func(token int64) target.Step {
		return target.Step{Op: op.Op{Lock: &op.Lock{Run: run, Owner: "tester", Since: 1, Token: token}}, Timeout: time.Minute}
	}
	first := session(t, h)
	stopped := make(chan error, 1)
	go func() {
		outcomes, err := first.Run(t.Context(), []target.Step{lock(1), keyed(run+":a", shell("echo $PPID >"+dir+"/pid; kill -STOP $PPID; sleep 60"))})
		if err == nil && outcomes[0].Result.Error != nil {
			err = outcomes[0].Result.Error
		}
		stopped <- err
	}()
	var runner int
	eventually(t, "the command", func() bool {
		select {
		case err := <-stopped:
			t.Fatalf("its session ended: %v", err)
		default:
		}
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		runner, _ = strconv.Atoi(strings.TrimSpace(string(text))) // 0 is none yet
		return err == nil && runner > 0
	})
	t.Cleanup(func() {
		_ = syscall.Kill(runner, syscall.SIGCONT) // it may have ended
		t.Log("its session ended:", <-stopped)
	})
	second := session(t, h)
	results, err := second.Do(t.Context(), steps(op.Op{Journal: &op.Journal{Run: run, Since: 2}}))
	if err != nil || results[0].Journal == nil || len(results[0].Journal.Running) == 0 {
		t.Errorf("the journal: %+v, %v; want that the command still runs", results, err)
	}
	outcomes, err := second.Run(t.Context(), []target.Step{lock(2)})
	if err != nil || outcomes[0].Result.Error == nil || !strings.Contains(outcomes[0].Result.Error.Message, "sleep 60") {
		t.Errorf("while its command still runs: %+v, %v", outcomes, err)
	}
}

// TestLockedAlready has a runner asked once more for what it has locked, while something
// of another run runs: that does not concern it, and takes nothing from it.
func TestLockedAlready(t *testing.T) {
	h, _ := journalHost(t)
	run := uniqueRun()
	lock := target.Step{Op: op.Op{Lock: &op.Lock{Run: run + "x", Owner: "tester", Since: 1, Token: 1}}}
	s := session(t, h)
	must(t, s, lock)
	killed(t, h, run)
	must(t, s, lock)
	must(t, s, target.Step{Op: shell("true"), Timeout: time.Minute})
}

func TestUnusableKeys(t *testing.T) {
	s := newHost(t).open(t, dial.Options{Binary: dialtest.Binary(t)})
	for _, key := range []string{"a", ":a", "r1:\n", "../r1:a"} {
		if _, err := s.Do(t.Context(), []target.Step{keyed(key, shell("true"))}); err == nil {
			t.Errorf("the key %q was accepted", key)
		}
	}
	if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
		t.Errorf("the session is spoilt: %v", err)
	}
}
