package apt

import (
	"cmp"
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// lockFiles are those that apt and dpkg lock, by fcntl(2), while they work.
var lockFiles = [...]string{
	"var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock", "var/lib/apt/lists/lock", "var/cache/apt/archives/lock",
}

// How long locks are waited for where nothing is said, and how often it is looked.
const (
	defaultPatience = 2 * time.Minute
	lockPoll        = 200 * time.Millisecond
)

// holder says who holds one of the locks, "" for none. Only root can tell.
func (a *Apt) holder() string {
	for _, path := range lockFiles {
		f, err := os.Open(a.host.Root + path)
		if err != nil {
			continue // there is none yet, or apt will say what is wrong
		}
		lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
		err = syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock)
		f.Close()
		if err == nil && lock.Type != syscall.F_UNLCK {
			return a.describe(int(lock.Pid))
		}
	}
	return ""
}

// describe names a process for people. Of one in another container neither
// number nor name are known.
func (a *Apt) describe(pid int) string {
	if pid <= 0 {
		return "another process"
	}
	number := strconv.Itoa(pid)
	comm, err := os.ReadFile(a.host.Root + "proc/" + number + "/comm")
	name := strings.TrimSpace(strings.ToValidUTF8(string(comm), "\uFFFD"))
	if err != nil || name == "" || len(name) > 64 {
		return "process " + number
	}
	return name + " (process " + number + ")"
}

// patience is how long a transaction waits for locks, and for whom it did.
type patience struct {
	note   func(string)
	limit  time.Duration
	waited time.Duration
	holder string    // the last one
	begun  time.Time // when apt was started
	since  time.Time // the same where it waits by itself, else zero
}

func newPatience(e *op.PkgEnsure, note func(string)) *patience {
	return &patience{note: note, limit: cmp.Or(time.Duration(e.LockMS)*time.Millisecond, defaultPatience)}
}

// left is how long may be waited yet.
func (p *patience) left() time.Duration { return max(0, p.limit-p.waited) }

// tell says, once, for whom is waited.
func (p *patience) tell(holder string) {
	if holder != p.holder {
		p.holder = holder
		p.note("waiting for the package lock held by " + holder)
	}
}

// wait lets a moment pass, while a process holds a lock.
func (p *patience) wait(ctx context.Context, holder string, pause time.Duration) error {
	p.tell(holder)
	if p.left() == 0 {
		return fault(op.Transient, "locked", "the package lock is still held by "+holder+" after waiting "+seconds(p.waited))
	}
	begin := time.Now()
	timer := time.NewTimer(min(pause, p.left()))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.waited += time.Since(begin)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// heard takes in what apt says while it waits by itself.
func (p *patience) heard(line string) {
	if rest, ok := strings.CutPrefix(line, "Waiting for cache lock: "); ok {
		if p.since.IsZero() {
			p.since = p.begun // it tells only after a while, and waits first of all
		}
		p.tell(cmp.Or(said.Holder(rest), "another process"))
		return
	}
	if !p.since.IsZero() && strings.TrimSpace(line) != "" {
		p.over()
	}
}

// over ends the time in which apt waited by itself.
func (p *patience) over() {
	if !p.since.IsZero() {
		p.waited += time.Since(p.since)
		p.since = time.Time{}
	}
}

// summary says for what was waited and how long, "" for not at all.
func (p *patience) summary() string {
	if p.waited == 0 {
		return ""
	}
	return seconds(p.waited) + " for the package lock held by " + p.holder
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(time.Second, d).Round(time.Second)/time.Second), 10) + " s"
}
