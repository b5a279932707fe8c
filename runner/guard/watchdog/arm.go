package watchdog

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/guard/kept"
	"github.com/openfroyo/froyo/runner/guard/live"
)

// reserve is a file that keeps room on the disk for what is put back, should it be full by then.
const (
	reserve     = "reserve"
	reserveSize = 1 << 20
)

// liveFile is where what is not in files is kept.
const liveFile = "live"

// trees are the files that decide who gets in, and how: kept whatever the change is.
var trees = []string{
	"/etc/ssh", "/etc/sudo.conf", "/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/pam.d", "/etc/pam.conf", "/etc/security",
	"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/shells", "/etc/nologin", "/run/nologin", "/etc/login.defs",
	"/etc/nsswitch.conf", "/etc/hosts", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/securetty", "/etc/ld.so.preload",
	"/etc/environment", "/etc/profile", "/etc/bash.bashrc", "/etc/bashrc",
	"/etc/sysctl.conf", "/etc/sysctl.d", "/etc/nftables.conf", "/etc/systemd/system", "/etc/systemd/system.control", "/run/systemd/system", "/run/systemd/system.control",
}

// known are those of programs that a host may not have: where they are made meanwhile, they stay.
var known = []string{
	"/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/NetworkManager/system-connections", "/etc/sysconfig/network",
	"/etc/sysconfig/network-scripts", "/etc/nftables", "/etc/sysconfig/nftables.conf", "/etc/iptables", "/etc/sysconfig/iptables",
	"/etc/sysconfig/ip6tables", "/etc/ufw", "/etc/default/ufw", "/etc/firewalld", "/etc/default/ssh", "/etc/sysconfig/sshd", "/etc/conf.d/sshd",
	"/etc/dropbear", "/etc/default/dropbear", "/etc/systemd/networkd.conf", "/etc/systemd/networkd.conf.d", "/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d", "/etc/nslcd.conf", "/etc/sssd", "/etc/authselect", "/etc/crypto-policies",
}

// programs are those that let people in, with what they load: kept beside the files, where there is room.
var programs = []string{
	"/usr/sbin/sshd", "/usr/lib/openssh", "/usr/libexec/openssh", "/usr/bin/sudo", "/usr/lib/sudo", "/usr/libexec/sudo", "/usr/bin/doas", "/usr/bin/su",
	"/bin/sh", "/bin/bash", "/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security", "/usr/lib/riscv64-linux-gnu/security",
	"/usr/lib/arm-linux-gnueabihf/security", "/usr/lib64/security", "/usr/lib/security", "/lib/security",
}

// inHome is what in a home decides whether its user gets in.
var inHome = []string{".ssh", ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshenv", ".cshrc", ".tcshrc", ".config/fish/config.fish"}

// arm keeps what is there, and has it put back unless that is called off.
func (g *Guard) arm(in io.Reader) (*guard.State, error) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM) // what is begun is brought to where it can end by itself
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return nil, err
	}
	s := &guard.State{Phase: guard.Armed}
	if err := codec.Unmarshal(text, &s.Config); err != nil {
		return nil, errors.New("what the guard is to do cannot be read: " + err.Error())
	}
	if err := g.check(s); err != nil {
		return nil, err
	}
	lock, err := g.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if before, err := g.read(); err == nil && before.Phase == guard.Armed {
		return nil, errors.New("another guard is armed: run " + before.Run + " has not confirmed its change yet")
	}
	for _, name := range g.left(s.ID) {
		_ = os.RemoveAll(g.dir(name)) // of a guard that was never armed
	}
	g.unhookOthers()
	if err := g.keep(s); err != nil {
		return nil, err
	}
	s.Boot, s.Until = bootID(), uptime()+s.Window
	if err := g.write(s); err != nil {
		return nil, err
	}
	if g.Root == "" {
		if err := g.start(s); err != nil {
			g.vanish(s)
			return nil, err
		}
	}
	return answer(s), nil
}

// check refuses a guard that others than root could tell what to do.
func (g *Guard) check(s *guard.State) error {
	if !validID(s.ID) || s.Window <= 0 || s.Window > int64(24*time.Hour/time.Millisecond) {
		return errors.New("want an ID and a window of up to a day")
	}
	if g.Root != "" {
		return nil
	}
	if filepath.Dir(g.Self) != g.dir(s.ID) {
		return errors.New("the guard is to be in " + g.dir(s.ID) + ", it is " + g.Self)
	}
	dir, err := fspath.Open(g.dir(s.ID), fspath.How{Directory: true})
	if err != nil {
		return err
	}
	defer dir.Close()
	if private, err := dir.Private(); err != nil || !private || dir.UID != 0 {
		return errors.New(guard.Dir + " could be changed by others than root")
	}
	for _, p := range []string{guard.Dir, g.dir(s.ID)} {
		if err := os.Chmod(p, 0o700); err != nil { //nolint:gosec // a directory
			return err
		}
	}
	return nil
}

// keep keeps files, and what is not in files.
func (g *Guard) keep(s *guard.State) error {
	set := kept.Set{Trees: slices.Clone(trees), Known: known, Skip: hookPrefix, Programs: programs}
	for _, p := range slices.Concat(s.Paths, s.Places) {
		if !path.IsAbs(p) || path.Clean(p) == "/" {
			return errors.New("keep " + p + ": want an absolute path")
		}
	}
	set.Trees = append(set.Trees, s.Paths...)
	home, shell := login(g.path("/etc/passwd"), s.Login)
	if shell != "" {
		set.Programs = append(slices.Clip(programs), shell)
	}
	if home != "" {
		for at := home; at != "/"; at = path.Dir(at) {
			set.Places = append(set.Places, at)
		}
		slices.Reverse(set.Places)
		for _, name := range inHome {
			set.Trees = append(set.Trees, path.Join(home, name))
		}
	}
	set.Places = append(set.Places, s.Places...)
	if err := kept.Keep(g.Root, g.dir(s.ID), set); err != nil {
		return err
	}
	if g.Root == "" {
		if err := live.Keep(g.dir(s.ID)+"/"+liveFile, s.Services); err != nil {
			return err
		}
	}
	if err := os.WriteFile(g.dir(s.ID)+"/"+reserve, make([]byte, reserveSize), 0o600); err != nil {
		return err
	}
	dir, err := fspath.Open(g.dir(s.ID), fspath.How{Directory: true})
	if err != nil {
		return err
	}
	defer dir.Close()
	return fspath.SyncFS(dir)
}

// login is the home directory and the shell of a user, by the host's list of them.
func login(list, user string) (home, shell string) {
	text, err := os.ReadFile(list)
	if err != nil || user == "" {
		return "", ""
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 7 || fields[0] != user {
			continue
		}
		if path.IsAbs(fields[5]) && path.Clean(fields[5]) != "/" {
			home = path.Clean(fields[5])
		}
		if path.IsAbs(fields[6]) {
			shell = path.Clean(fields[6])
		}
		break
	}
	return home, shell
}

// Where a host without a person begins what is to be done at boot.
const (
	systemdDir = "/etc/systemd/system/"
	hookPrefix = "froyo-guard-"
	cronDir    = "/etc/cron.d/"
	localDir   = "/etc/local.d/"
)

// hooks are the files by which the guard is begun again at boot. The unit is named differently from the one that watches: systemd
// starts no transient unit by the name of a file.
func hooks(id string) (unit, wanted, cron, local string) {
	name := hookPrefix + id
	return systemdDir + name + bootUnit, systemdDir + "sysinit.target.wants/" + name + bootUnit, cronDir + name, localDir + name + ".start"
}

// bootUnit ends the name of the unit that is begun at boot.
const bootUnit = "-boot.service"

// hook has the guard begun again at boot, before sshd and the network are.
func (g *Guard) hook(id string) error {
	unit, wanted, cron, local := hooks(id)
	begin := g.Self + " " + guard.Boot
	if live.HasSystemd() {
		text := "[Unit]\nDescription=froyo puts back what a change had cut off\nDefaultDependencies=no\n" +
			"RequiresMountsFor=" + guard.Dir + "\nAfter=local-fs.target systemd-remount-fs.service\n" +
			"Before=network-pre.target systemd-networkd.service networking.service NetworkManager.service nftables.service firewalld.service " +
			"ufw.service systemd-sysctl.service ssh.service sshd.service ssh.socket sshd.socket\nConflicts=shutdown.target\nBefore=shutdown.target\n" +
			"[Service]\nType=oneshot\nTimeoutStartSec=60\nExecStart=" + begin + "\n"
		if err := writeSynced(unit, text, 0o644); err != nil {
			return err
		}
		if err := os.MkdirAll(path.Dir(wanted), 0o755); err != nil { //nolint:gosec // as systemd makes it
			return err
		}
		if err := os.Symlink(unit, wanted); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		return syncDir(path.Dir(wanted))
	}
	for at, text := range map[string]string{cron: "@reboot root " + begin + "\n", local: "#!/bin/sh\nexec " + begin + "\n"} {
		if s, err := os.Stat(path.Dir(at)); err == nil && s.IsDir() {
			mode := os.FileMode(0o644)
			if at == local {
				mode = 0o755
			}
			if err := writeSynced(at, text, mode); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeSynced(at, text string, mode os.FileMode) error {
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return syncDir(path.Dir(at))
}

// unhook takes that away again.
func (g *Guard) unhook(id string) {
	if g.Root != "" {
		return
	}
	unit, wanted, cron, local := hooks(id)
	for _, at := range []string{wanted, unit, cron, local} {
		_ = os.Remove(at) // only one or two of them are there
	}
	_ = os.Remove(path.Dir(wanted)) // unless others are begun there
	live.Forget(path.Base(unit))
}

// unhookOthers takes away those of guards that are gone: none but one is armed.
func (g *Guard) unhookOthers() {
	for _, dir := range []string{systemdDir, systemdDir + "sysinit.target.wants/", cronDir, localDir} {
		names, _ := filepath.Glob(g.path(dir) + hookPrefix + "*")
		for _, at := range names {
			_ = os.Remove(at)
		}
	}
}

// watching is a file of a guard that is there once its host is watched.
const watching = "/watching"

// start has the host watched, by a unit of systemd where there is one that can run the program, and waits until it is.
func (g *Guard) start(s *guard.State) error {
	if err := g.hook(s.ID); err != nil {
		return errors.New("have the host restored after it boots: " + err.Error())
	}
	if live.HasSystemd() {
		_, err := live.Run("systemd-run", "--unit="+hookPrefix+s.ID, "--collect", "--description=froyo guards a change", "--property=Restart=on-failure",
			"--property=RestartSec=1", "--property=StartLimitIntervalSec=0", "--property=OOMScoreAdjust=-900", "--property=TimeoutStopSec=5",
			"--property=DefaultDependencies=no", "--property=IgnoreOnIsolate=yes", g.Self, guard.Watch)
		if err == nil && g.watched(s.ID, 5*time.Second) {
			return nil
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	p, err := os.StartProcess(g.Self, []string{g.Self, guard.Watch}, &os.ProcAttr{
		Dir: "/", Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, Files: []*os.File{null, null, null}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return err
	}
	if pid := p.Pid; !g.watched(s.ID, 5*time.Second) {
		_ = p.Kill()
		return errors.New("the process that is to watch, " + strconv.Itoa(pid) + ", does not begin")
	}
	return p.Release()
}

// watched waits until the host is watched.
func (g *Guard) watched(id string, most time.Duration) bool {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Lstat(g.dir(id) + watching); err == nil {
			return true
		}
	}
	return false
}
