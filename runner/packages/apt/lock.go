package apt

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockFiles are those that apt and dpkg lock, by fcntl(2), while they work.
var lockFiles = [...]string{
	"var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock", "var/lib/apt/lists/lock", "var/cache/apt/archives/lock",
}

// holder says who holds one of the locks, "" for none. Only root can tell.
func (t *Tool) holder() string {
	for _, path := range lockFiles {
		f, err := os.Open(t.root + path)
		if err != nil {
			continue // there is none yet, or apt will say what is wrong
		}
		lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
		err = syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock)
		f.Close()
		if err == nil && lock.Type != syscall.F_UNLCK {
			return t.describe(int(lock.Pid))
		}
	}
	return ""
}

// describe names a process for people. Of one in another container neither
// number nor name are known.
func (t *Tool) describe(pid int) string {
	if pid <= 0 {
		return "another process"
	}
	number := strconv.Itoa(pid)
	comm, err := os.ReadFile(t.root + "proc/" + number + "/comm")
	name := strings.TrimSpace(strings.ToValidUTF8(string(comm), "\uFFFD"))
	if err != nil || name == "" || len(name) > 64 {
		return "process " + number
	}
	return name + " (process " + number + ")"
}
