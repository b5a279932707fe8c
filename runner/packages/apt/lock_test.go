package apt

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
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
	a := New(root, false)
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
