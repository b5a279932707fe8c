package live

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SSHD is what sshd needs to be started once more, as it was: the one that runs may outlive all of it.
type SSHD struct {
	// Program is where it is, "" for nowhere that is known; Starts that it takes its configuration.
	Program string `json:"program,omitempty"`
	Starts  bool   `json:"starts,omitempty"`
	// Dir is that there is the directory that it has to have, and no packages make it anew.
	Dir bool `json:"dir,omitempty"`
	// Begun are the units of systemd by which a boot begins it.
	Begun []string `json:"begun,omitempty"`
	// Target is what a boot begins, where that leads to one of these.
	Target string `json:"target,omitempty"`
}

func readSSHD() SSHD {
	s := SSHD{Program: find("sshd")}
	s.Starts = s.Program != "" && CheckSSHD() == nil
	s.Begun, _ = begun()
	if target, leads := leadsTo(s.Begun); leads {
		s.Target = target
	}
	_, err := os.Lstat(sshdDir)
	s.Dir = err == nil
	return s
}

// sshdDir is where those that sshd talks to before they are let in see nothing. systemd takes it away with a unit that ends.
const sshdDir = "/run/sshd"

// giveDir makes that anew where it was there.
func (s SSHD) giveDir() {
	if s.Dir {
		_ = os.Mkdir(sshdDir, 0o755) //nolint:gosec // sshd wants it to be root's, and others to see it; mostly it is there
	}
}

// listeners are the processes of sshd on this host, not of its containers, that take connections, whoever began them: systemd may have
// lost sight of one that is its own, such as where a name of its unit is removed while it runs.
func listeners() []int {
	own, err := os.Readlink("/proc/self/ns/pid")
	entries, listed := os.ReadDir("/proc")
	if err != nil || listed != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		at := "/proc/" + e.Name()
		name, _ := os.ReadFile(at + "/comm")
		space, _ := os.Readlink(at + "/ns/pid")
		called, err := os.ReadFile(at + "/cmdline")
		if err != nil || string(name) != "sshd\n" || space != own {
			continue
		}
		if text := string(called); strings.Contains(text, "[listener]") || !strings.HasPrefix(text, "sshd: ") { // else it is a session
			pids = append(pids, pid)
		}
	}
	return pids
}

// endListeners ends those of a unit, so that their addresses are free. Sessions go on, as do other units that are sshd.
func endListeners(unit string) {
	for range 20 {
		left := false
		for _, pid := range listeners() {
			groups, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
			if strings.Contains(string(groups), "/"+unit+"\n") {
				left = true
				_ = syscall.Kill(pid, syscall.SIGTERM)
			}
		}
		if !left {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// restart starts a unit of sshd anew. One of which systemd has lost sight is ended before: it holds the addresses.
func (s SSHD) restart(name string, active bool) error {
	service := strings.HasSuffix(name, ".service")
	if service && !active {
		endListeners(name)
	}
	_, err := run("systemctl", "restart", name)
	if err != nil && service {
		endListeners(name)
		_, _ = run("systemctl", "reset-failed", name)
		_, err = run("systemctl", "restart", name)
	}
	s.giveDir()
	if service && !listens() { // whatever its unit says: without it no one gets in
		if _, begun := run("systemd-run", "--quiet", "--collect", "--property=KillMode=process", find("sshd"), "-D"); begun == nil {
			return errors.Join(err, errors.New("its unit does not start it, so that it was started without"))
		}
	}
	return err
}

// listens waits a little for a listener.
func listens() bool {
	for range 20 {
		if len(listeners()) > 0 {
			return true
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

// hangUp has listeners take what is on disk where no unit of systemd runs that would.
func hangUp() {
	for _, pid := range listeners() {
		_ = syscall.Kill(pid, syscall.SIGHUP)
	}
}

// begun are the units of sshd that a boot begins, and what the others are. The files say so, not what systemd has read of them.
func begun() (units, others []string) {
	if !hasSystemd() {
		return nil, nil
	}
	states := map[string]string{}
	for _, name := range sshd {
		state, _ := run("systemctl", "is-enabled", "--", name) // it fails for all but those that are
		states[name] = strings.TrimSpace(state)
	}
	for _, name := range sshd {
		state := states[name]
		service, is := strings.CutSuffix(name, ".socket")
		switch {
		case state == "" || state == "not-found" || state == "alias":
		case is && strings.HasPrefix(states[service+".service"], "masked"): // which it could not begin
			others = append(others, name+" begins what is masked")
		case state == "enabled" || state == "generated":
			units = append(units, name)
		default:
			others = append(others, name+" is "+state)
		}
	}
	return units, others
}

// leadsTo is the target that a boot begins, and whether that leads to one of some units.
func leadsTo(units []string) (target string, leads bool) {
	if !hasSystemd() {
		return "", false
	}
	out, err := run("systemctl", "get-default")
	if target = strings.TrimSpace(out); err != nil {
		return target, false
	}
	list, _ := run("systemctl", "list-dependencies", "--plain", "--", target)
	for name := range strings.FieldsSeq(list) {
		leads = leads || slices.Contains(units, name)
	}
	return target, leads
}

// Check is an error where sshd could be started before, and cannot be by now.
func (s SSHD) Check() error {
	if s.Program != "" && find("sshd") == "" {
		return errors.New(s.Program + " is not there, or nothing that can be run")
	}
	if s.Starts {
		if err := CheckSSHD(); err != nil {
			if len(listeners()) == 0 {
				return errors.New("it has ended, and would not start: " + err.Error())
			}
			return err
		}
	}
	if len(s.Begun) == 0 {
		return nil
	}
	units, others := begun()
	if target, leads := leadsTo(units); len(units) > 0 && s.Target != "" && target != s.Target && !leads {
		return errors.New("a boot begins " + target + ", which does not begin it: that was " + s.Target)
	}
	if len(units) > 0 {
		return nil
	}
	return errors.New("no boot begins it any more: " + strings.Join(append(others, s.Begun[0]+" was enabled"), ", "))
}
