package cli_test

import (
	"strings"
	"testing"
)

// protecting is a runbook that protects a file, and one in a bind mount of a deeper directory.
const protecting = `
def keep(host):
    file("/srv/lab/data/db", content = "data\n", lifecycle = lifecycle(prevent_destroy = True))
    file("/srv/lab/data/db2", content = "2\n", lifecycle = lifecycle(prevent_destroy = True))
    file("/srv/lab/data/db3", content = "3\n", lifecycle = lifecycle(prevent_destroy = True))
    file("/srv/lab/side/kept", content = "kept\n", lifecycle = lifecycle(prevent_destroy = True))

play("keep", hosts = "h1", do = keep)
`

// TestLabPreventDestroyByOtherNames: what is protected stays, by whatever links
// and mounts it is named.
func TestLabPreventDestroyByOtherNames(t *testing.T) {
	f := startSome(t, 2, protecting)
	h1 := f.hosts[0]
	t.Cleanup(func() {
		h1.SSH(t, "umount /srv/lab/mnt /srv/lab/side /srv/lab/late 2>/dev/null; rm -rf /srv/lab /srv/up; true")
	})
	h1.SSH(t, `mkdir -p /srv/lab/data /srv/lab/mnt /srv/lab/side /srv/lab/big/deep /srv/lab/late
mount --bind /srv/lab/data /srv/lab/mnt
mount --bind /srv/lab/big/deep /srv/lab/side
for i in alias alias2 alias3; do ln -s /srv/lab/data /srv/lab/$i; done
ln -s /srv/lab /srv/up
ln -s data/db /srv/lab/current`)
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	const db, kept = "file[/srv/lab/data/db]", "file[/srv/lab/side/kept]"
	var units, wanted []string
	for _, tt := range []struct{ unit, want string }{
		{`file("/srv/lab/alias/db", state = "absent")`, "it would remove /srv/lab/alias/db, which is the same as " + db + " through the link /srv/lab/alias, which is protected since"},
		{`file("/srv/up/data", state = "absent", recurse = True)`, "and with it /srv/up/data/db, which is the same as " + db + " through the link /srv/up"},
		{`file("/srv/lab/mnt/db", state = "absent")`, "which is the same as " + db + " through the mount /srv/lab/mnt"},
		{`file("/srv/lab/big", state = "absent", recurse = True)`, "and with it /srv/lab/big/deep/kept, which is the same as " + kept + " through the mount /srv/lab/side"},
		{`file("//srv//lab/./data/db/", state = "absent")`, "it would remove " + db + ", which is protected since"},
		{`file("/srv/lab/alias2/db2", state = "link", target = "/etc/motd")`, "it would put a link in the place of /srv/lab/alias2/db2, which is the same as file[/srv/lab/data/db2] through the link"},
		{`file("/srv/lab/alias3/db3", content = "other\n")`, "it would write over /srv/lab/alias3/db3, which is the same as file[/srv/lab/data/db3] through the link"},
	} {
		units, wanted = append(units, "    "+tt.unit), append(wanted, tt.want)
	}
	play := func(units ...string) string {
		return "def other(host):\n" + strings.Join(units, "\n") + "\n\nplay(\"other\", hosts = \"h1\", do = other)\n"
	}
	f.write(t, "site.star", play(units...))
	code, stdout, _ := f.run(t, "plan")
	for i, want := range wanted {
		if code != 3 || !strings.Contains(stdout, want) {
			t.Errorf("plan of %s: exit code %d, want 3 and %q", units[i], code, want)
		}
	}
	f.write(t, "site.star", play(units[2]))
	code, _, stderr := f.run(t, "apply", "-y")
	if code != 3 || !strings.Contains(stderr, wanted[2]) || !strings.Contains(stderr, "froyo state protections drop 'h1/file[/srv/lab/") {
		t.Errorf("apply: exit code %d, want 3, %q, and how to lift that", code, wanted[2])
	}
	f.want(t, "cat /srv/lab/data/db /srv/lab/side/kept", "data\nkept\n", "h1")
	for _, tt := range []struct{ name, units, want string }{
		{"by a link that the run makes", `    cmd("ln -sfn /srv/lab/data /srv/lab/new", name = "link")
    file("/srv/lab/new/db", state = "absent")`, "which is the same as " + db + " through the link /srv/lab/new"},
		{"by a mount that the run makes", `    cmd("mount --bind /srv/lab/data /srv/lab/late", name = "mount")
    file("/srv/lab/late/db", state = "absent")`, "which is the same as " + db + " through the mount /srv/lab/late"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h1.SSH(t, "echo else >/srv/lab/late/db; chmod --reference=/srv/lab/data/db /srv/lab/late/db; rm -f /srv/lab/new")
			f.write(t, "site.star", play(tt.units))
			if code, _, _ := f.run(t, "plan"); code != 0 {
				t.Errorf("plan: exit code %d; nothing leads there yet", code)
			}
			if code, _, stderr := f.run(t, "apply", "-y"); code != 3 || !strings.Contains(stderr, tt.want) {
				t.Errorf("apply: exit code %d, want 3 and %q", code, tt.want)
			}
			f.want(t, "cat /srv/lab/data/db", "data\n", "h1")
		})
	}
	t.Run("what is allowed", func(t *testing.T) {
		f.write(t, "site.star", protecting+`
def free(host):
    file("/srv/lab/current", state = "absent")
    file("/srv/lab/alias", state = "absent", recurse = True)
    file("/srv/lab/alias2", state = "link", target = "/srv/lab/data/")

play("free", hosts = "h1", do = free)
`)
		h1.SSH(t, "echo by hand >/srv/lab/data/db")
		if code, stdout, _ := f.run(t, "apply", "-y"); code != 0 {
			t.Errorf("exit code %d:\n%s", code, stdout)
		}
		f.want(t, "cat /srv/lab/data/db; ls -d /srv/lab/alias /srv/lab/current 2>/dev/null; true", "data\n", "h1")
	})
	t.Run("..", func(t *testing.T) {
		f.write(t, "site.star", `file("/srv/lab/x/../data/db", state = "absent")`+"\n")
		code, _, stderr := f.run(t, "plan", "-l", "h1")
		if code != 1 || !strings.Contains(stderr, `site.star:1:1: file[/srv/lab/x/../data/db]: path: want a path without "..", got "/srv/lab/x/../data/db"`) || !strings.Contains(stderr, `write where it leads, "/srv/lab/data/db"`) {
			t.Errorf("exit code %d:\n%s", code, stderr)
		}
	})
}

// TestLabLinkedPaths: the plan shows where a link leads, and two names of one
// file are told.
func TestLabLinkedPaths(t *testing.T) {
	f := startSome(t, 2, `
def web(host):
    file("/srv/lab/www/x", content = "x\n")

play("web", hosts = "h1", do = web)
`)
	h1 := f.hosts[0]
	t.Cleanup(func() { h1.SSH(t, "rm -rf /srv/lab") })
	h1.SSH(t, "mkdir -p /srv/lab/data; ln -s data /srv/lab/www")
	const shown = "path  /srv/lab/www/x → /srv/lab/data/x  (through a link)"
	for _, change := range []string{"true", "echo by hand >/srv/lab/data/x"} {
		h1.SSH(t, change)
		if code, stdout, _ := f.run(t, "plan", "--out", "plan.json"); code != 0 || !strings.Contains(stdout, shown) {
			t.Errorf("after %s: exit code %d, want 0 and %q", change, code, shown)
		}
		if _, stdout, _ := f.finish(t, f.command(t.Context(), "show", "plan.json")); !strings.Contains(stdout, shown) {
			t.Errorf("the saved plan does not say %q", shown)
		}
		if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
			t.Errorf("exit code %d", code)
		}
		f.want(t, "cat /srv/lab/data/x", "x\n", "h1")
	}
	if code, stdout, _ := f.run(t, "plan", "--detailed-exitcode"); code != 0 || strings.Contains(stdout, "through a link") {
		t.Errorf("exit code %d: nothing is to be done, so nothing is to be said", code)
	}
	if _, stdout, _ := f.run(t, "plan", "-v"); !strings.Contains(stdout, shown) {
		t.Errorf("-v does not say %q", shown)
	}
	for _, tt := range []struct {
		name, second, want string
		code               int
	}{
		{"with other wishes", `file("/srv/lab/data/z", content = "2\n")`, "/srv/lab/data/z and /srv/lab/www/z (at site.star:1:1) are the same file, and each would undo what the other does", 3},
		{"with equal wishes", `file("/srv/lab/data/z", content = "1\n")`, "/srv/lab/data/z and /srv/lab/www/z (at site.star:1:1) are the same file", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.write(t, "site.star", `file("/srv/lab/www/z", content = "1\n")`+"\n"+tt.second+"\n")
			code, _, stderr := f.run(t, "plan", "-l", "h1")
			if code != tt.code || !strings.Contains(stderr, tt.want) || !strings.Contains(stderr, "declare it once, as /srv/lab/data/z") {
				t.Errorf("exit code %d, want %d and %q", code, tt.code, tt.want)
			}
		})
	}
}

// TestLabPreventDestroyOfADelegate: what a unit protects on the host that it is
// delegated to stays there, whoever would remove it; the host that delegates it is free.
func TestLabPreventDestroyOfADelegate(t *testing.T) {
	const keep = `
def keep(host):
    delegate("h2").file("/srv/lab/data/db", content = "data\n", lifecycle = lifecycle(prevent_destroy = True))
    file("/srv/lab/data/db", content = "own\n")

play("keep", hosts = "h1", do = keep)
`
	f := startSome(t, 2, keep)
	for _, h := range f.hosts[:2] {
		t.Cleanup(func() { h.SSH(t, "rm -rf /srv/lab") })
		h.SSH(t, "mkdir -p /srv/lab/data; ln -s data /srv/lab/alias")
	}
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, tt := range []struct{ name, hosts, unit string }{
		{"by the same unit", "h1", `delegate("h2").file("/srv/lab/data/db", state = "absent")`},
		{"by a directory above", "h1", `delegate("h2").file("/srv/lab", state = "absent", recurse = True)`},
		{"by a link", "h1", `delegate("h2").file("/srv/lab/alias/db", state = "absent")`},
		{"by a link in its place", "h1", `delegate("h2").file("/srv/lab/data/db", state = "link", target = "/etc/motd")`},
		{"by the host itself", "h2", `file("/srv/lab/data/db", state = "absent")`},
		{"by the host itself, from above", "h2", `file("/srv/lab", state = "absent", recurse = True)`},
		{"by its own delegation", "h2", `delegate("h2").file("/srv/lab/data/db", state = "absent")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.write(t, "site.star", "def other(host):\n    "+tt.unit+"\n\nplay(\"other\", hosts = \""+tt.hosts+"\", do = other)\n")
			if code, stdout, _ := f.run(t, "plan"); code != 3 || !strings.Contains(stdout, "protected since") {
				t.Errorf("plan: exit code %d, want 3 and that it is protected", code)
			}
			if code, _, stderr := f.run(t, "apply", "-y"); code != 3 || !strings.Contains(stderr, "protected since") {
				t.Errorf("apply: exit code %d, want 3 and that it is protected", code)
			}
			f.want(t, "cat /srv/lab/data/db", "data\n", "h2")
		})
	}
	t.Run("what is free", func(t *testing.T) {
		f.write(t, "site.star", "def free(host):\n    file(\"/srv/lab/data/db\", state = \"absent\")\n\nplay(\"free\", hosts = \"h1\", do = free)\n")
		if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
			t.Errorf("exit code %d: nothing on h1 is protected", code)
		}
		f.want(t, "cat /srv/lab/data/db", "data\n", "h2")
		f.want(t, "ls /srv/lab/data", "", "h1")
	})
}
