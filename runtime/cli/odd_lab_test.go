package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// TestLabOddHosts has one command run on a host under many names, each of which gets there in its own odd way.
func TestLabOddHosts(t *testing.T) {
	f := startOwn(t, "root")
	o := &odd{f: f, h: f.hosts[0], t: t}
	o.h.SSH(t, "mkdir -p /opt/odd && printf '%s\n' '#!/bin/sh' '[ -e /home/$1 ] || useradd --create-home --shell \"$2\" $1; install -d -m 700 -o $1 -g $1 /home/$1/.ssh; install -m 600 -o $1 -g $1 /home/ops/.ssh/authorized_keys /home/$1/.ssh/authorized_keys' >/opt/odd/user && chmod 755 /opt/odd/user")
	f.write(t, "ways.cue", "hosts: {}\n")
	o.shells()
	o.sudo()
	o.systems()
	o.refusing()
	o.commands()
	o.h.SSH(t, "systemctl reload ssh")
	f.write(t, "hosts.ini", o.inventory.String())
	_, stdout, _ := f.run(t, "inventory", "check", "--deep", "-i", "ways.cue", "--json")
	var told struct {
		Hosts []struct {
			Host, Error, Hint string
			ActsAs            string `json:"acts_as"`
			Findings          []struct {
				Check, Says string
				OK          bool
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Hosts) != len(o.works)+len(o.fails) {
		t.Errorf("%d hosts", len(told.Hosts))
	}
	for _, h := range told.Hosts {
		if want, fails := o.fails[h.Host]; fails {
			if !strings.HasPrefix(h.Error, want[0]) || h.Hint != want[1] {
				t.Errorf("%s: got %q, hint %q, want %q", h.Host, h.Error, h.Hint, want)
			}
		} else if as, _, _ := strings.Cut(h.ActsAs, " "); as != o.works[h.Host] || as == "" {
			t.Errorf("%s: acts as %q: %s, want %q", h.Host, h.ActsAs, h.Error, o.works[h.Host])
		}
		for _, found := range h.Findings {
			want := map[string]string{
				"nnoexec directory": "/dev/shm", "nnotmp directory": "/home/notmp", "nbb directory": "/tmp",
				"nufish shell": "/opt/odd/fish/shell", "machine systemd": "running", "nbb systemd": "not there", "machine packages": "apt-get",
			}[h.Host+" "+found.Check]
			if !strings.HasPrefix(found.Says, want) {
				t.Errorf("%s: %s: got %q, want %q", h.Host, found.Check, found.Says, want)
			}
		}
	}
	// The runner's own memory is told where there is /proc: that of a host with 64 MB has to have room for it.
	if len(o.rooted) == 0 {
		return
	}
	_, stdout, stderr := f.run(t, "run", "cmd", "echo $(id -un) $(grep -s VmHWM /proc/$PPID/status)", "-y", "-f", "1", "-l", strings.Join(o.rooted, ",")) // one after another: they see each other's processes
	for _, name := range o.rooted {
		if o.works[name] != "" && name != "nnotmp" && !strings.Contains(stdout, o.works[name]+" VmHWM") {
			t.Errorf("%s does not act", name)
		}
	}
	if !strings.Contains(stderr, "no place for the host lock: open /tmp/.froyo-") { // only root has another
		t.Error("who has no /tmp is not told that there is no place for the lock")
	}
	for _, m := range regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindAllStringSubmatch(stdout, -1) {
		if kB, err := strconv.Atoi(m[1]); err != nil || kB > 48<<10 {
			t.Errorf("a runner took %s kB", m[1])
		}
	}
	if left := o.h.SSH(t, "find / -xdev -name '.froyo*' -path '*tmp*' 2>/dev/null; find /srv/odd* -name '.froyo*'"); strings.TrimSpace(left) != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// odd is a host with what makes it odd, as an inventory.
type odd struct {
	f         *froyo
	h         labtest.Host
	t         *testing.T
	inventory strings.Builder
	works     map[string]string    // name → who acts there
	fails     map[string][2]string // name → message, hint
	rooted    []string             // names that are in a root directory of their own
}

func (o *odd) line(name, rest string) { fmt.Fprintln(&o.inventory, name, rest) }

// login is a name that logs in as a user by SSH and acts as whom; whom may be an error instead.
func (o *odd) login(user, shell, as, with string) {
	o.h.SSH(o.t, "/opt/odd/user "+user+" "+shell)
	o.line("n"+user, "ansible_host="+o.h.Addr+" ansible_user="+user+" ansible_ssh_private_key_file="+o.h.KeyFile+" "+with)
	o.work("n"+user, as)
}

func (o *odd) work(name, as string) {
	if o.works == nil {
		o.works, o.fails = map[string]string{}, map[string][2]string{}
	}
	o.works[name] = as
}

func (o *odd) fail(name, message, hint string) {
	delete(o.works, name)
	o.fails[name] = [2]string{message, hint}
}

// send puts a file of this machine onto the host.
func (o *odd) send(from, to string) {
	data, err := os.ReadFile(from) //nolint:gosec // the test says which
	if err != nil {
		o.t.Fatal(err)
	}
	o.h.Put(o.t, to, data)
}

// shells are login shells that are not Bourne's, as this machine has them, with their own libraries; and one that is noisy.
func (o *odd) shells() {
	for _, name := range []string{"fish", "zsh", "tcsh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			o.t.Logf("this machine has no %s to send", name)
			continue
		}
		dir := "/opt/odd/" + name
		o.h.SSH(o.t, "mkdir -p "+dir)
		o.send(path, dir+"/program")
		loader := ""
		out, _ := exec.CommandContext(o.t.Context(), "ldd", path).Output() // a static program has none
		for word := range strings.FieldsSeq(string(out)) {
			if !filepath.IsAbs(word) {
				continue
			}
			o.send(word, dir+"/"+filepath.Base(word))
			if strings.Contains(filepath.Base(word), "ld-linux") {
				loader = dir + "/" + filepath.Base(word) + " --library-path " + dir + " "
			}
		}
		o.h.SSH(o.t, "printf '%s\n' '#!/bin/sh' 'exec "+loader+dir+"/program \"$@\"' >"+dir+"/shell && chmod 755 "+dir+"/*")
		o.login("u"+name, dir+"/shell", "u"+name, "")
	}
	o.login("noisy", "/bin/bash", "noisy", "")
	o.h.SSH(o.t, `printf '%s\n' 'echo "$BASH_EXECUTION_STRING"; echo welcome; echo careful >&2; trap "echo bye; echo bye >&2" EXIT; yes noise | head -n 2000' >/home/noisy/.bashrc`)
}

// sudo is who acts without a login shell, and who may not act without a terminal.
func (o *odd) sudo() {
	o.h.SSH(o.t, "id svc >/dev/null 2>&1 || useradd --shell /usr/sbin/nologin svc")
	o.login("tosvc", "/bin/bash", "svc", "ansible_become=yes ansible_become_user=svc")
	o.h.SSH(o.t, "printf '%s\n' 'tosvc ALL=(ALL) NOPASSWD: ALL' 'needtty ALL=(ALL) NOPASSWD: ALL' 'Defaults:needtty requiretty' >/etc/sudoers.d/odd; chmod 440 /etc/sudoers.d/odd")
	o.login("needtty", "/bin/bash", "root", "ansible_become=yes")
	o.fail("nneedtty", "sudo wants a terminal (requiretty)", `add "Defaults:needtty !requiretty" to sudoers`)
	o.login("nologin", "/usr/sbin/nologin", "", "")
	o.fail("nnologin", "the login shell ended before the runner could start: exit status", "does the account allow running commands?")
}

// systems are those of busybox alone: one that is whole, one without /tmp, one where programs may be executed in one
// place, and one whose /proc shows the processes of others to none.
func (o *odd) systems() {
	path, err := exec.LookPath("busybox")
	if out, _ := exec.CommandContext(o.t.Context(), "ldd", "/bin/busybox").CombinedOutput(); err != nil || !strings.Contains(string(out), "not a dynamic") {
		o.t.Log("this machine has no static busybox to send")
		return
	}
	o.send(path, "/opt/odd/busybox")
	const system = `r=/srv/odd$1; mkdir -p $r/bin $r/etc $r/dev/shm $r/proc $r/tmp $r/var/tmp $r/run $r/home/$1; chmod 1777 $r/tmp $r/var/tmp $r/dev/shm
cp /opt/odd/busybox $r/bin/; chmod 755 $r/bin/busybox; chroot $r /bin/busybox --install -s /bin; mknod -m 666 $r/dev/null c 1 3; mount -t proc -o $2 proc $r/proc
grep "^$1:" /etc/passwd >$r/etc/passwd; echo root:x:0:0::/:/bin/sh >>$r/etc/passwd; chown $1 $r/home/$1
printf 'Match User %s\n ChrootDirectory %s\n' $1 $r >>/etc/ssh/sshd_config.d/20-odd.conf`
	o.h.SSH(o.t, "cat >/opt/odd/system <<'END'\n#!/bin/sh\n"+system+"\nEND\nchmod 755 /opt/odd/system")
	const none = "rm -r /srv/oddNAME/tmp /srv/oddNAME/var/tmp /srv/oddNAME/dev/shm"
	o.h.SSH(o.t, "useradd --non-unique --uid 0 --create-home --shell /bin/sh rootly") // another name of root
	for name, spoil := range map[string]string{
		"bb": ":", "notmp": none, "rootly": none,
		"noexec":  "for d in tmp var/tmp home/noexec; do mount -t tmpfs -o noexec,mode=1777 tmpfs /srv/oddnoexec/$d; done",
		"hidepid": ":",
	} {
		o.login(name, "/bin/sh", name, "")
		o.rooted = append(o.rooted, "n"+name)
		options := "rw"
		if name == "hidepid" {
			options = "hidepid=2"
		}
		o.h.SSH(o.t, "/opt/odd/system "+name+" "+options+" && "+strings.ReplaceAll(spoil, "NAME", name))
	}
}

// refusing are logins that run no commands.
func (o *odd) refusing() {
	o.login("forced", "/bin/bash", "", "")
	o.login("onlyftp", "/bin/bash", "", "")
	o.h.SSH(o.t, `printf 'Match User forced\n ForceCommand echo "only backups here"\nMatch User onlyftp\n ForceCommand internal-sftp\n' >>/etc/ssh/sshd_config.d/20-odd.conf`)
	o.fail("nforced", "the login shell ended before the runner could start: exit status", "does the account allow running commands?")
	o.fail("nonlyftp", "the login shell ended before the runner could start: exit status", "does the account allow running commands?")
}

// commands are the host by commands of this machine, on which it is a container.
func (o *odd) commands() {
	pid := o.leader()
	if pid == "" {
		o.t.Log("the host's first process is not to be found")
		return
	}
	o.work("way", "root")
	cue := `hosts: way: connection: ["nsenter", "--target", "` + pid + `", "--all", "--"]` + "\n"
	if _, err := exec.LookPath("systemd-run"); err == nil {
		machine := "froyo-odd-" + pid
		at := "/run/systemd/machines/" + machine
		// What systemd-machined keeps of a machine is all that systemd-run asks of it.
		if err := os.WriteFile(at, []byte("NAME="+machine+"\nCLASS=container\nLEADER="+pid+"\n"), 0o644); err == nil { //nolint:gosec // as it is
			o.t.Cleanup(func() { _ = os.Remove(at) })
			cue += `hosts: machine: {connection: "machinectl", address: "` + machine + "\"}\n"
			o.work("machine", "root")
		}
	}
	o.f.write(o.t, "ways.cue", cue)
}

// leader is the process of this machine that is the host's first.
func (o *odd) leader() string {
	want := strings.TrimSpace(o.h.SSH(o.t, "readlink /proc/1/ns/pid"))
	all, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	best := 0
	for _, path := range all {
		if is, err := os.Readlink(path); err != nil || is != want {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status"); err == nil && regexp.MustCompile(`(?m)^NSpid:.*\t1$`).Match(status) {
			best = pid
		}
	}
	if best == 0 {
		return ""
	}
	return strconv.Itoa(best)
}
