package labtest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Host
		wantErr    string
	}{
		{name: "empty", text: "[lab]\n"},
		{
			name: "two hosts",
			text: "[lab]\nh1 ansible_host=10.0.0.1 ansible_user=root ansible_ssh_private_key_file=/k\n\n" +
				"h2 ansible_host=10.0.0.2 ansible_ssh_private_key_file=/k\n",
			want: []Host{{Name: "h1", Addr: "10.0.0.1", KeyFile: "/k"}, {Name: "h2", Addr: "10.0.0.2", KeyFile: "/k"}},
		},
		{name: "no address", text: "h1 ansible_ssh_private_key_file=/k\n", wantErr: "host h1: want ansible_host"},
		{name: "no key", text: "h1 ansible_host=10.0.0.1\n", wantErr: "host h1: want ansible_host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(strings.NewReader(test.text))
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLabHosts checks what other lab tests rest on.
func TestLabHosts(t *testing.T) {
	h := Hosts(t, 2)[1]
	if got := h.SSH(t, "hostname; id -u"); got != "h2\n0\n" {
		t.Errorf("root sees %q", got)
	}
	if got := h.SSHAs(t, "ops", "sudo -n id -u"); got != "0\n" {
		t.Errorf("ops as root is %q", got)
	}
	if got := h.SSHAs(t, "opspw", "sudo -n true 2>/dev/null || echo refused; echo "+Password+" | sudo -S -p '' id -u"); got != "refused\n0\n" {
		t.Errorf("opspw gets %q, want sudo to need the password", got)
	}
	if got := h.SSHAs(t, "opsre", "sudo -n systemctl is-active ssh; sudo -n true 2>/dev/null || echo refused"); got != "active\nrefused\n" {
		t.Errorf("opsre gets %q, want sudo to allow certain programs only", got)
	}
	if a, b := Hosts(t, 1)[0].SSH(t, "cat /etc/machine-id"), h.SSH(t, "cat /etc/machine-id"); a == b {
		t.Errorf("two hosts share the machine-id %q", a)
	}
}

// TestLabPackages installs from the hosts' own repository, without the internet.
func TestLabPackages(t *testing.T) {
	h := Hosts(t, 1)[0]
	h.Undo(t, "apt-get purge -qq -y froyo-demo froyo-broken >/dev/null 2>&1")
	const install = "apt-get install -qq -y --allow-downgrades "
	version := func() string { return h.SSH(t, "dpkg-query -W -f '${Version}' froyo-demo") }
	h.SSH(t, install+"froyo-demo=1.0 >/dev/null 2>&1 && systemctl reload froyo-demo")
	if got := version(); got != "1.0" {
		t.Errorf("installed is %q, want 1.0", got)
	}
	h.SSH(t, install+"froyo-demo >/dev/null 2>&1")
	if got := version(); got != "1.1" {
		t.Errorf("installed is %q, want 1.1", got)
	}
	h.SSH(t, install+"froyo-demo=1.0 >/dev/null 2>&1")
	if got := h.SSH(t, "cat /var/log/froyo-demo.log /etc/froyo-demo.conf"); got != "started\nreloaded\nstarted\nstarted\nversion = 1.0\n" {
		t.Errorf("the service and its conffile say %q", got)
	}
	if got := h.SSH(t, install+"froyo-broken >/dev/null 2>&1; echo $?"); got != "100\n" {
		t.Errorf("a package that cannot be installed gives %q", got)
	}
	h.SSH(t, "apt-get install -qq -s nginx-light apache2 ssl-cert rsync jq tree froyo-slow")
}

func TestLabSudoers(t *testing.T) {
	h := Hosts(t, 1)[0]
	const ask = "sudo -n /bin/true 2>/dev/null && echo yes || echo no"
	t.Run("while the rule stands", func(t *testing.T) {
		h.Sudoers(t, "opspw ALL=(ALL) NOPASSWD: /bin/true, /usr/bin/true")
		if got := h.SSHAs(t, "opspw", ask); got != "yes\n" {
			t.Errorf("sudo says %q", got)
		}
	})
	if got := h.SSHAs(t, "opspw", ask); got != "no\n" {
		t.Errorf("after the test sudo says %q", got)
	}
}

func TestLabCut(t *testing.T) {
	h := Hosts(t, 3)[2]
	reach := func() error {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(h.Addr, "22"), 500*time.Millisecond)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	t.Run("while it is cut", func(t *testing.T) {
		h.Cut(t)
		if reach() == nil {
			t.Error("the host still answers")
		}
	})
	if got := h.SSH(t, "hostname"); got != "h3\n" {
		t.Errorf("back on the network it says %q", got)
	}
}

// TestLabReboot reboots a host from inside: it is there again by itself, the same machine with what was on its disk.
func TestLabReboot(t *testing.T) {
	h := Hosts(t, 1)[0]
	const identity = "cat /etc/machine-id /root/kept"
	h.Undo(t, "rm -f /root/kept")
	h.SSH(t, "echo kept >/root/kept")
	booted, before := h.SSH(t, bootID), h.SSH(t, identity)
	_ = h.ssh("root", "systemctl --no-block reboot").Run() // the connection may end before the program does
	deadline := time.Now().Add(time.Minute)
	for now := booted; now == booted; {
		if time.Now().After(deadline) {
			t.Fatal("the host is not there again")
		}
		time.Sleep(100 * time.Millisecond)
		if out, err := h.ssh("root", bootID).Output(); err == nil {
			now = string(out)
		}
	}
	if after := h.SSH(t, identity); after != before {
		t.Errorf("rebooted it is %q, was %q", after, before)
	}
}

// bootID prints what differs from boot to boot.
const bootID = "cat /proc/sys/kernel/random/boot_id"

// TestLabKeepsNoDescriptor: what the caller of lab.sh has locked is free again when the caller lets go of it, though a
// host that was booted meanwhile lives on.
func TestLabKeepsNoDescriptor(t *testing.T) {
	h := Hosts(t, 3)[2]
	path := filepath.Join(t.TempDir(), "lock")
	locked, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(locked.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	cmd := h.script(t, "reset")
	cmd.ExtraFiles = []*os.File{locked}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	locked.Close()
	again, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := syscall.Flock(int(again.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Errorf("the lock is held still: %v", err)
	}
}

// TestKinds: a lab for few hosts runs what takes two or three first, and nothing else.
func TestKinds(t *testing.T) {
	var text strings.Builder
	for i := range 5 {
		n := strconv.Itoa(i + 1)
		text.WriteString("h" + n + " ansible_host=10.0.0." + n + " ansible_ssh_private_key_file=/k\n")
	}
	path := filepath.Join(t.TempDir(), "inventory.ini")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FROYO_LAB_HOSTS", path)
	for lab, want := range map[string][]int{"few": {1, 0, 0, 2, 0}, "first": {0, 1, 0, 0, 0}, "fleet": {0, 0, 1, 0, 3}, "own": {0, 0, 0, 0, 0}, "": {1, 1, 1, 2, 3}} {
		t.Setenv("FROYO_LAB_TESTS", lab)
		for i, takes := range [][]int{{3}, {1}, {5}, {2, 1}, {4, 1, 2}} {
			got := 0
			t.Run(lab, func(t *testing.T) {
				for _, n := range takes {
					Hosts(t, n)
					got++
				}
			})
			if got != want[i] {
				t.Errorf("%q: of %v %d were taken, want %d", lab, takes, got, want[i])
			}
		}
	}
}
