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

// Service is a service of systemd, as it is.
type Service struct {
	Name   string `json:"name"`
	Active bool   `json:"active,omitempty"`
}

// sshd are the units of systemd that let people in.
var sshd = []string{"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"}

// watched are the units that decide whether others can connect.
var watched = append(slices.Clone(sshd),
	"dropbear.service", "nftables.service", "firewalld.service", "ufw.service", "iptables.service", "ip6tables.service", "netfilter-persistent.service",
	"networking.service", "systemd-networkd.service", "NetworkManager.service", "systemd-resolved.service", "wpa_supplicant.service",
	"systemd-logind.service", "dbus.service", "nscd.service", "nslcd.service", "sssd.service",
	"multi-user.target", "graphical.target", // with all that they want
)

// hasSystemd reports whether systemd runs the host.
func hasSystemd() bool {
	s, err := os.Lstat("/run/systemd/system")
	return err == nil && s.IsDir()
}

// HasSystemd is hasSystemd, for others.
func HasSystemd() bool { return hasSystemd() }

// Forget has systemd drop a unit whose file was removed: where units were read anew meanwhile, it is one that sysinit.target wants.
func Forget(name string) {
	if !hasSystemd() {
		return
	}
	if loaded, err := run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--", name); err == nil && loaded != "" {
		_, _ = run("systemctl", "daemon-reload") // it stays listed, and does nothing
	}
}

// End waits until a unit has ended.
func End(name string) {
	if hasSystemd() {
		_, _ = run("systemctl", "stop", "--", name) // it ends by itself
	}
}

// readServices tells which of the watched services, and of more, there are. Of more, what systemd does not tell of is left out.
func readServices(more []string) ([]Service, error) {
	if !hasSystemd() {
		if sshdPID() > 0 || len(listeners()) > 0 {
			return []Service{{Name: "sshd", Active: true}}, nil
		}
		return nil, nil
	}
	all, err := shown(watched)
	var names []string
	for _, name := range more {
		if !strings.Contains(name, ".") {
			name += ".service"
		}
		if strings.Contains(name, "@.") || slices.Contains(watched, name) { // a template runs by its instances only
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return all, err
	}
	others, failed := shown(names)
	if failed != nil { // one of them is no name: the others count
		for _, name := range names {
			one, _ := shown([]string{name})
			others = append(others, one...)
		}
	}
	for _, s := range others {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all, err
}

// shown are those of some units that there are.
func shown(names []string) ([]Service, error) {
	text, err := run("systemctl", append([]string{"show", "--property=Id,LoadState,ActiveState", "--"}, names...)...)
	if err != nil {
		return nil, err
	}
	var all []Service
	for block := range strings.SplitSeq(text, "\n\n") {
		values := properties(block)
		if values["Id"] == "" || values["LoadState"] == "not-found" {
			continue
		}
		s := Service{Name: values["Id"], Active: values["ActiveState"] == "active" || values["ActiveState"] == "activating" || values["ActiveState"] == "reloading"}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all, nil
}

// properties are what systemctl shows of a unit.
func properties(block string) map[string]string {
	values := map[string]string{}
	for line := range strings.SplitSeq(block, "\n") {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	return values
}

// restoreServices starts what ran, stops what did not, and starts sshd anew, so that what runs is what is on disk.
func restoreServices(before []Service, needs SSHD, files []string, r *Result) {
	needs.giveDir()
	bad := needs.Check()
	if bad != nil {
		r.failed("sshd could not be started anew, and was left as it is", bad)
	}
	if !hasSystemd() {
		if bad == nil && slices.ContainsFunc(before, func(s Service) bool { return s.Name == "sshd" }) {
			restartSSHD(r)
		}
		return
	}
	var more []string
	active := map[string]bool{}
	for _, s := range before {
		more = append(more, s.Name)
	}
	now, err := readServices(more)
	if err != nil { // none is stopped or started by what is not known; sshd is started anew
		r.failed("which services run is not known", err)
		now = before
	}
	for _, s := range now {
		active[s.Name] = s.Active
	}
	listens := false
	for _, s := range before {
		isSSHD := slices.Contains(sshd, s.Name)
		anew := isSSHD && bad == nil || configured(s.Name, files) // else one that runs is better than none
		if active[s.Name] == s.Active && (!s.Active || !anew) {
			continue
		}
		verb := "stop"
		if s.Active {
			verb = "restart"
			_, _ = run("systemctl", "reset-failed", s.Name) // it may have failed too often to be started once more
		}
		var err error
		if isSSHD && s.Active {
			err, listens = needs.restart(s.Name, active[s.Name]), true
		} else {
			_, err = run("systemctl", verb, s.Name)
		}
		if err != nil {
			r.failed(s.Name, err)
			continue
		}
		if active[s.Name] != s.Active {
			r.restored(s.Name)
		}
	}
	if !listens && bad == nil {
		hangUp()
	}
	stopLater(before, now, r)
}

// stopLater stops services that came only later.
func stopLater(before, now []Service, r *Result) {
	for _, s := range now {
		if s.Active && !slices.Contains(sshd, s.Name) && !slices.ContainsFunc(before, func(b Service) bool { return b.Name == s.Name }) {
			if _, err := run("systemctl", "stop", s.Name); err == nil {
				r.restored(s.Name)
			}
		}
	}
}

// configs are files of services that read them when they start only. Those of the network are also read by what it brings next.
var configs = map[string][]string{
	"dropbear.service":         {"/etc/default/dropbear", "/etc/dropbear"},
	"sssd.service":             {"/etc/sssd", "/etc/nsswitch.conf"},
	"nslcd.service":            {"/etc/nslcd.conf"},
	"nscd.service":             {"/etc/nsswitch.conf", "/etc/passwd", "/etc/group"},
	"systemd-networkd.service": {"/etc/systemd/network", "/etc/systemd/networkd.conf", "/etc/systemd/networkd.conf.d"},
	"NetworkManager.service":   {"/etc/NetworkManager"},
	"systemd-logind.service":   {"/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d"},
}

// configured reports whether a service read any of these files when it started, or its own unit.
func configured(service string, files []string) bool {
	for _, file := range files {
		for _, at := range append([]string{"/etc/systemd/system/" + service, "/etc/systemd/system/" + service + ".d"}, configs[service]...) {
			if configs[service] != nil && (file == at || strings.HasPrefix(file, at+"/")) {
				return true
			}
		}
	}
	return false
}

// StartAfterBoot has systemd start what ran before, once its turn comes.
func (s *State) StartAfterBoot() {
	_, _ = run("systemctl", "daemon-reload") // its units may be others by now
	for _, service := range s.Services {
		if service.Active {
			_, _ = run("systemctl", "--no-block", "start", service.Name) // one that is gone is not started
		}
	}
}

// CheckSSHD is an error where sshd could not start with what is on disk.
func CheckSSHD() error {
	if find("sshd") == "" {
		return nil
	}
	_, err := run("sshd", "-t")
	return err
}

// Settle has sshd take what is on disk, so that a new connection proves that. Where systemd runs it, it is started anew: that alone
// tells whether it could be, with all that is said about its unit. Sessions go on.
func Settle() error {
	if CheckSSHD() != nil { // one that was broken before: it would end
		return nil
	}
	runs := false
	if hasSystemd() {
		_, _ = run("systemctl", "daemon-reload") // it does not tell of a drop-in whose directory is new that it has to
		text, err := run("systemctl", append([]string{"show", "--property=Id,ActiveState,KillMode", "--"}, sshd[:2]...)...)
		if err != nil {
			return err
		}
		done := ""
		for block := range strings.SplitSeq(text, "\n\n") {
			values := properties(block)
			name := values["Id"]
			if values["ActiveState"] != "active" || name == done { // the other name
				continue
			}
			runs, done = true, name
			if err := startAnew(name, values["KillMode"]); err != nil {
				return err
			}
		}
	}
	if !runs {
		hangUp()
	}
	return nil
}

// startAnew restarts a service of sshd, and looks whether it runs then: one whose conditions fail is not started, which systemctl takes
// for success. One that would end its sessions is told to take what is on disk only.
func startAnew(name, killMode string) error {
	verb := "restart"
	if killMode != "process" {
		verb = "try-reload-or-restart"
	}
	_, _ = run("systemctl", "reset-failed", name) // it may have been started too often to be once more
	if _, err := run("systemctl", verb, name); err != nil {
		return err
	}
	state, _ := run("systemctl", "show", "--property=ActiveState,ConditionResult", "--", name)
	if values := properties(state); values["ActiveState"] != "active" {
		why := "is " + values["ActiveState"]
		if values["ConditionResult"] == "no" {
			why = "does not fulfil a condition of its unit"
		}
		return errors.New("systemctl " + verb + " " + name + ": it " + why)
	}
	return nil
}

// sshdPID is the sshd that listens, 0 where none is known.
func sshdPID() int {
	for _, file := range []string{"/run/sshd.pid", "/var/run/sshd.pid"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); err == nil && pid > 1 && strings.TrimSpace(string(name)) == "sshd" {
			return pid
		}
	}
	return 0
}

// restartSSHD starts sshd anew without systemd.
func restartSSHD(r *Result) {
	if pid := sshdPID(); pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGTERM) // sessions are processes of their own
		for range 20 {
			if syscall.Kill(pid, 0) != nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	} else if len(listeners()) > 0 { // what began it may not begin another
		hangUp()
		return
	} else {
		r.restored("sshd")
	}
	for _, how := range [][]string{{"rc-service", "sshd", "restart"}, {"service", "ssh", "start"}, {"service", "sshd", "start"}} {
		if _, err := run(how[0], how[1:]...); err == nil && sshdPID() > 0 {
			return
		}
	}
	if _, err := run("sshd"); err != nil {
		r.failed("sshd", err)
	}
}
