package cli_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestLabOneHostAlone has the first host hold what no plan can be made of, and
// what takes for ever to read: it fails alone, or is done like the other, which converges.
func TestLabOneHostAlone(t *testing.T) {
	f := startSome(t, 2, `
def web(host):
    file("/srv/lab", state = "directory")
    file("/srv/lab/big", content = "small\n")
    file("/srv/lab/answer", content = host.read("/srv/in/text").strip())

play("web", hosts = "all", do = web)
`)
	h1, h2 := f.hosts[0], f.hosts[1]
	t.Cleanup(func() { f.each(t, "rm -rf /srv/in") })
	f.each(t, "mkdir -p /srv/in /srv/lab; echo fine >/srv/in/text")
	// A user's own sparse file of 7 TB at a path that is managed.
	h1.SSH(t, "truncate -s 7T /srv/lab/big; chown ops: /srv/lab /srv/lab/big")
	for _, tt := range []struct{ name, do, says string }{
		{"missing", "rm /srv/in/text", "None has no .strip"},
		{"a directory", "mkdir /srv/in/text", "host.read: /srv/in/text is not a regular file"},
		{"no text", "rmdir /srv/in/text; printf '\\377' >/srv/in/text", "host.read: /srv/in/text: the content is not UTF-8 text"},
		{"too large", "truncate -s 7T /srv/in/text", "host.read: /srv/in/text has 7696581394432 bytes, the limit is 1048576"},
	} {
		h1.SSH(t, tt.do)
		h2.SSH(t, "rm -rf /srv/lab")
		began := time.Now()
		code, stdout, stderr := f.run(t, "apply", "-y")
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: the fleet took %s", tt.name, took)
		}
		line := regexp.MustCompile(`site.star:5:\d+: ` + h1.Name + ": " + regexp.QuoteMeta(tt.says))
		if code != 3 || !line.MatchString(stderr) {
			t.Errorf("%s: exit code %d, want 3 and %s", tt.name, code, line)
		}
		f.recap(t, stdout, "unreachable=0 +failed=1", h1.Name)
		f.recap(t, stdout, "unreachable=0 +failed=0", h2.Name)
		f.want(t, "cat /srv/lab/big /srv/lab/answer", "small\nfine", h2.Name)
	}
	// The sparse file itself is no trouble: it differs, and is replaced.
	h1.SSH(t, "rm /srv/in/text; echo fine >/srv/in/text")
	code, stdout, _ := f.run(t, "apply", "-y")
	if code != 0 || !strings.Contains(stdout, "7696581394432 bytes, not read → 6 bytes sha256:") {
		t.Errorf("exit code %d", code)
	}
	f.want(t, "cat /srv/lab/big /srv/lab/answer", "small\nfine", h1.Name, h2.Name)
}
