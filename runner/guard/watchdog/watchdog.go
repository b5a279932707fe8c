// Package watchdog is the guard of a host: it keeps how one gets in, waits, and puts that back unless it is told that one
// still does.
//
// It imports runner/guard, runner/guard/kept, runner/guard/live, runner/codec and the standard library only.
package watchdog

import (
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/guard/kept"
	"github.com/openfroyo/froyo/runner/guard/live"
)

// Guard is the guard of this host.
type Guard struct {
	// Root is before all paths, "" but in tests; there nothing but files is kept, and nothing is started.
	Root string
	// Self is the program's own file, which is in the directory of what is kept.
	Self string
}

// errNone is a host without a guard.
var errNone = errors.New("this host is not guarded: " + guard.StateFile + " is not there")

func (g *Guard) path(p string) string { return g.Root + p }

// dir is where a guard keeps what was there.
func (g *Guard) dir(id string) string { return g.path(guard.Dir) + "/" + id }

// validID reports whether an ID is the name of one directory.
func validID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// lock keeps others of this program out until the file is closed.
func (g *Guard) lock() (*os.File, error) {
	f, err := os.OpenFile(g.path(guard.Dir), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (g *Guard) read() (*guard.State, error) {
	text, err := os.ReadFile(g.path(guard.StateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	s := &guard.State{}
	if err := codec.Unmarshal(text, s); err != nil {
		return nil, errors.New(guard.StateFile + " is damaged: " + err.Error())
	}
	return s, nil
}

// write puts the state in place, so that it outlives a power failure.
func (g *Guard) write(s *guard.State) error {
	text, err := codec.Marshal(s)
	if err != nil {
		return err
	}
	next := g.path(guard.StateFile) + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(next, g.path(guard.StateFile))
	}
	if err == nil {
		err = syncDir(g.path(guard.Dir))
	}
	return err
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// answer is a state with how much time is left.
func answer(s *guard.State) *guard.State {
	told := *s
	if told.Left = 0; s.Phase == guard.Armed && s.Boot == bootID() {
		told.Left = max(0, s.Until-uptime())
	}
	return &told
}

// Do does what the program was told, with a Config from in for Arm, and returns what is to be answered, nil for nothing.
func (g *Guard) Do(verb string, in io.Reader) (*guard.State, error) {
	switch verb {
	case guard.Arm:
		return g.arm(in)
	case guard.Watch:
		return nil, g.watch()
	case guard.Boot:
		return nil, g.boot()
	case guard.Settle, guard.Confirm, guard.Restore, guard.Dismiss:
	default:
		return nil, errors.New(verb + " is nothing that this program does")
	}
	lock, err := g.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	s, err := g.read()
	if err != nil {
		return nil, err
	}
	if s.Phase != guard.Armed {
		return answer(s), nil
	}
	switch {
	case verb == guard.Dismiss:
		return g.dismiss(s)
	case verb == guard.Restore:
		return s, g.restore(s, guard.Asked, "")
	case s.Boot != bootID():
		return s, g.restore(s, guard.Booted, "")
	case uptime() >= s.Until:
		return s, g.restore(s, guard.NotConfirmed, "")
	case verb == guard.Confirm && !s.Settled: // who asked that got in by what ran before
		return g.settle(s)
	case verb == guard.Confirm:
		if bad := g.startable(s); bad != nil { // whoever has got in did so by the one that runs
			return s, g.restore(s, guard.NoRestart, bad.Error())
		}
		g.vanish(s)
		s.Phase = guard.Confirmed
		return s, nil
	}
	return g.settle(s)
}

// dismiss leaves a host as it is that nothing has watched when the time was up: whoever asks for that has got in, and much may have
// been changed there since. It does not where sshd could not be started with what is on disk.
func (g *Guard) dismiss(s *guard.State) (*guard.State, error) {
	if s.Boot == bootID() && uptime() < s.Until {
		return nil, errors.New("its time is not up yet")
	}
	if g.Root == "" {
		if changed, err := kept.Differs("", g.dir(s.ID), hookPrefix, "/etc/ssh"); err != nil || changed {
			if err == nil {
				err = live.CheckSSHD()
			}
			if err != nil {
				return nil, err
			}
		}
	}
	g.vanish(s)
	s.Phase = guard.Dismissed
	return s, nil
}

// sshdFiles are what decides how sshd is started, its own configuration first.
var sshdFiles = append([]string{
	"/etc/ssh", "/etc/default/ssh", "/etc/sysconfig/sshd", "/etc/crypto-policies", "/etc/pam.d", "/etc/passwd", "/etc/group", "/etc/ld.so.preload", "/usr/sbin/sshd",
}, unitDirs...)

// settle has sshd started anew where what is on disk is another than before, or is not known to be the same.
func (g *Guard) settle(s *guard.State) (*guard.State, error) {
	anew := s.Anew
	for i, at := range sshdFiles {
		changed, err := kept.Differs(g.Root, g.dir(s.ID), hookPrefix, at)
		if err != nil {
			return nil, err
		}
		if anew = anew || changed; i > 0 || !changed || g.Root != "" {
			continue
		}
		if bad := live.CheckSSHD(); bad != nil {
			return s, g.restore(s, guard.BadSSHD, bad.Error())
		}
	}
	if anew && g.Root == "" {
		bad := g.startable(s) // one that runs is told nothing that would end it
		if bad == nil {
			bad = live.Settle()
		}
		if bad != nil {
			return s, g.restore(s, guard.NoRestart, bad.Error())
		}
	}
	s.Settled = true
	return answer(s), g.write(s)
}

// startable is an error where sshd could not be started once more, and could before.
func (g *Guard) startable(s *guard.State) error {
	if g.Root != "" {
		return nil
	}
	was, err := live.Load(g.dir(s.ID) + "/" + liveFile)
	if err != nil {
		return nil //nolint:nilerr // what was is not known
	}
	return was.SSHD.Check()
}

// vanish removes all that there is of the guard.
func (g *Guard) vanish(s *guard.State) {
	g.unhook(s.ID)
	_ = os.RemoveAll(g.dir(s.ID)) // before the state: see lost
	_ = os.Remove(g.path(guard.StateFile) + ".new")
	_ = os.Remove(g.path(guard.StateFile)) // from here on the host is not guarded
	if g.Root == "" {
		live.End(hookPrefix + s.ID + ".service")
	}
	tidy(g.Root)
}

// tidy removes the directories of the guard, unless anything is in them.
func tidy(root string) {
	_ = os.Remove(root + guard.Dir)
	_ = os.Remove(root + "/var/lib/froyo")
}

// restore puts back what was there, and leaves nothing but what it has to tell.
func (g *Guard) restore(s *guard.State, why, said string) error {
	s.Why, s.Said, s.Left = why, said, 0
	_ = os.Remove(g.dir(s.ID) + "/" + reserve) // another time, it is gone
	for pass := range 2 {                      // what still runs may have written meanwhile
		s.Failed = nil
		g.pass(s)
		if g.Root != "" || why == guard.Booted || pass == 1 {
			break
		}
	}
	s.Phase = guard.Restored
	err := g.write(s)
	g.unhook(s.ID)
	removed := os.RemoveAll(g.dir(s.ID))
	if err != nil { // its disk is full, or was until now; a guard that is armed for ever would put that back again and again
		if err = g.write(s); err != nil {
			_ = os.Remove(g.path(guard.StateFile))
		}
	}
	tidy(g.Root) // whoever was told of it already has removed that
	return errors.Join(err, removed)
}

// unitDirs are where units of systemd are.
var unitDirs = []string{"/etc/systemd/system", "/etc/systemd/system.control", "/run/systemd/system", "/run/systemd/system.control"}

// pass puts back what differs.
func (g *Guard) pass(s *guard.State) {
	besides := ""
	if s.Why == guard.Booted {
		besides = "/run" // which every boot makes anew
	}
	var was *live.State
	var lost error
	if g.Root == "" {
		if was, lost = live.Load(g.dir(s.ID) + "/" + liveFile); lost == nil && s.Why != guard.Booted {
			s.Add(was.Uncover(besidesUsual(s)), nil)
		}
	}
	files, err := kept.Restore(g.Root, g.dir(s.ID), hookPrefix, besides)
	if err != nil {
		s.Failed = append(s.Failed, err.Error())
	}
	s.Add(files.Restored, files.Failed)
	if g.Root != "" {
		return
	}
	switch {
	case lost != nil:
		s.Failed = append(s.Failed, lost.Error())
	case s.Why == guard.Booted:
		was.StartAfterBoot()
	default:
		units := slices.ContainsFunc(files.Restored, func(name string) bool {
			return slices.ContainsFunc(unitDirs, func(dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") })
		})
		now := was.Restore(units, files.Restored)
		s.Add(now.Restored, now.Failed)
	}
}

// besidesUsual are paths that were kept beside the usual ones.
func besidesUsual(s *guard.State) []string {
	all := slices.Concat(s.Paths, s.Places)
	if home, _ := login("/etc/passwd", s.Login); home != "" {
		for _, name := range inHome {
			all = append(all, path.Join(home, name))
		}
	}
	return all
}

// bootID names this boot of the host.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text)) + bootOfInit()
}

// bootOfInit tells boots of a container apart, which has the boot ID of its host: it is when its first process began.
func bootOfInit() string {
	text, err := os.ReadFile("/proc/1/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	if words := strings.Fields(rest); len(words) > 19 {
		return "-" + words[19]
	}
	return ""
}

// uptime is how long the kernel has run, in milliseconds: no clock that is set changes it.
func uptime() int64 {
	text, err := os.ReadFile("/proc/uptime")
	if err == nil {
		seconds, _, _ := strings.Cut(string(text), " ")
		whole, part, _ := strings.Cut(seconds, ".")
		w, err1 := strconv.ParseInt(whole, 10, 64)
		p, err2 := strconv.ParseInt((part + "00")[:2], 10, 64)
		if err1 == nil && err2 == nil {
			return w*1000 + p*10
		}
	}
	return time.Now().UnixMilli()
}

// left are the directories below Dir of guards that were never armed.
func (g *Guard) left(but string) []string {
	entries, err := os.ReadDir(g.path(guard.Dir))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != but {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
