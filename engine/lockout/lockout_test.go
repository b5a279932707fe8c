package lockout_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/lockout"
)

// TestTables: every name of every table counts, and so does what is below a path, and what is above it where all of that is meant.
func TestTables(t *testing.T) {
	each := func(rows []lockout.Row, check func(name string)) {
		for _, r := range rows {
			for name := range strings.FieldsSeq(r.Names) {
				check(name)
			}
		}
	}
	each(lockout.Paths, func(p string) {
		at := strings.ReplaceAll(p, "*", "x")
		above := at[:strings.LastIndex(at, "/")]
		if above == "" {
			above = "/"
		}
		if !lockout.Path(at, false) || !lockout.Path(at+"/x/y", false) || !lockout.Path(above, true) || !lockout.Path("/", true) || lockout.Path("/", false) {
			t.Errorf("%s does not count", p)
		}
	})
	each(lockout.Services, func(name string) {
		instance := name
		if strings.HasSuffix(name, "@") {
			instance = name + "x"
		}
		dropin := "/etc/systemd/system/" + name
		if !strings.Contains(name, ".") {
			dropin += ".service"
		}
		for _, p := range []string{dropin, dropin + ".d", dropin + ".d/x.conf", "/etc/systemd/system/multi-user.target.wants/" + instance} {
			if !lockout.Path(p, false) {
				t.Errorf("%s does not count", p)
			}
		}
		if !lockout.Service(instance) || !lockout.Service(strings.TrimSuffix(instance, ".target")+".socket") && !strings.HasSuffix(name, ".target") && !strings.HasSuffix(name, ".slice") {
			t.Errorf("%s does not count", name)
		}
	})
	each(lockout.Packages, func(name string) {
		if !lockout.Package(name) || !lockout.Package(name+":amd64") || !lockout.Package(name+".x86_64") || !lockout.Package(name+".noarch") {
			t.Errorf("%s does not count", name)
		}
	})
	each(lockout.Users, func(name string) {
		if !lockout.User(name) {
			t.Errorf("%s does not count", name)
		}
	})
	each(lockout.Groups, func(name string) {
		if !lockout.Group(name) {
			t.Errorf("%s does not count", name)
		}
	})
	each(lockout.InHome, func(name string) {
		for _, p := range []string{"/home/ops/" + name, "/home/ops/" + name + "/x", "/data/ops/" + name} {
			if !lockout.Home(p, false, "ops", "") {
				t.Errorf("%s does not count", p)
			}
		}
		if !lockout.Home("/data/of/"+name, false, "ops", "/data/of") || lockout.Home("/home/ops/"+name, false, "ops", "/data/of") {
			t.Errorf("%s of a home that is known", name)
		}
	})
}

// TestOthers: what decides nothing.
func TestOthers(t *testing.T) {
	for _, p := range []string{
		"/etc", "/etc/sshd", "/etc/ssh2/x", "/etc/sudoers.bak", "/etc/systemd/system/app.service", "/etc/systemd/system/multi-user.target.wants/app.service",
		"/etc/systemd/system/ssh-agent.service", "/etc/systemd/system/wg-quick.service.d", "/usr/lib/x/y/security", "/srv",
	} {
		if lockout.Path(p, false) {
			t.Errorf("%s counts", p)
		}
	}
	for _, p := range []string{"/srv", "/etc/systemd/system/app.service.d", "/usr/local", "/opt", "/var/lib/app"} {
		if lockout.Path(p, true) {
			t.Errorf("%s counts as a whole", p)
		}
	}
	for _, p := range []string{"/home/ops/app", "/home/app/.ssh/authorized_keys", "/root/.ssh", "/home/ops2/.ssh", "/home/ops/x.ssh"} {
		if lockout.Home(p, true, "ops", "") {
			t.Errorf("%s counts", p)
		}
	}
	for p, who := range map[string]string{"/home/ops": "ops", "/home": "ops", "/": "ops", "/root": "root", "/home/ops/.config": "ops"} {
		if !lockout.Home(p, true, who, "") || lockout.Home(p, false, who, "") {
			t.Errorf("%s of %s: it counts as a whole only", p, who)
		}
	}
	if lockout.Service("nginx") || lockout.Service("app@ssh") || lockout.Service("ssh.timer") || lockout.Package("openssh-client") || lockout.User("app") || lockout.Group("app") || lockout.Home("/", true, "", "") {
		t.Error("it counts")
	}
}

// TestMounts: where units of systemd mount something.
func TestMounts(t *testing.T) {
	for name, want := range map[string]string{
		"home.mount": "/home", "-.mount": "/", "var-lib-app.mount": "/var/lib/app", `srv-a\x2db.automount`: "/srv/a-b",
		`a\xzz.mount`: "", "home.service": "", "mount": "", ".mount": "/",
	} {
		if got := lockout.Mounts(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, p := range []string{"/etc/systemd/system/systemd-.service.d/x.conf", "/etc/systemd/system/user-.slice.d", "/etc/systemd/networkd.conf.d/x.conf"} {
		if !lockout.Path(p, false) {
			t.Errorf("%s does not count", p)
		}
	}
	if lockout.Path("/etc/systemd/system/app-.service.d/x.conf", false) {
		t.Error("a drop-in of others counts")
	}
}

// TestDocument: docs/guard.md shows the tables. FROYO_UPDATE=1 writes them.
func TestDocument(t *testing.T) {
	const page, begin, end = "../../docs/guard.md", "<!-- the tables of engine/lockout -->\n", "<!-- end of the tables -->\n"
	var b strings.Builder
	b.WriteString("| What | Guarded by name |\n|---|---|\n")
	for _, table := range []struct {
		of   string
		rows []lockout.Row
	}{
		{"paths", lockout.Paths},
		{"in the login's home", lockout.InHome},
		{"services, with the files of their units", lockout.Services},
		{"packages that are removed", lockout.Packages},
		{"users", lockout.Users},
		{"groups", lockout.Groups},
	} {
		for _, r := range table.rows {
			b.WriteString("| " + table.of + ": " + r.Why + " | `" + strings.Join(strings.Fields(r.Names), "`, `") + "` |\n")
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, is := strings.Cut(string(text), begin)
	old, after, closed := strings.Cut(rest, end)
	if !is || !closed {
		t.Fatalf("%s has no place for the tables", page)
	}
	if os.Getenv("FROYO_UPDATE") != "" {
		if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil { //nolint:gosec // a page
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), old); diff != "" {
		t.Errorf("%s is not current: make docs\n%s", page, diff)
	}
}
