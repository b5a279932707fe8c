package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// site is the runbook of these tests: 20 files and directories, 3 guarded
// commands, one value known only after apply.
const site = `
def web(host):
    file("/srv/lab", state = "directory", mode = "0755")
    for d in ["etc", "www", "log", "run"]:
        file("/srv/lab/" + d, state = "directory", owner = "ops", mode = "u=rwx,g=rx,o=")
    for i in range(12):
        file("/srv/lab/etc/app%d.conf" % i, content = "name = %s\nnumber = %d\n" % (host.name, i), mode = "0640")
    file("/srv/lab/www/index.html", content = template(text = "<h1>{{ host.name }} on {{ host.facts.os.basic.id }}</h1>\n", host = host))
    file("/srv/lab/current", state = "link", target = "/srv/lab/www")
    file("/srv/lab/etc/sudo", content = "ops ALL=(ALL) ALL\n", mode = "0440", validate = "visudo -cf %s")
    cmd("date >/srv/lab/born", name = "born", creates = "/srv/lab/born")
    cmd("echo yes >/srv/lab/ready", name = "ready", unless = "test -s /srv/lab/ready")
    cmd("rm /srv/lab/www/junk", name = "junk", removes = "/srv/lab/www/junk")
    kernel = cmd("uname -r", name = "kernel", changed_when = False)
    file("/srv/lab/kernel", content = later(lambda: kernel.stdout))

play("web", hosts = "all", do = web)
`

// froyo runs the binary that make built.
type froyo struct {
	dir    string
	hosts  []labtest.Host
	binary string
	env    []string
	// reloads is how often each host's nginx was reloaded when it was first counted.
	reloads map[string]int
}

// start takes n hosts of the lab and leaves them as they were.
func start(t *testing.T, n int) *froyo {
	t.Helper()
	return startOn(t, labtest.Hosts(t, n))
}

// startOwn takes a host that no other test has, and lets others run beside this one.
func startOwn(t *testing.T, user string) *froyo {
	t.Helper()
	f := startOn(t, []labtest.Host{labtest.Own(t)})
	f.sharesGuests(t)
	f.trust(t)
	f.inventory(t, user, nil)
	return f
}

// sharesGuests has guests compiled once for all tests.
func (f *froyo) sharesGuests(t *testing.T) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	f.env = append(f.env, "XDG_CACHE_HOME="+cache)
}

func startOn(t *testing.T, hosts []labtest.Host) *froyo {
	t.Helper()
	binary, err := filepath.Abs("../../bin/froyo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%v: run make", err)
	}
	f := &froyo{dir: t.TempDir(), hosts: hosts, binary: binary, reloads: map[string]int{}}
	f.write(t, "site.star", site)
	t.Cleanup(func() { f.each(t, "rm -rf /srv/lab") })
	return f
}

// each runs a script on all hosts at once and returns what each said.
func (f *froyo) each(t *testing.T, script string) []string {
	t.Helper()
	return on(t, script, f.hosts)
}

// on runs a script on some hosts at once and returns what each said.
func on(t *testing.T, script string, hosts []labtest.Host) []string {
	t.Helper()
	said := make([]string, len(hosts))
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { said[i] = h.SSH(t, script) })
	}
	wg.Wait()
	return said
}

func (f *froyo) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(f.dir, name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inventory writes an INI inventory; with appends variables to a host's line.
func (f *froyo) inventory(t *testing.T, user string, with map[string]string) {
	t.Helper()
	var text strings.Builder
	for _, h := range f.hosts {
		fmt.Fprintf(&text, "%s ansible_host=%s ansible_user=%s ansible_ssh_private_key_file=%s %s\n", h.Name, h.Addr, user, h.KeyFile, with[h.Name])
	}
	f.write(t, "hosts.ini", text.String())
}

func (f *froyo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, f.binary, args...)
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "HOME="+f.dir, "XDG_STATE_HOME="+f.dir+"/state", "SSH_AUTH_SOCK=",
		"FROYO_KNOWN_HOSTS="+filepath.Join(f.dir, "known_hosts"))
	cmd.Env = append(cmd.Env, f.env...)
	return cmd
}

// run runs froyo and returns its exit code and output.
func (f *froyo) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return f.finish(t, f.command(t.Context(), append(args, "-i", "hosts.ini")...))
}

func (f *froyo) finish(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	t.Logf("$ froyo %s\nexit code %d\n%s%s", strings.Join(cmd.Args[1:], " "), code, &out, &errs)
	return code, out.String(), errs.String()
}

// trust copies the lab's host keys.
func (f *froyo) trust(t *testing.T) {
	t.Helper()
	keys, err := os.ReadFile(f.hosts[0].KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "known_hosts", string(keys))
}

// clean fails the test where anything of froyo's is left on a host.
func (f *froyo) clean(t *testing.T) {
	t.Helper()
	lefts := f.each(t, `find /tmp /var/tmp /dev/shm /run /home /root -iname '*froyo*' ! -name '*froyo-demo*' ! -name '*froyo-slow*' ! -name '*froyo-firewall-*' 2>/dev/null
		for e in /proc/[0-9]*/exe; do case $(readlink $e 2>/dev/null) in *froyo*|*"(deleted)") echo $e $(readlink $e);; esac; done; true`)
	for i, left := range lefts {
		if strings.TrimSpace(left) != "" {
			t.Errorf("%s: left behind: %s", f.hosts[i].Name, left)
		}
	}
}

func TestLabConverge(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		t.Run(user, func(t *testing.T) {
			f := start(t, 5)
			f.trust(t)
			f.inventory(t, user, nil)
			become := []string{}
			if user != "root" {
				become = []string{"-b"}
			}
			with := func(args ...string) []string { return append(args, become...) }

			code, out, _ := f.run(t, with("apply", "-y")...)
			if code != 0 {
				t.Fatal("the first apply did not converge")
			}
			if n := strings.Count(out, "failed=0"); n != 5 {
				t.Errorf("%d hosts without failures, want 5", n)
			}
			code, out, _ = f.run(t, with("plan", "--detailed-exitcode")...)
			if code != 0 || !strings.Contains(out, "No changes.") {
				t.Error("the second plan is not empty")
			}
			f.drift(t, with)
			f.clean(t)
		})
	}
}

// drift changes one file on one host by hand; that and nothing else is planned and repaired.
func (f *froyo) drift(t *testing.T, with func(...string) []string) {
	t.Helper()
	f.hosts[2].SSH(t, "echo broken >/srv/lab/etc/app3.conf; chmod 666 /srv/lab/etc/app3.conf")
	code, out, _ := f.run(t, with("plan", "--detailed-exitcode")...)
	if code != 2 || !strings.Contains(out, "~ file[/srv/lab/etc/app3.conf]  on "+f.hosts[2].Name) ||
		!strings.Contains(out, "Plan: 0 to add, 1 to change, 0 to destroy.") {
		t.Error("the plan is not exactly the drift")
	}
	code, out, _ = f.run(t, with("apply", "-y")...)
	if code != 0 {
		t.Error("the drift was not repaired")
	}
	for _, h := range f.hosts {
		want := 0
		if h == f.hosts[2] {
			want = 1
		}
		if ok, _ := regexp.MatchString(fmt.Sprintf(`(?m)^%s +: .*changed=%d `, h.Name, want), out); !ok {
			t.Errorf("%s: want changed=%d", h.Name, want)
		}
	}
}

// TestLabFailuresStayApart: a host that is down, one whose key changed and one
// with the wrong sudo password; the others converge.
func TestLabFailuresStayApart(t *testing.T) {
	f := start(t, 5)
	f.trust(t)
	keys, err := os.ReadFile(f.hosts[1].KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	// h2's address gets a key that no host has: what is known of it is replaced by a fresh one.
	other := filepath.Join(f.dir, "other")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(other + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for line := range strings.Lines(string(keys)) {
		if !strings.HasPrefix(line, f.hosts[1].Addr+" ") {
			known = append(known, line)
		}
	}
	f.write(t, "known_hosts", strings.Join(known, "")+f.hosts[1].Addr+" "+string(public))
	f.inventory(t, "ops", map[string]string{
		f.hosts[0].Name: "ansible_host=10.255.255.1 ansible_user=ops", f.hosts[2].Name: "ansible_user=opspw",
	})
	cmd := f.command(t.Context(), "apply", "-y", "-b", "-K", "--timeout", "2", "-i", "hosts.ini")
	cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD=wrong")
	code, out, stderr := f.finish(t, cmd)
	if code != 3 {
		t.Errorf("exit code %d, want 3: a failed host comes before one that is not reached", code)
	}
	for _, h := range f.hosts[3:] {
		if ok, _ := regexp.MatchString(`(?m)^`+h.Name+` +: .*unreachable=0 +failed=0`, out); !ok {
			t.Errorf("%s did not converge", h.Name)
		}
	}
	for host, want := range map[string]string{f.hosts[0].Name: "10.255.255.1", f.hosts[1].Name: "key", f.hosts[2].Name: "password"} {
		if ok, _ := regexp.MatchString(`(?m)^froyo: error: `+host+`: .*`+want, stderr); !ok {
			t.Errorf("no clear error for %s about %q", host, want)
		}
	}
	f.clean(t)
}

// TestLabPasswordOnce: -k for the connection and -K for sudo.
func TestLabPasswordOnce(t *testing.T) {
	f := start(t, 2)
	f.trust(t)
	f.inventory(t, "opspw", nil)
	cmd := f.command(t.Context(), "apply", "-y", "-b", "-k", "-K", "-i", "hosts.ini")
	cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD="+labtest.Password, "FROYO_SSH_PASSWORD="+labtest.Password)
	if code, _, _ := f.finish(t, cmd); code != 0 {
		t.Error("not converged")
	}
	f.clean(t)
}

// TestLabFacts: a runbook gets the facts of hosts that it asks for, validate
// knows them afterwards, and a saved plan holds those alone that were used.
func TestLabFacts(t *testing.T) {
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "site.star", `
def web(host):
    net, units = host.facts.net.ifaces, host.facts.svc.units.units
    text = "%s %s %d\n" % (net.default, net.address, host.facts.hw.cpu.cores)
    text += "%s %s\n" % (units["ssh.service"].active, units.get("none.service"))
    file("/srv/lab", state = "directory")
    file("/srv/lab/facts", content = text)

play("web", hosts = "all", do = web)
`)
	if code, _, _ := f.run(t, "plan", "--out", "saved.json"); code != 0 {
		t.Fatal("no plan")
	}
	saved, err := os.ReadFile(filepath.Join(f.dir, "saved.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(saved), `units[\"ssh.service\"]`) || strings.Contains(string(saved), "dbus.service") {
		t.Error("the plan's inputs are not the facts that were used")
	}
	if code, _, _ := f.finish(t, f.command(t.Context(), "apply", "-y", "--plan", "saved.json")); code != 0 {
		t.Fatal("not converged")
	}
	h := f.hosts[0]
	want := h.SSH(t, `echo "host0 `+h.Addr+` $(nproc)"; echo "active None"`)
	if got := h.SSH(t, "cat /srv/lab/facts"); got != want {
		t.Errorf("the facts are %q, want %q", got, want)
	}
	if code, out, stderr := f.run(t, "validate"); code != 0 || !strings.Contains(out, "2 units") || strings.Contains(stderr, "not checked") {
		t.Error("validate does not know the facts of the last run")
	}
	f.clean(t)
}

// TestLabKilled: froyo is killed in the middle of a unit; nothing of it stays on
// the hosts but the run's journal, which goes with the next run.
func TestLabKilled(t *testing.T) {
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "ops", nil)
	f.write(t, "site.star", `
file("/srv/lab", state = "directory")
cmd("touch /srv/lab/started; sleep 300", name = "slow")
`)
	cmd := f.command(t.Context(), "apply", "-y", "-b", "-i", "hosts.ini")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := f.hosts[0]
	waitFor(t, func() bool { return h.SSH(t, "ls /srv/lab/started 2>/dev/null || true") != "" })
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	waitFor(t, func() bool { return strings.TrimSpace(h.SSH(t, "pgrep -f '[s]leep 300' || true")) == "" })
	if got := h.SSH(t, "find /run/froyo -type f ! -name lease"); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "/journal\n") {
		t.Errorf("left behind is %q, want the journal alone", got)
	}
	f.write(t, "site.star", `file("/srv/lab/next")`)
	if code, _, _ := f.run(t, "apply", "-y", "-b"); code != 0 {
		t.Errorf("the next run: exit code %d", code)
	}
	f.clean(t)
}

// waitFor waits until something holds, at most half a minute.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("it did not come about within 30 s")
}
