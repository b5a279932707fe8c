package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestLabFactsOfMany collects facts of hosts of which one's own program hangs: the others tell all, and that host all but what
// the program tells. What is told is what the hosts' own programs say, and selects hosts.
func TestLabFactsOfMany(t *testing.T) {
	f := start(t, 3)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "froyo.cue", "")
	f.write(t, "facts/app.cue", "@command(\"/srv/lab/facts\")\n@deadline(\"2s\")\nversion: string\nport: int & >0\n")
	f.write(t, "facts/motd.cue", "@ttl(\"1h\")\nlines: int & >=0\nkernel: string\n")
	f.write(t, "facts/motd.star", "def collect(host):\n    text = host.read(\"/etc/passwd\")\n    return {\"lines\": len(text.splitlines()), \"kernel\": host.facts.os.basic.kernel}\n")
	f.each(t, `mkdir -p /srv/lab; printf '#!/bin/sh\necho "{\\"version\\":\\"$(hostname)\\",\\"port\\":80}"\n' >/srv/lab/facts; chmod +x /srv/lab/facts`)
	f.hosts[1].SSH(t, `printf '#!/bin/sh\nexec sleep 600\n' >/srv/lab/facts`)

	code, out, errs := f.run(t, "facts", "collect", "--json")
	if code != 3 || !strings.Contains(errs, "facts app: exec /srv/lab/facts did not end within 2s") {
		t.Errorf("code %d, want 3 and the fact that was not told", code)
	}
	var told struct {
		Hosts []struct {
			Host  string
			Facts map[string]struct {
				Values map[string]any
				Error  string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || len(told.Hosts) != len(f.hosts) {
		t.Fatalf("%d hosts, %v", len(told.Hosts), err)
	}
	for i, h := range told.Hosts {
		for name, fact := range h.Facts {
			if hangs := i == 1 && name == "app"; (fact.Error != "") != hangs {
				t.Errorf("%s: %s: %q", h.Host, name, fact.Error)
			}
		}
		if len(h.Facts) != 14 {
			t.Errorf("%s: %d namespaces", h.Host, len(h.Facts))
		}
		want := f.hosts[i].SSH(t, `free -b | awk '/^Mem:/ { print $2 }'; wc -l < /etc/passwd; awk '/^btime/ { print $2 }' /proc/stat; systemd-detect-virt; df -B1 --output=size / | tail -1`)
		size := "none"
		for _, m := range h.Facts["fs.mounts"].Values["mounts"].([]any) {
			if m := m.(map[string]any); m["target"] == "/" {
				size = fmt.Sprintf("%.0f", m["size"])
			}
		}
		v := func(namespace, field string) any { return h.Facts[namespace].Values[field] }
		got := fmt.Sprintf("%.0f\n%.0f\n%.0f\n%v\n%s\n", v("hw.memory", "total"), v("motd", "lines"), v("time", "boot"), v("virt", "kind"), size)
		if got != want {
			t.Errorf("%s tells %q, its programs %q", h.Host, got, want)
		}
	}

	// What is kept selects hosts; of the one that did not tell it is asked again, and it is named.
	third := f.hosts[2].Name
	code, out, _ = f.run(t, "facts", "collect", "os.basic", "-l", "!"+f.hosts[1].Name, "--where", `app.port == 80 and name == "`+third+`" and motd.lines > 3`)
	if code != 0 || !strings.Contains(out, third+"  ") || strings.Contains(out, f.hosts[0].Name+" ") {
		t.Errorf("code %d, selected\n%s", code, out)
	}
	if code, _, errs = f.run(t, "facts", "collect", "os.basic", "--where", "app.port == 80"); code == 0 || !strings.Contains(errs, f.hosts[1].Name+": facts app of") {
		t.Errorf("code %d: a host whose facts are not known is not named", code)
	}

	// A plan of the hosts that were found is of these.
	f.write(t, "site.star", "def web(host):\n    file(\"/srv/lab/marked\", content = host.facts.app.version + \"\\n\")\n\nplay(\"web\", do = web)\n")
	where := []string{"-l", "!" + f.hosts[1].Name, "--where", `app.version == "host2" or name == "` + third + `"`}
	if code, out, _ = f.run(t, append([]string{"plan", "--out", "saved.json"}, where...)...); code != 0 || strings.Contains(out, f.hosts[0].Name) {
		t.Fatalf("code %d\n%s", code, out)
	}
	if code, _, _ = f.finish(t, f.command(t.Context(), "apply", "-y", "--plan", "saved.json")); code != 0 {
		t.Fatalf("code %d", code)
	}
	marked := strings.Join(f.each(t, "cat /srv/lab/marked 2>/dev/null || echo none"), "")
	if want := "none\nnone\n" + f.hosts[2].SSH(t, "hostname"); marked != want {
		t.Errorf("marked are %q, want %q", marked, want)
	}

	// What changes is told.
	f.hosts[0].SSH(t, "useradd -r labfacts")
	t.Cleanup(func() { f.hosts[0].SSH(t, "userdel labfacts") })
	if code, out, _ = f.run(t, "facts", "diff", f.hosts[0].Name, "--detailed-exitcode"); code != 2 || !strings.Contains(out, "+ users.users.labfacts\n") || !strings.Contains(out, "+ users.groups.labfacts\n") {
		t.Errorf("code %d\n%s", code, out)
	}
	f.clean(t)
}
