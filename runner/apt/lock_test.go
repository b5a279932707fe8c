package apt

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/apt/dpkg/dpkgtest"
	"github.com/openfroyo/froyo/runner/op"
)

// holdLock locks a file as apt does, until its standard input ends.
func holdLock(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestDescribe(t *testing.T) {
	root := t.TempDir() + "/"
	dpkgtest.Write(t, root+"proc/7/comm", "unattended-upgr\n")
	a := New(Host{Root: root})
	tests := []struct {
		name string
		pid  int
		want string
	}{
		{"known", 7, "unattended-upgr (process 7)"},
		{"gone", 8, "process 8"},
		{"elsewhere", 0, "another process"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.describe(test.pid); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestPatienceHeard takes the waiting of apt itself into account.
func TestPatienceHeard(t *testing.T) {
	var notes []string
	p := newPatience(&op.PkgEnsure{LockMS: 5000}, func(text string) { notes = append(notes, text) })
	p.begun = time.Now().Add(-3 * time.Second)
	for _, line := range []string{
		"", "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 886 (apt-get)...",
		"Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 886 (apt-get)...", "Reading package lists...", "",
	} {
		p.heard(line)
	}
	if len(notes) != 1 || notes[0] != "waiting for the package lock held by apt-get (process 886)" {
		t.Errorf("noted %q", notes)
	}
	if got := p.summary(); got != "3 s for the package lock held by apt-get (process 886)" {
		t.Errorf("summary %q", got)
	}
	if left := p.left(); left > 2*time.Second || left < time.Second {
		t.Errorf("%v left, want 2 s", left)
	}
}
