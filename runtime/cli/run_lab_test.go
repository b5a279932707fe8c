package cli_test

import (
	"os"
	"strings"
	"testing"
)

const runSite = `
def mark(host, text, times):
    file("/srv/lab/mark", content = text * times + "\n")
    cmd("cat /srv/lab/mark", changed_when = False)

action("mark", do = mark, params = {"text": "string", "times": "int & >0 | *2"})
`

// TestLabRun does single things on hosts without a runbook: commands, packages, probes, questions and an action.
func TestLabRun(t *testing.T) {
	f := start(t, 3)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.each(t, "mkdir -p /srv/lab; rm -f /srv/lab/*; echo same >/srv/lab/word; apt-get remove -qq -y jq >/dev/null 2>&1 || true")
	f.hosts[1].SSH(t, "echo other >/srv/lab/word")
	if err := os.Remove(f.dir + "/site.star"); err != nil {
		t.Fatal(err)
	}
	said := func(want int, words []string, wanted ...string) {
		t.Helper()
		code, out, errs := f.run(t, append([]string{"run"}, words...)...)
		if code != want {
			t.Errorf("froyo run %s: exit code %d, want %d", strings.Join(words, " "), code, want)
		}
		for _, w := range wanted {
			if !strings.Contains(out+errs, w) {
				t.Errorf("froyo run %s: it does not say %q", strings.Join(words, " "), w)
			}
		}
	}
	one, two, three := f.hosts[0].Name, f.hosts[1].Name, f.hosts[2].Name
	both := "2 hosts: h[" + one[1:] + "," + three[1:] + "]"
	said(0, []string{"cmd", "cat /srv/lab/word", "-y"}, both+"\n  same\n"+two+"\n  other\n")
	said(3, []string{"cmd", "grep same /srv/lab/word", "-y"}, both+"\n  same\n", "exit code 1", "fix the cause, then: froyo resume")
	said(0, []string{"pkg", "jq", "-y"}, "pkg[jq]", "changed=1")
	said(0, []string{"pkg", "jq", "-y"}, "No changes.")
	said(0, []string{"probe_tcp", "127.0.0.1", "port=22", "via=host", "contains=SSH-2.0-", "-y"}, "failed=0")
	said(0, []string{"find", "/srv/lab"}, both, "  /srv/lab/word  file  0644")
	said(0, []string{"read", "/srv/lab/word"}, both+"\n  same\n"+two+"\n  other\n")
	said(1, []string{"cmd", "touch /srv/lab/wrong", "-y", "-l", one + ":!" + one}, "no host is left")
	said(1, []string{"cmd", "touch /srv/lab/wrong", "-y", "-l", "nothing"}, "no host or group is named")
	said(1, []string{"file", "/srv/lab/wrong", "conten=x", "-y"}, "did you mean content?")
	f.write(t, "site.star", runSite)
	said(0, []string{"mark", "text=ab", "-y", "-l", two}, "play mark", "changed=1")
	said(0, []string{"mark", "text=ab", "-C"}, "on 2 hosts")
	said(1, []string{"mark", "text=ab", "times=none", "-y"}, "want int & >0")
	if got := f.each(t, "cat /srv/lab/mark 2>/dev/null; ls /srv/lab/wrong 2>/dev/null || true"); strings.TrimSpace(got[0]+got[2]) != "" || strings.TrimSpace(got[1]) != "abab" {
		t.Errorf("the hosts have %q", got)
	}
}
