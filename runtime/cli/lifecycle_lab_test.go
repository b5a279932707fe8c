package cli_test

import (
	"strings"
	"testing"
)

// TestLabPreventDestroy: what one host protects outlives the block that said so.
func TestLabPreventDestroy(t *testing.T) {
	f := startAll(t, `
def web(host):
    file("/srv/lab", state = "directory")
    file("/srv/lab/db", content = "data\n", lifecycle = lifecycle(prevent_destroy = host.name == "h1"))

play("web", hosts = "h1:h2", do = web)
`)
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, tt := range []struct{ name, runbook string }{
		{"the file", `file("/srv/lab/db", state = "absent")`},
		{"the directory above", `file("/srv/lab", state = "absent", recurse = True)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.write(t, "site.star", tt.runbook+"\n")
			if code, stdout, _ := f.run(t, "plan", "-l", "h1"); code != 3 || !strings.Contains(stdout, "which is protected since") {
				t.Errorf("plan: exit code %d, want 3 and what is protected", code)
			}
			code, stdout, stderr := f.run(t, "apply", "-y", "-l", "h1:h2")
			if code != 3 || !strings.Contains(stderr, "which is protected since") || !strings.Contains(stderr, "(prevent_destroy at site.star:4:5)") ||
				!strings.Contains(stderr, "froyo state protections drop 'h1/file[/srv/lab/db]'") {
				t.Errorf("apply: exit code %d, want 3, who protected it and how to lift that", code)
			}
			f.recap(t, stdout, "failed=1", "h1")
			f.recap(t, stdout, "failed=0", "h2")
			f.want(t, "cat /srv/lab/db", "data\n", "h1")
			f.want(t, "ls /srv/lab/db 2>/dev/null; true", "", "h2")
		})
	}
	if code, _, _ := f.finish(t, f.command(t.Context(), "state", "protections", "drop", "-y", "h1/file[/srv/lab/db]")); code != 0 {
		t.Errorf("drop: exit code %d", code)
	}
	f.write(t, "site.star", `file("/srv/lab/db", state = "absent")`+"\n")
	if code, _, _ := f.run(t, "apply", "-y", "-l", "h1"); code != 0 {
		t.Errorf("once that is lifted: exit code %d", code)
	}
	f.want(t, "ls /srv/lab", "", "h1")
	f.clean(t)
}

// TestLabIgnoreChanges: a content that was changed by hand stays, and the mode is corrected.
func TestLabIgnoreChanges(t *testing.T) {
	f := startAll(t, `
def web(host):
    file("/srv/lab", state = "directory")
    file("/srv/lab/settings", content = "as wanted\n", mode = "0640", lifecycle = lifecycle(ignore_changes = ["content"]))

play("web", hosts = "h1:h2:h3", do = web)
`)
	const look = "cd /srv/lab && stat -c %a settings && cat settings"
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	f.want(t, look, "640\nas wanted\n", "h1", "h2", "h3")
	f.hosts[0].SSH(t, "echo by hand >/srv/lab/settings")
	if code, stdout, _ := f.run(t, "plan", "--detailed-exitcode", "-v"); code != 0 || !strings.Contains(stdout, "on h1  (ignored: content)") {
		t.Errorf("exit code %d: the plan is not empty, or does not say what is ignored", code)
	}
	f.hosts[0].SSH(t, "chmod 0666 /srv/lab/settings")
	f.hosts[1].SSH(t, "rm /srv/lab/settings")
	code, stdout, _ := f.run(t, "apply", "-y")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	f.recap(t, stdout, "changed=1 ", "h1", "h2")
	f.recap(t, stdout, "changed=0 ", "h3")
	f.want(t, look, "640\nby hand\n", "h1")
	f.want(t, look, "640\nas wanted\n", "h2", "h3")
	f.clean(t)
}
