// Package labtest gives tests real hosts to work on: those that
// testdata/lab/lab.sh has booted. Without a lab a test is skipped, by name and
// with the reason. All packages' tests share one lab, so a test leaves a host
// as it found it.
//
// It imports the standard library only, and only tests import it.
package labtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Host is a booted machine that takes root, ops, opspw and opsre by Key. The
// password of all is Password; ops may sudo without it, opspw with it, and opsre
// may run systemctl, apt and dnf by sudo without it, and nothing else. It has a
// package repository of its own: see lab.sh.
type Host struct {
	Name       string
	Addr       string // without a port; sshd listens on 22
	KeyFile    string // private key, OpenSSH format
	KnownHosts string // known_hosts file that knows the host's keys
}

// Password is the password of every user of a lab host.
const Password = "s3cr3t"

// Inventory returns the path of the lab's inventory file. It skips the test where there is no lab.
func Inventory(t testing.TB) string {
	t.Helper()
	path := os.Getenv("FROYO_LAB_HOSTS") //nolint:forbidigo // a test's environment says where its lab is
	if path == "" {
		t.Skip("no lab: run make lab-test")
	}
	return path
}

// few is the most hosts that tests of the kind "few" share.
const few = 3

// only skips the test where the lab is for tests of another kind: FROYO_LAB_TESTS is "fleet" for those that share all
// hosts, "few" for those that share the first three, "first" for those that share the first one, "own" for those that have one
// of their own, and is not set for all.
// What a test takes first decides about it and its parts.
func only(t testing.TB, kind string) {
	t.Helper()
	wanted := os.Getenv("FROYO_LAB_TESTS") //nolint:forbidigo // as above
	switch {
	case wanted == "", runs(t.Name()):
	case wanted == kind:
		running.Store(t.Name(), true)
	default:
		t.Skip("this lab is for other tests: FROYO_LAB_TESTS is " + wanted)
	}
}

// running has the tests that this lab is for.
var running sync.Map

// runs reports whether a test, or one that it is a part of, has hosts of this lab.
func runs(test string) (is bool) {
	running.Range(func(name, _ any) bool {
		is = test == name || strings.HasPrefix(test, name.(string)+"/")
		return !is
	})
	return is
}

// Hosts returns the first n hosts of the lab. It skips the test where there is
// no lab, and fails it where the lab is smaller. Tests that run beside others take Own.
func Hosts(t testing.TB, n int) []Host {
	t.Helper()
	hosts, kind := all(t), "fleet"
	switch {
	case n == 1:
		kind = "first"
	case n <= few:
		kind = "few"
	}
	only(t, kind)
	if len(hosts) < n {
		t.Fatalf("the test needs %d hosts and the lab has %d", n, len(hosts))
	}
	return hosts[:n]
}

// all are the lab's hosts.
func all(t testing.TB) []Host {
	t.Helper()
	path := Inventory(t)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hosts, err := parse(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for i := range hosts {
		hosts[i].KnownHosts = filepath.Join(filepath.Dir(path), "known_hosts")
	}
	return hosts
}

// Own lets the test run beside others, and returns a host that none of them has until it ends.
func Own(t *testing.T) Host {
	t.Helper()
	Inventory(t) // a test without a lab is skipped at once
	only(t, "own")
	t.Parallel()
	pool := free(t)
	h := <-pool
	t.Cleanup(func() { pool <- h })
	return h
}

// pool holds the lab's hosts that no test of Own has.
var pool struct {
	once sync.Once
	free chan Host
}

func free(t *testing.T) chan Host {
	t.Helper()
	pool.once.Do(func() {
		hosts := all(t)
		pool.free = make(chan Host, len(hosts))
		for _, h := range hosts {
			pool.free <- h
		}
	})
	if pool.free == nil {
		t.Fatal("the lab's inventory could not be read, as another test says")
	}
	return pool.free
}

// parse reads the inventory that lab.sh writes: a section, then a line per host.
func parse(r io.Reader) ([]Host, error) {
	var hosts []Host
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "[") {
			continue
		}
		h := Host{Name: fields[0]}
		for _, field := range fields[1:] {
			switch key, value, _ := strings.Cut(field, "="); key {
			case "ansible_host":
				h.Addr = value
			case "ansible_ssh_private_key_file":
				h.KeyFile = value
			}
		}
		if h.Addr == "" || h.KeyFile == "" {
			return nil, fmt.Errorf("host %s: want ansible_host and ansible_ssh_private_key_file", h.Name)
		}
		hosts = append(hosts, h)
	}
	return hosts, lines.Err()
}

// SSH runs a shell script on the host as root and returns what it printed, as SSHAs does.
func (h Host) SSH(t testing.TB, script string) string {
	t.Helper()
	return h.SSHAs(t, "root", script)
}

// SSHAs runs a shell script on the host as user and returns what it printed. It
// fails the test where the script does. It goes through the system's ssh, so
// that what froyo did is seen with eyes other than its own.
func (h Host) SSHAs(t testing.TB, user, script string) string {
	t.Helper()
	out, err := h.ssh(user, script).Output()
	if err != nil {
		detail := ""
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns it as it is
			detail = ": " + strings.TrimSpace(string(exit.Stderr))
		}
		t.Fatalf("%s as %s: %q: %v%s", h.Name, user, script, err, detail)
	}
	return string(out)
}

// Put writes a file on the host, as root.
func (h Host) Put(t testing.TB, path string, content []byte) {
	t.Helper()
	cmd := h.ssh("root", "cat >'"+path+"'")
	cmd.Stdin = bytes.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: write %s: %v: %s", h.Name, path, err, out)
	}
}

// Undo runs a shell script as root on the host when the test ends.
func (h Host) Undo(t testing.TB, script string) {
	t.Helper()
	t.Cleanup(func() {
		if out, err := h.ssh("root", script).CombinedOutput(); err != nil {
			t.Errorf("%s: undo %q: %v: %s", h.Name, script, err, out)
		}
	})
}

// Sudoers gives the host one more sudo rule until the test ends, ahead of none
// and after all others, so that it has the last word.
func (h Host) Sudoers(t testing.TB, rule string) {
	t.Helper()
	const path = "/etc/sudoers.d/zz-test"
	h.Undo(t, "rm -f "+path)
	h.SSH(t, "umask 227 && rm -f "+path+" && cat >"+path+" <<'END' && visudo -qcf "+path+"\n"+rule+"\nEND")
}

// Cut takes the host off the network until the test ends.
func (h Host) Cut(t testing.TB) {
	t.Helper()
	t.Cleanup(func() { h.lab(t, "join") })
	h.lab(t, "cut")
}

// Reset gives the host back as it was first booted: its keys, machine-id and files are new.
func (h Host) Reset(t testing.TB) {
	t.Helper()
	h.lab(t, "reset")
}

// Join puts a host that was cut back on the network.
func (h Host) Join(t testing.TB) {
	t.Helper()
	h.lab(t, "join")
}

func (h Host) ssh(user, script string) *exec.Cmd {
	return exec.Command("ssh", "-o", "LogLevel=ERROR", "-i", h.KeyFile, "-o", "UserKnownHostsFile="+h.KnownHosts, //nolint:noctx // also runs after the test's context
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", user+"@"+h.Addr, script)
}

// lab asks lab.sh for something that is done from outside the host.
func (h Host) lab(t testing.TB, verb string) {
	t.Helper()
	if out, err := h.script(t, verb).CombinedOutput(); err != nil {
		t.Errorf("lab.sh %s %s: %v: %s", verb, h.Name, err, out)
	}
}

// script is lab.sh as it is to be run for something about the host. It skips the test where there is none.
func (h Host) script(t testing.TB, verb string) *exec.Cmd {
	t.Helper()
	script := os.Getenv("FROYO_LAB_SCRIPT") //nolint:forbidigo // as FROYO_LAB_HOSTS
	if script == "" {
		t.Skip("the lab cannot be steered from here: run make lab-test")
	}
	return exec.Command(script, verb, strings.TrimPrefix(h.Name, "h")) //nolint:noctx // also runs after the test's context
}
