package dial_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// real opens a session with the real runner.
func real(t *testing.T) (*host, *dial.Session) {
	t.Helper()
	h := newHost(t)
	return h, h.open(t, dial.Options{Binary: dialtest.Binary(t)})
}

func shell(text string) op.Op { return op.Op{Exec: &op.Exec{Shell: text}} }

func write(path string, content []byte) op.Op {
	return op.Op{Write: &op.Write{Path: path, Content: op.NewBlob(content)}}
}

func read(path string, limit int64) op.Op { return op.Op{Read: &op.Read{Path: path, Limit: limit}} }

// steps makes steps of ops.
func steps(ops ...op.Op) []target.Step {
	var all []target.Step
	for _, o := range ops {
		all = append(all, target.Step{Op: o, Timeout: 30 * time.Second})
	}
	return all
}

func content(t *testing.T, b *op.Blob) []byte {
	t.Helper()
	if b == nil || b.Open == nil {
		t.Fatal("no content")
	}
	r, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDo(t *testing.T) {
	_, s := real(t)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("hello"), 0o640); err != nil {
		t.Fatal(err)
	}
	got, err := s.Do(t.Context(), steps(
		op.Op{Stat: &op.Stat{Path: path}},
		read(path, 100), read(path, 4), read(path+".none", 100),
		op.Op{Exec: &op.Exec{Argv: []string{"/bin/sh", "-c", "cat; echo err >&2; exit 3"}, Stdin: op.NewBlob([]byte("in"))}},
		op.Op{Getent: &op.Getent{DB: "passwd", Key: "0"}},
		op.Op{List: &op.List{Path: filepath.Dir(path)}},
		op.Op{Mkdir: &op.Mkdir{Path: path}},
	))
	if err != nil {
		t.Fatal(err)
	}
	if text := content(t, got[1].Read.Content); string(text) != "hello" {
		t.Errorf("content is %q", text)
	}
	if got[2].Read.Content != nil || got[2].Read.MTime == 0 {
		t.Error("content beyond the limit came, or not the time of its last change")
	}
	if got[7].Error == nil {
		t.Error("a directory was made where a file is")
	}
	sum := op.Sum([]byte("hello"))
	want := []op.Result{
		{Stat: &op.StatResult{Exists: true, Type: op.TypeFile, Mode: 0o640, Size: 5}},
		{Read: &op.ReadResult{Exists: true, Regular: true, Size: 5, Sum: sum, Content: &op.Blob{Sum: sum, Size: 5}}},
		{Read: &op.ReadResult{Exists: true, Regular: true, Size: 5, MTime: got[2].Read.MTime}},
		{Read: &op.ReadResult{}},
		{Exec: &op.ExecResult{RC: 3, Stdout: "in", Stderr: "err\n"}},
		{Getent: &op.GetentResult{Found: true, Fields: []string{"root", "x", "0", "0", "root", "/root", "/bin/bash"}}},
		{List: &op.ListResult{Exists: true, Entries: []op.Entry{{Path: "file", Type: op.TypeFile, Mode: 0o640, Size: 5}}}},
	}
	if diff := cmp.Diff(want, got[:7], cmpopts.IgnoreFields(op.StatResult{}, "UID", "GID", "Owner", "Group"),
		cmpopts.IgnoreFields(op.Entry{}, "Owner", "Group"), cmpopts.IgnoreFields(op.Blob{}, "Open"),
		cmpopts.IgnoreSliceElements(func(f string) bool { return strings.HasPrefix(f, "/") || f == "root" })); diff != "" {
		t.Error(diff)
	}
	if trips := s.Stats().RoundTrips; trips != 3 {
		t.Errorf("%d round trips, want 2 to start and 1 for the ops", trips)
	}
	if sent := s.Stats().Sent; sent < 100_000 || s.Stats().Received == 0 {
		t.Errorf("implausible stats: %+v", s.Stats())
	}
}

// TestBigContent goes far beyond the window, both ways, several at a time.
func TestBigContent(t *testing.T) {
	_, s := real(t)
	dir := t.TempDir()
	random := rand.NewChaCha8([32]byte{1})
	var writes, reads []op.Op
	var contents [][]byte
	for i, size := range []int{0, 1, protocol.MaxChunk, protocol.MaxChunk + 1, protocol.WindowSize, 5<<20 + 17, 9 << 20} {
		data := make([]byte, size)
		_, _ = random.Read(data)
		contents = append(contents, data)
		path := filepath.Join(dir, strconv.Itoa(i))
		writes = append(writes, write(path, data))
		reads = append(reads, read(path, 16<<20))
	}
	outcomes, err := s.Run(t.Context(), steps(writes...))
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if !o.Ran || o.Result.Done == nil || !o.Result.Done.Changed {
			t.Errorf("write %d: %+v", i, o)
		}
	}
	results, err := s.Do(t.Context(), steps(reads...))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Read == nil || !bytes.Equal(content(t, r.Read.Content), contents[i]) {
			t.Errorf("read %d differs: %+v", i, r)
		}
	}
}

func TestRun(t *testing.T) {
	hello := op.Result{Exec: &op.ExecResult{Stdout: "hello\n"}}
	expect := func(r op.Result) target.Step { return target.Step{Op: shell("echo hello"), Expect: protocol.Digest(r)} }
	self := strconv.Itoa(os.Getuid()) // by another name, so by a runner of its own
	ok, failing := target.Step{Op: shell("true")}, target.Step{Op: op.Op{Remove: &op.Remove{Path: "/proc/self"}}}
	tests := []struct {
		name  string
		steps []target.Step
		want  string // for each step: r ran, m mismatch, e error, - not run
	}{
		{"all", []target.Step{ok, expect(hello), ok}, "rrr"},
		{"mismatch", []target.Step{ok, expect(op.Result{}), ok, ok}, "rm--"},
		{"error", []target.Step{failing, ok, ok}, "e--"},
		{"none", nil, ""},
		{"users", []target.Step{ok, {Op: shell("true"), User: self}, {Op: shell("true"), User: "tester"}}, "rrr"},
		{"error before another user", []target.Step{failing, {Op: shell("true"), User: self}}, "e-"},
	}
	h, s := real(t)
	h.install(t, "sudo", `while [ "$1" != -- ]; do shift; done; shift; exec "$@"`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcomes, err := s.Run(t.Context(), test.steps)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, o := range outcomes {
				switch {
				case !o.Ran:
					got.WriteString("-")
				case o.Mismatch:
					got.WriteString("m")
				case o.Result.Error != nil:
					got.WriteString("e")
				default:
					got.WriteString("r")
				}
			}
			if got.String() != test.want {
				t.Errorf("got %s, want %s", got.String(), test.want)
			}
		})
	}
}

// TestSequence proves the order: each step sees what the one before did.
func TestSequence(t *testing.T) {
	_, s := real(t)
	file := filepath.Join(t.TempDir(), "log")
	var all []op.Op
	var want strings.Builder
	for i := range 200 {
		all = append(all, shell("echo "+strconv.Itoa(i)+" >>"+file))
		want.WriteString(strconv.Itoa(i) + "\n")
	}
	before := s.Stats().RoundTrips
	if _, err := s.Run(t.Context(), steps(all...)); err != nil {
		t.Fatal(err)
	}
	if trips := s.Stats().RoundTrips - before; trips != 3 {
		t.Errorf("%d round trips, want 2 to start and 1", trips)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want.String() {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCancel(t *testing.T) {
	_, s := real(t)
	started := filepath.Join(t.TempDir(), "started")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(started) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	after := filepath.Join(t.TempDir(), "after")
	_, err := s.Run(ctx, steps(shell("touch "+started+"; exec sleep 3600"), shell("touch "+after)))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, err := s.Do(t.Context(), steps(shell("echo still here"))); err != nil || got[0].Exec.Stdout != "still here\n" {
		t.Errorf("after a cancelled call: %v, %v", got, err)
	}
	if exists(after) {
		t.Error("the step after the cancelled one ran")
	}
}

func TestCancelBeforeStart(t *testing.T) {
	_, s := real(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Do(ctx, steps(shell("true"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
		t.Errorf("the cancelled start spoilt the session: %v", err)
	}
}

func TestRunnerKilled(t *testing.T) {
	_, s := real(t)
	_, err := s.Do(t.Context(), steps(shell("kill -KILL $PPID; sleep 60"), shell("sleep 60")))
	wantError(t, err, target.StageLost, "the runner ended: killed by signal KILL", "under way: exec kill -KILL", "1 more")
	_, err = s.Do(t.Context(), steps(shell("true")))
	wantError(t, err, target.StageLost, "the runner ended")
}

func TestConcurrentUse(t *testing.T) {
	_, s := real(t)
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			path := filepath.Join(dir, strconv.Itoa(i))
			data := bytes.Repeat([]byte{byte(i)}, 100_000*(i%5))
			outcomes, err := s.Run(t.Context(), steps(write(path, data), read(path, 1<<20)))
			if err != nil {
				t.Error(err)
				return
			}
			if !bytes.Equal(content(t, outcomes[1].Result.Read.Content), data) {
				t.Errorf("content of %d differs", i)
			}
		})
	}
	all.Wait()
	if trips := s.Stats().RoundTrips; trips != 22 {
		t.Errorf("%d round trips", trips)
	}
}

// TestManyCommands sends more than may be under way at a time.
func TestManyCommands(t *testing.T) {
	_, s := real(t)
	all := make([]op.Op, protocol.MaxPending+500)
	for i := range all {
		all[i] = op.Op{Stat: &op.Stat{Path: "/"}}
	}
	results, err := s.Do(t.Context(), steps(all...))
	if err != nil || len(results) != len(all) || !results[len(all)-1].Stat.Exists {
		t.Errorf("got %d results, %v", len(results), err)
	}
}

func TestUnusableSteps(t *testing.T) {
	_, s := real(t)
	broken := op.NewBlob([]byte("x"))
	broken.Open = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
	half := op.NewBlob(make([]byte, 200_000))
	half.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(make([]byte, 100_000)), failingReader{})), nil
	}
	path := filepath.Join(t.TempDir(), "f")
	tests := []struct {
		name string
		op   op.Op
		part string
	}{
		{"nothing", op.Op{}, "exactly one kind"},
		{"no content", op.Op{Write: &op.Write{Path: path, Content: &op.Blob{Sum: broken.Sum, Size: 1}}}, "not at hand"},
		{"content that cannot be opened", op.Op{Write: &op.Write{Path: path, Content: broken}}, "gone"},
		{"content that breaks off", op.Op{Write: &op.Write{Path: path, Content: half}}, "disk on fire"},
		{"command too long", shell(strings.Repeat("x", 5<<20)), "longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.Do(t.Context(), steps(shell("true"), test.op))
			if err == nil || !strings.Contains(err.Error(), test.part) {
				t.Errorf("got %v, want %q", err, test.part)
			}
			if _, isHost := errors.AsType[*target.Error](err); isHost {
				t.Errorf("%v blames the host", err)
			}
			if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
				t.Errorf("the session is spoilt: %v", err)
			}
		})
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written of content that was not whole")
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestClose(t *testing.T) {
	_, s := real(t)
	pid, err := s.Do(t.Context(), steps(shell("echo $PPID")))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(pid[0].Exec.Stdout)); err == nil {
		t.Error("the runner is still there")
	}
	_, err = s.Do(t.Context(), steps(shell("true")))
	wantError(t, err, target.StageLost, "closed")
}

// TestCloseWhileBusy does not wait for what takes longer than its patience.
func TestCloseWhileBusy(t *testing.T) {
	_, s := real(t)
	started := filepath.Join(t.TempDir(), "started")
	done := make(chan error, 1)
	go func() {
		_, err := s.Do(context.Background(), steps(shell("touch "+started+"; exec sleep 3600")))
		done <- err
	}()
	eventually(t, "the op to start", func() bool { return exists(started) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	wantError(t, <-done, target.StageLost, "closed", "under way: exec touch")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestWarm: the runner that was started ahead is the one that the first step uses.
func TestWarm(t *testing.T) {
	_, s := real(t)
	s.Warm("")
	s.Warm("no such\nuser") // is told with a step, not here
	parent := steps(shell("echo $PPID"))
	first, err := s.Do(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	s.Warm("")
	second, err := s.Do(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := first[0].Exec.Stdout, second[0].Exec.Stdout; a == "" || a != b {
		t.Errorf("the steps ran below the processes %q and %q, expected one runner", a, b)
	}
}
