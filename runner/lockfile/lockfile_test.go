package lockfile

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

// world is a root with the directories that locks are in.
func world(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"run/user", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func want(run string) *op.Lock {
	return &op.Lock{Run: run, Owner: "alice@laptop", Since: 1764104595000, Token: 1}
}

func silent(string) {}

func try(ctx context.Context, l *Lock, o *op.Lock, note func(string)) error {
	_, err := l.Acquire(ctx, o, note)
	return err
}

// take acquires a lock that must be free.
func take(t *testing.T, l *Lock, o *op.Lock) {
	t.Helper()
	if err := try(t.Context(), l, o, silent); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Release)
}

// held expects a lock to be refused, and returns its holder.
func held(t *testing.T, l *Lock, o *op.Lock) op.Holder {
	t.Helper()
	err := try(t.Context(), l, o, silent)
	refused, ok := errors.AsType[*op.Error](err)
	if !ok || refused.Code != op.CodeHeld || refused.Class != op.Conflict || refused.Holder == nil {
		t.Fatalf("taking it: %v, want it to be held", err)
	}
	return *refused.Holder
}

// clean expects nothing of froyo's in the world.
func clean(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), "froyo") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTake(t *testing.T) {
	root := world(t)
	uid := os.Getuid()
	first, second := New(root, uid), New(root, uid)
	take(t, first, want("r1"))
	if err := try(t.Context(), first, want("r1"), silent); err != nil {
		t.Errorf("asked again: %v", err)
	}
	got := held(t, second, want("r2"))
	if diff := cmp.Diff(op.Holder{Run: "r1", Owner: "alice@laptop", Since: 1764104595000, PID: os.Getpid(), Token: 1, UID: uid, Trusted: true}, got); diff != "" {
		t.Errorf("holder, want -, got +:\n%s", diff)
	}
	if err := first.Check(); err != nil {
		t.Errorf("while it is held: %v", err)
	}
	first.Release()
	clean(t, root)
	take(t, second, want("r2"))
	second.Release()
	second.Release()
	clean(t, root)
}

// TestTwoNames has one run know a machine by two names: it is told so, both depend
// on the one lock, and another run is kept out as long as the first of them lives.
func TestTwoNames(t *testing.T) {
	root := world(t)
	first, second, other := New(root, os.Getuid()), New(root, os.Getuid()), New(root, os.Getuid())
	a, b := want("r1"), want("r1")
	a.Name, b.Name, b.Token = "h1", "h2", 2
	take(t, first, a)
	err := try(t.Context(), second, b, silent)
	e, ok := errors.AsType[*op.Error](err)
	if !ok || e.Code != op.CodeShared || e.Holder == nil || e.Holder.Name != "h1" || e.Holder.Token != 1 || e.Holder.UID != os.Getuid() {
		t.Fatalf("the second name: %v, want to be told of the first", err)
	}
	b.Shared = &op.Watch{Run: "r1", Token: 7, UID: os.Getuid()}
	if e, ok := errors.AsType[*op.Error](try(t.Context(), second, b, silent)); !ok || e.Code != op.CodeShared {
		t.Errorf("sharing what is not there: %v", e)
	}
	b.Shared.Token = 1
	take(t, second, b)
	if err := errors.Join(first.Check(), second.Check()); err != nil {
		t.Errorf("while both have it: %v", err)
	}
	held(t, other, want("r2"))
	second.Release()
	held(t, other, want("r2"))
	take(t, second, b)
	first.Release()
	_ = broken(t, second.Check(), "no longer holds the host")
	second.Release()
	if e, ok := errors.AsType[*op.Error](try(t.Context(), second, b, silent)); !ok || e.Code != op.CodeUnseen {
		t.Errorf("sharing what no run has: %v", e)
	}
	clean(t, root)
}

// broken expects an error that says that the run has lost the host.
func broken(t *testing.T, err error, says string) *op.Error {
	t.Helper()
	e, ok := errors.AsType[*op.Error](err)
	if !ok || e.Code != op.CodeBroken || e.Class != op.Conflict || !strings.Contains(e.Message, says) {
		t.Fatalf("got %v, want that the run has lost the host: %s", err, says)
	}
	return e
}

// TestExclusive has many take, hold and release at once: at no time do two hold it.
func TestExclusive(t *testing.T) {
	root := world(t)
	var holders, taken atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				l := New(root, os.Getuid())
				o := want("r" + strconv.Itoa(i))
				o.WaitMS = 60_000
				if err := try(t.Context(), l, o, silent); err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it at once", n)
				}
				if err := l.Check(); err != nil {
					t.Error(err)
				}
				taken.Add(1)
				holders.Add(-1)
				l.Release()
			}
		})
	}
	wg.Wait()
	if taken.Load() != 8*50 {
		t.Errorf("taken %d times, want %d", taken.Load(), 8*50)
	}
	clean(t, root)
}

func TestWait(t *testing.T) {
	root := world(t)
	first, second := New(root, os.Getuid()), New(root, os.Getuid())
	take(t, first, want("r1"))
	o := want("r2")
	o.WaitMS = 150
	var notes []string
	err := try(t.Context(), second, o, func(text string) { notes = append(notes, text) })
	if e, ok := errors.AsType[*op.Error](err); !ok || e.Code != op.CodeHeld {
		t.Errorf("after the wait: %v", err)
	}
	if len(notes) == 0 || notes[0] != "waiting for alice@laptop, run r1" {
		t.Errorf("notes %q", notes)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("ended")
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	o.WaitMS = 60_000
	if err := try(ctx, second, o, silent); !errors.Is(err, cause) {
		t.Errorf("given up: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, first.Release)
	take(t, second, o)
}

// TestStale has a holder that is no runner any more, or does not end.
func TestStale(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		root := world(t)
		l := New(root, os.Getuid())
		take(t, l, want("r1"))
		l.file.Close() // as the kernel does with a process that dies
		next := New(root, os.Getuid())
		take(t, next, want("r2"))
		if err := l.Check(); err == nil {
			t.Error("the dead one may go on")
		}
	})
	for _, test := range []struct {
		name  string
		take  func(o *op.Lock)
		yield bool
	}{
		{"a later attempt of the same run", func(o *op.Lock) { o.Run, o.Token = "r1", 2 }, true},
		{"the same attempt", func(o *op.Lock) { o.Run = "r1" }, false},
		{"told to break it", func(o *op.Lock) { o.Break = "r1" }, true},
		{"told to break another", func(o *op.Lock) { o.Break = "r0" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := world(t)
			holder := sleeper(t, root)
			o := want("r2")
			test.take(o)
			l := New(root, os.Getuid())
			if !test.yield {
				held(t, l, o)
				return
			}
			take(t, l, o)
			if err := holder.Wait(); err == nil || !strings.Contains(err.Error(), "terminated") {
				t.Errorf("the holder ended with %v, want to be asked to", err)
			}
		})
	}
}

// sleeper starts a process that holds the lock of run r1.
func sleeper(t *testing.T, root string) *exec.Cmd {
	t.Helper()
	l := New(root, os.Getuid())
	if err := try(t.Context(), l, want("r1"), silent); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	cmd.ExtraFiles = []*os.File{l.file} // its lock is the process's, too
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	r := newRecord(want("r1"))
	r.PID, r.Start = cmd.Process.Pid, startOf(cmd.Process.Pid)
	if err := r.write(l.file); err != nil {
		t.Fatal(err)
	}
	l.file.Close()
	return cmd
}

// TestBroken breaks the lock of one that ignores it: it sees that it has lost it.
func TestBroken(t *testing.T) {
	root := world(t)
	l := New(root, os.Getuid())
	take(t, l, want("r1"))
	r := newRecord(want("r1"))
	r.Start = "0" // names no process, so no process is asked to end
	if err := r.write(l.file); err != nil {
		t.Fatal(err)
	}
	o := want("r2")
	o.Break = "r1"
	next := New(root, os.Getuid())
	next.grace = 200 * time.Millisecond
	take(t, next, o)
	if e, ok := errors.AsType[*op.Error](l.Check()); !ok || e.Code != op.CodeBroken || e.Class != op.Conflict {
		t.Errorf("the broken one may go on: %v", l.Check())
	}
	l.Release()
	if err := next.Check(); err != nil {
		t.Errorf("the end of the broken one took the next one's: %v", err)
	}
}

// TestUsers has root and others exclude each other.
func TestUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("files of several users need root")
	}
	root := world(t)
	for _, uid := range []int{1000, 1001} {
		dir := filepath.Join(root, "run/user", strconv.Itoa(uid))
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, uid, uid)); err != nil {
			t.Fatal(err)
		}
	}
	// as writes the file as the user would have.
	as := func(uid int) *Lock {
		l := New(root, uid)
		if uid == 0 {
			return l
		}
		path := l.inTmp(uid, 0)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if err := os.Chown(path, uid, uid); err != nil {
			t.Fatal(err)
		}
		return l
	}
	tests := []struct {
		name          string
		first, second int
	}{
		{"root first", 0, 1000},
		{"root second", 1000, 0},
		{"a user without a directory first", 1005, 0},
		{"a user without a directory second", 0, 1005},
		{"two users", 1005, 1006},
		{"two users with directories", 1000, 1001},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first, second := as(test.first), as(test.second)
			take(t, first, want("r1"))
			held(t, second, want("r2"))
			if second.file != nil {
				t.Error("it has its own all the same")
			}
			first.Release()
			as(test.second)
			take(t, second, want("r2"))
			second.Release()
			clean(t, root)
		})
	}
}

// TestHostile puts things where the lock belongs.
func TestHostile(t *testing.T) {
	tests := []struct {
		name, wrong string
		do          func(path string) error
	}{
		{"a link", "too many levels", func(path string) error { return os.Symlink("/etc/passwd", path) }},
		{"a FIFO", "is not this user's", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"a directory", "is a directory", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"nonsense", "", func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("{", 100_000)), 0o600) }},
		{"a record of no runner", "", func(path string) error { return os.WriteFile(path, []byte(`{"run":"r1","pid":1,"start":"1"}`), 0o600) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := New(world(t), os.Getuid())
			f, path, err := l.openOwn()
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			if err := errors.Join(os.Remove(path), test.do(path)); err != nil {
				t.Fatal(err)
			}
			err = try(t.Context(), l, want("r1"), silent)
			l.Release()
			if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("taking it: %v, want %q", err, test.wrong)
			}
		})
	}
	t.Run("a hard link to another file of the user's", func(t *testing.T) {
		root, uid := world(t), max(os.Getuid(), 1) // root's file is not where others could put it
		l := New(root, uid)
		precious := filepath.Join(root, "precious")
		for _, path := range []string{precious, l.inTmp(uid, 1)} {
			if err := errors.Join(os.WriteFile(path, []byte("canary"), 0o600), os.Chown(path, uid, -1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Link(precious, l.inTmp(uid, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := open(l.inTmp(uid, 0), uid); err == nil || !strings.Contains(err.Error(), "has other names") {
			t.Errorf("opening the link: %v", err)
		}
		take(t, l, want("r1"))
		if l.path != l.inTmp(uid, 1) {
			t.Errorf("the lock is %s, expected the next name", l.path)
		}
		held(t, New(root, uid), want("r2"))
		if text, err := os.ReadFile(precious); err != nil || string(text) != "canary" {
			t.Errorf("the user's file has become %q: %v", text, err)
		}
	})
	t.Run("a directory that others write to", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root has a directory")
		}
		root := world(t)
		dir := filepath.Join(root, "run/froyo")
		if err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
		if err := try(t.Context(), New(root, 0), want("r1"), silent); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("another user's record", func(t *testing.T) {
		root := world(t)
		path := filepath.Join(root, "tmp", ".froyo-4711.lease")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("\x1b[31m" + strings.Repeat("x", 1<<20)); err != nil {
			t.Fatal(err)
		}
		if !lock(f, syscall.LOCK_EX) {
			t.Fatal("it cannot be locked")
		}
		if diff := cmp.Diff(op.Holder{UID: os.Getuid(), Trusted: true}, held(t, New(root, os.Getuid()), want("r1"))); diff != "" {
			t.Errorf("holder, want nothing but whose file it is:\n%s", diff)
		}
	})
}
