package lockfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

func watch(run string) *op.Watch { return &op.Watch{Run: run, Token: 1, UID: os.Getuid()} }

// TestWatch takes the host from a run in each way there is: a runner that depends
// on its lock makes no further change, and says who has the host.
func TestWatch(t *testing.T) {
	tests := []struct {
		name  string
		lose  func(t *testing.T, root string, first *Lock, holder *exec.Cmd)
		says  string
		owner string // who has it now, or "" where no run has
	}{
		{"released", func(_ *testing.T, _ string, first *Lock, _ *exec.Cmd) { first.Release() }, "its lock was broken, or its runner", ""},
		{"lock let go", func(_ *testing.T, _ string, first *Lock, _ *exec.Cmd) { first.file.Close() }, "is gone", ""},
		{"taken over", func(t *testing.T, root string, first *Lock, _ *exec.Cmd) {
			t.Helper()
			first.file.Close() // as the kernel does with a process that dies
			take(t, New(root, os.Getuid()), want("r2"))
		}, "it is now being changed by alice@laptop, run r2", "alice@laptop"},
		{"taken by a later attempt of the run", func(t *testing.T, root string, first *Lock, _ *exec.Cmd) {
			t.Helper()
			first.file.Close()
			o := want("r1")
			o.Token = 2
			take(t, New(root, os.Getuid()), o)
		}, "another run has taken it", ""},
		{"runner killed, its program holds on", func(t *testing.T, _ string, first *Lock, holder *exec.Cmd) {
			t.Helper()
			r := newRecord(want("r1"))
			r.PID = holder.Process.Pid
			if err := r.write(first.file); err != nil {
				t.Fatal(err)
			}
			_ = holder.Process.Kill()
			_ = holder.Wait() // it was killed
		}, "its runner (process ", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := world(t)
			first, second := New(root, os.Getuid()), New(root, os.Getuid())
			take(t, first, want("r1"))
			for range 2 {
				if err := second.Watch(watch("r1")); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(second.Release)
			if err := errors.Join(first.Watch(watch("r1")), second.Check()); err != nil {
				t.Fatalf("while it is held: %v", err)
			}
			holder := exec.CommandContext(t.Context(), "sleep", "60")
			if err := holder.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = holder.Process.Kill() // it may have ended
				_ = holder.Wait()
			})
			test.lose(t, root, first, holder)
			for range 2 {
				e := broken(t, second.Check(), test.says)
				if test.owner == "" && e.Holder != nil || test.owner != "" && (e.Holder == nil || e.Holder.Owner != test.owner) {
					t.Errorf("who has it now: %+v, want %q", e.Holder, test.owner)
				}
			}
		})
	}
}

// TestWatchWhatIsNotThere refuses to depend on a lock that is not the run's.
func TestWatchWhatIsNotThere(t *testing.T) {
	root := world(t)
	l := New(root, os.Getuid())
	if e, ok := errors.AsType[*op.Error](l.Watch(watch("r1"))); !ok || e.Code != op.CodeUnseen {
		t.Errorf("no lock: %v", e)
	}
	take(t, New(root, os.Getuid()), want("r2"))
	_ = broken(t, l.Watch(watch("r1")), "it is now being changed by alice@laptop, run r2")
	other := watch("r2")
	other.Token = 5
	_ = broken(t, l.Watch(other), "another run has taken it")
	if err := l.Watch(watch("r2")); err != nil {
		t.Error(err)
	}
	l.Release()
}

// TestLookersDoNotHold has many look at the lock of a runner that is gone: whoever
// wants the host has it at once.
func TestLookersDoNotHold(t *testing.T) {
	for range 20 {
		root := world(t)
		dead := exec.CommandContext(t.Context(), "true")
		if err := dead.Run(); err != nil {
			t.Fatal(err)
		}
		first := New(root, os.Getuid())
		take(t, first, want("r1"))
		r := newRecord(want("r1"))
		r.PID = dead.Process.Pid
		if err := r.write(first.file); err != nil {
			t.Fatal(err)
		}
		path := first.path
		first.file.Close()
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			l := New(root, os.Getuid())
			for {
				select {
				case <-stop:
					return
				default:
					l.holder(path)
					time.Sleep(200 * time.Microsecond)
				}
			}
		}()
		next := New(root, os.Getuid())
		take(t, next, want("r2"))
		next.Release()
		close(stop)
		<-ended
	}
}

// TestSquattedNames has another user take the names of a user's files in /tmp.
func TestSquattedNames(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("files of several users need root")
	}
	root := world(t)
	first, second := New(root, 1000), New(root, 1000)
	if err := os.WriteFile(first.inTmp(1000, 0), nil, 0o600); err != nil { // root's
		t.Fatal(err)
	}
	mine := first.inTmp(1000, 1)
	if err := errors.Join(os.WriteFile(mine, nil, 0o600), os.Chown(mine, 1000, 1000)); err != nil {
		t.Fatal(err)
	}
	take(t, first, want("r1"))
	if first.path != mine {
		t.Errorf("it is at %s, want %s", first.path, mine)
	}
	held(t, second, want("r2"))
	if err := os.Remove(first.inTmp(1000, 0)); err != nil {
		t.Fatal(err)
	}
	free := first.inTmp(1000, 0) // a name that is free again excludes no run less
	if err := errors.Join(os.WriteFile(free, nil, 0o600), os.Chown(free, 1000, 1000)); err != nil {
		t.Fatal(err)
	}
	held(t, second, want("r2"))
}

// TestHolderOfAnother has another user's file say things: it is told whose it is,
// and that it must not be trusted.
func TestHolderOfAnother(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("files of several users need root")
	}
	root := world(t)
	path := filepath.Join(root, "tmp", ".froyo-4711.lease")
	text := `{"run":"r1; rm -rf /","owner":"root@boss","pid":1,"uid":0,"trusted":true,"name":"h1","token":9,"start":"1"}`
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chown(path, 4711, 4711)); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !lock(f, syscall.LOCK_EX) {
		t.Fatal("it cannot be locked")
	}
	got := held(t, New(root, 0), want("r2"))
	if got.Trusted || got.UID != 4711 {
		t.Errorf("got %+v", got)
	}
	err = try(t.Context(), New(root, 0), want("r2"), silent)
	if err == nil || !strings.Contains(err.Error(), "a process of the user with id "+strconv.Itoa(4711)+" that says it is root@boss") {
		t.Errorf("got %v", err)
	}
}
