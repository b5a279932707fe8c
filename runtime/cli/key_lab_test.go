package cli_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestLabKeyRotate: a key gets a successor on three hosts. As long as one of them is down the old one stays on all; then the new one,
// by which each has let froyo in, is the only one.
func TestLabKeyRotate(t *testing.T) {
	f := start(t, 3)
	f.trust(t)
	run := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return f.finish(t, f.command(t.Context(), args...))
	}
	if code, _, _ := run("init"); code != 0 {
		t.Fatal("there is no workspace")
	}
	_, old, _ := run("key", "new", "web")
	old = strings.TrimSpace(old)
	t.Cleanup(func() {
		f.each(t, "cd /root/.ssh && cp authorized_keys k && sed '/froyo:web$/d' k >authorized_keys; rm -f k")
	})
	f.each(t, "echo '"+old+"' >>/root/.ssh/authorized_keys")
	var hosts strings.Builder
	for _, h := range f.hosts {
		fmt.Fprintf(&hosts, "hosts: %s: {address: %q, user: \"root\", privateKey: key: \"web\"}\n", h.Name, h.Addr)
	}
	f.write(t, "inventory.cue", hosts.String())
	have := func(what string, n int, line, not string) {
		t.Helper()
		for i, said := range on(t, "grep froyo:web$ /root/.ssh/authorized_keys; true", f.hosts[:n]) {
			if !strings.Contains(said, line) || not != "" && strings.Contains(said, not) {
				t.Errorf("%s: %s has %q", what, f.hosts[i].Name, said)
			}
		}
	}

	down := f.hosts[2]
	down.Cut(t)
	code, out, errs := run("key", "rotate", "web", "-y", "--timeout", "3")
	if code != 4 || !strings.Contains(errs, "the rotation of web is unfinished: the new key has not taken its place; the old one stays on every host; both are kept") ||
		!strings.Contains(errs, "froyo key rotate web") || !strings.Contains(errs, down.Name) {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	down.Join(t)
	if code, out, _ := run("key", "list"); code != 0 || !strings.Contains(out, "its rotation is unfinished") {
		t.Errorf("%s", out)
	}
	if _, line, _ := run("key", "export", "web"); strings.TrimSpace(line) != old {
		t.Errorf("the key is %q, was %q", line, old)
	}
	have("unfinished", 3, old, "")
	for i, said := range on(t, "grep -c froyo:web$ /root/.ssh/authorized_keys; true", f.hosts) {
		if want := []string{"2", "2", "1"}[i]; strings.TrimSpace(said) != want {
			t.Errorf("%s has %s keys, want %s", f.hosts[i].Name, said, want)
		}
	}

	code, out, errs = run("key", "rotate", "web", "-y")
	if code != 0 || !strings.Contains(errs, "3 hosts let froyo in") || !strings.Contains(errs, "the old key is gone, here and on the hosts") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	_, line, _ := run("key", "export", "web")
	have("finished", 3, strings.TrimSpace(line), old)
	if code, out, _ := run("inventory", "check"); code != 0 {
		t.Errorf("the new key does not let in: %s", out)
	}
	for _, text := range []string{out, errs} {
		if strings.Contains(text, "PRIVATE") {
			t.Error("a key is shown")
		}
	}
}
