package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// webSite is a whole web host: package, directory, 10 files, a site that nginx
// checks and whose change reloads it, a service, a guarded command, the proof.
const webSite = `
load("@std//web.star", "vhost")

reload = handler("reload nginx", do = lambda host: service("nginx", state = "reloaded"))

def web(host):
    pkg("nginx-light")
    file("/srv/lab", state = "directory", mode = "0755")
    for i in range(10):
        file("/srv/lab/page%d.html" % i, content = "<h1>Page %d of %s</h1>\n" % (i, host.name), mode = "0644")
    vhost("lab.example", root = "/srv/lab", listen = 8080, extra = vars.get("extra", ""), notify = reload)
    cmd("date >/srv/lab/born", name = "born", creates = "/srv/lab/born")
    service("nginx", state = "running", enabled = True)

def healthy(host):
    probe_http("http://127.0.0.1:8080/page3.html", status = 200, contains = "Page 3 of " + host.name, attempts = 5, via = host)

play("web", hosts = "all", do = web, verify = healthy)
`

// webPlan is what it plans on pristine hosts, but for the version of nginx.
const webPlan = `play web
    + pkg[nginx-light]  on 5 hosts: h[1-5]  (along with libnginx-mod-http-echo, nginx, nginx-common)
        version  "VERSION"
    + file[/srv/lab]  on 5 hosts: h[1-5]
        mode  "0755"
PAGES    + file[/etc/nginx/conf.d/lab.example.conf]  on 5 hosts: h[1-5]  (once there is directory /etc/nginx/conf.d, which pkg[nginx-light] may bring)
        content
          +server {
          +    listen 8080;
          +    server_name lab.example;
          +    root /srv/lab;
          +    location / {
          +        try_files $uri $uri/ =404;
          +    }
          +}
        mode     "0644"
    > cmd[born]  on 5 hosts: h[1-5]
    ~ service[nginx]  on 5 hosts: h[1-5]  (once there is unit nginx.service, which pkg[nginx-light] may bring)
        enabled  true
        state    "running"
  handler reload nginx
    > service[nginx]  on 5 hosts: h[1-5]  (once there is unit nginx.service, which pkg[nginx-light] may bring; reloaded)

1 unit runs and changes nothing on 5 hosts: h[1-5]: verify[web]/probe_http[http://127.0.0.1:8080/page3.html]
Plan: 65 to add, 5 to change, 0 to destroy, 10 to run.
`

// pristine takes n hosts as they were first booted.
func pristine(t *testing.T, n int) *froyo {
	t.Helper()
	f := start(t, n)
	for _, h := range f.hosts {
		h.Reset(t)
	}
	t.Cleanup(func() {
		for _, h := range f.hosts {
			h.Reset(t)
		}
	})
	f.trust(t)
	f.inventory(t, "root", nil)
	return f
}

// reloads counts how often nginx was reloaded on a host, by its journal.
func reloads(t *testing.T, h labtest.Host) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(h.SSH(t, "journalctl -q -o cat -u nginx | grep -c '^Reloaded ' || true")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLabWeb: one apply converges pristine hosts as planned, the second plan is
// empty, nginx reloads only where its site changed, and a broken site is refused.
func TestLabWeb(t *testing.T) {
	f := pristine(t, 5)
	f.write(t, "site.star", webSite)
	code, out, _ := f.run(t, "plan", "--detailed-exitcode", "--out", "plan.json")
	if code != 2 {
		t.Fatalf("exit code %d, want 2", code)
	}
	if diff := cmp.Diff(webPlan, shorten(out)); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	code, _, stderr := f.finish(t, f.command(t.Context(), "apply", "--plan", "plan.json"))
	if code != 0 {
		t.Fatal("the saved plan did not converge")
	}
	if n := strings.Count(stderr, "changed  handler[web/reload nginx]/service[nginx]"); n != 5 {
		t.Errorf("nginx was reloaded on %d hosts, want 5", n)
	}
	f.counted(t, 0) // the package reloads it as well
	if code, out, _ = f.run(t, "plan", "--detailed-exitcode"); code != 0 || !strings.Contains(out, "No changes.") {
		t.Error("the second plan is not empty")
	}
	if code, _, _ = f.run(t, "apply", "-y"); code != 0 {
		t.Error("an apply without changes failed")
	}
	f.counted(t, 0)
	if code, _, _ = f.run(t, "apply", "-y", "-e", "extra=autoindex on;"); code != 0 {
		t.Error("the changed site did not converge")
	}
	f.counted(t, 1)
	code, _, stderr = f.run(t, "apply", "-y", "-e", "extra=no_such_directive on;")
	if code != 3 || !strings.Contains(stderr, `unknown directive "no_such_directive"`) {
		t.Errorf("exit code %d; the broken site was not refused with nginx's own words", code)
	}
	f.counted(t, 1)
	for _, h := range f.hosts {
		got := h.SSH(t, `exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /page1.html HTTP/1.0\r\n\r\n' >&3 && cat <&3; ls /etc/nginx/conf.d`)
		if !strings.Contains(got, "Page 1 of "+h.Name) || !strings.HasSuffix(got, "\nlab.example.conf\n") {
			t.Errorf("%s does not serve as before: %s", h.Name, got)
		}
	}
	f.clean(t)
}

// shorten replaces what every host's pages add to a plan by one word, and the
// version of nginx, which is the repository's.
func shorten(plan string) string {
	var kept []string
	pages := false
	for line := range strings.Lines(plan) {
		page := strings.HasPrefix(line, "    + file[/srv/lab/page")
		switch {
		case page && !pages:
			kept = append(kept, "PAGES")
			pages = true
		case page, pages && strings.HasPrefix(line, "        "):
		default:
			if pages = false; strings.HasPrefix(line, "        version  ") {
				line = "        version  \"VERSION\"\n"
			}
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// counted fails the test where a host's nginx was not reloaded n times since
// the first call.
func (f *froyo) counted(t *testing.T, n int) {
	t.Helper()
	for _, h := range f.hosts {
		now := reloads(t, h)
		if f.reloads[h.Name] == 0 {
			f.reloads[h.Name] = now
		}
		if since := now - f.reloads[h.Name]; since != n {
			t.Errorf("%s: nginx was reloaded %d times more, want %d", h.Name, since, n)
		}
	}
}

// TestLabWebAsOthers: the same by sudo without and with a password, and
// package and service where sudo permits only their programs.
func TestLabWebAsOthers(t *testing.T) {
	f := pristine(t, 3)
	f.write(t, "site.star", webSite)
	for i, tt := range []struct {
		user, site string
		args       []string
	}{
		{"ops", webSite, []string{"-b"}},
		{"opspw", webSite, []string{"-b", "-K"}},
		{"opsre", `
def web(host):
    pkg(["nginx-light", "froyo-demo"])
    service("nginx", state = "running", enabled = True)
    service("froyo-demo", state = "stopped", enabled = False)

play("web", hosts = "all", do = web)
`, []string{"-b"}},
	} {
		t.Run(tt.user, func(t *testing.T) {
			f := &froyo{dir: f.dir, hosts: f.hosts[i : i+1], binary: f.binary}
			f.inventory(t, tt.user, nil)
			f.write(t, "site.star", tt.site)
			run := func(args ...string) (int, string) {
				cmd := f.command(t.Context(), append(append(args, "-i", "hosts.ini"), tt.args...)...)
				cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD="+labtest.Password)
				code, out, _ := f.finish(t, cmd)
				return code, out
			}
			if code, _ := run("apply", "-y"); code != 0 {
				t.Fatal("not converged")
			}
			if code, _ := run("plan", "--detailed-exitcode"); code != 0 {
				t.Error("the second plan is not empty")
			}
			got := f.hosts[0].SSH(t, "systemctl is-active nginx; systemctl is-enabled nginx; dpkg-query -W -f '${Status}' nginx-light")
			if got != "active\nenabled\ninstall ok installed" {
				t.Errorf("%s: %s", f.hosts[0].Name, got)
			}
			f.clean(t)
		})
	}
}

// TestLabSeveralUsers: units of one play act as several users of one host.
func TestLabSeveralUsers(t *testing.T) {
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "ops", nil)
	f.write(t, "site.star", `
def web(host):
    file("/srv/lab", state = "directory", mode = "0777", become = True)
    file("/srv/lab/root", content = "x", become = True)
    file("/srv/lab/ops", content = "x")
    file("/srv/lab/pw", content = "x", run_as = "opspw")
    cmd("id -un >/srv/lab/who", name = "who", run_as = "opspw", creates = "/srv/lab/who")

play("web", hosts = "all", do = web)
`)
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatal("not converged")
	}
	got := f.hosts[0].SSH(t, "cd /srv/lab && stat -c '%n %U' root ops pw who && cat who")
	if want := "root root\nops ops\npw opspw\nwho opspw\nopspw\n"; got != want {
		t.Error(cmp.Diff(want, got))
	}
	f.clean(t)
}

// TestLabKilledDuringTransaction: froyo is killed while a package is being
// configured; the database is whole, and the next apply converges.
func TestLabKilledDuringTransaction(t *testing.T) {
	f := pristine(t, 1)
	f.write(t, "site.star", `
pkg(["froyo-demo", "froyo-slow"])
file("/srv/lab", state = "directory")
`)
	cmd := f.command(t.Context(), "apply", "-y", "-i", "hosts.ini")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := f.hosts[0]
	waitFor(t, func() bool { return h.SSH(t, "pgrep -f '[f]royo-slow.postinst' || true") != "" })
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	waitFor(t, func() bool { return strings.TrimSpace(h.SSH(t, "pgrep 'apt|dpkg' || true")) == "" })
	if audit := h.SSH(t, "dpkg --audit"); audit != "" {
		t.Errorf("the package database is not whole:\n%s", audit)
	}
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Error("the next apply did not converge")
	}
	if code, _, _ := f.run(t, "plan", "--detailed-exitcode"); code != 0 {
		t.Error("the plan after it is not empty")
	}
	f.clean(t)
}

// TestLabExamples: each example plans what its plan.txt says, converges, and
// then has nothing more to do.
func TestLabExamples(t *testing.T) {
	labtest.Hosts(t, 20) // also those that need one: together they take long
	for _, tt := range []struct {
		name      string
		hosts     int
		inventory func(f *froyo) string
	}{
		{"nginx", 1, nil},
		{"apache", 1, nil},
		{"hardening", 1, nil},
		{"exporter", 1, nil},
		{"lamp", 1, nil},
		{"fleet", 20, fleetInventory},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := pristine(t, tt.hosts)
			inventory := "hosts.ini"
			if tt.inventory != nil {
				f.write(t, "inventory.cue", tt.inventory(f))
				inventory = "inventory.cue"
			}
			f.example(t, tt.name, inventory)
			f.clean(t)
		})
	}
}

// example plans an example, which is what its plan.txt says, applies it, and plans nothing more. It returns what runs froyo on it.
func (f *froyo) example(t *testing.T, name, inventory string) (run func(args ...string) (code int, stdout string)) {
	t.Helper()
	example, err := filepath.Abs("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	run = func(args ...string) (int, string) {
		code, out, _ := f.finish(t, f.command(t.Context(), append(args, example+"/site.star", "-i", inventory)...))
		return code, out
	}
	_, out := run("plan")
	golden := filepath.Join(example, "plan.txt")
	if os.Getenv("FROYO_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(unversioned(out)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), unversioned(out)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	began := time.Now()
	if code, _ := run("apply", "-y"); code != 0 {
		t.Fatal("not converged")
	}
	t.Logf("%s converged %d hosts in %s", name, len(f.hosts), time.Since(began).Round(time.Millisecond))
	if code, _ := run("plan", "--detailed-exitcode"); code != 0 {
		t.Error("the second plan is not empty")
	}
	return run
}

// ownAddress is of a probe that is named by its host.
var ownAddress = regexp.MustCompile(`probe_http\[http://10\.[0-9.]+/\]`)

// elsewhere is a command that names an example by where this checkout is.
var elsewhere = regexp.MustCompile(`froyo plan /\S*/examples/`)

// unversioned leaves versions of packages out of a plan, which are the
// repository's, and the lab's own addresses.
func unversioned(plan string) string {
	plan = elsewhere.ReplaceAllString(plan, "froyo plan examples/")
	var kept []string
	for line := range strings.Lines(plan) {
		if strings.HasPrefix(line, "        version  ") {
			line = "        version  (the repository's)\n"
		}
		line = ownAddress.ReplaceAllString(line, "probe_http[http://(its address)/]")
		if _, port, ok := strings.Cut(line, ":8080;"); ok && strings.Contains(line, "server ") {
			line = "          +    server (a web server):8080;" + port
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

// fleetInventory is the example's inventory with the addresses of the lab's hosts.
func fleetInventory(f *froyo) string {
	text, err := os.ReadFile("../../examples/fleet/inventory.cue")
	if err != nil {
		return ""
	}
	var lines []string
	hosts := f.hosts
	for line := range strings.Lines(string(text)) {
		if before, after, ok := strings.Cut(line, `address: "`); ok {
			_, after, _ = strings.Cut(after, `"`)
			line = before + `address: "` + hosts[0].Addr + `", user: "root", key: "` + hosts[0].KeyFile + `"` + after
			hosts = hosts[1:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}
