package fleet

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
)

// TestCollectAsPrograms holds what is told of this machine to what its own programs say.
func TestCollectAsPrograms(t *testing.T) {
	c, h := localPool(t), &inventory.Host{Name: "h1"}
	told, err := c.Collect(t.Context(), h, facts.All())
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range facts.All() {
		if told[i].Err != nil {
			t.Errorf("%s: %v", n.Name, told[i].Err)
		}
	}
	set := c.Known(h)
	programs := []struct {
		name, shell string
		got         any
	}{
		{"total memory", "free -b | awk '/^Mem:/ { print $2 }'", set["hw.memory"]["total"]},
		{"swap", "free -b | awk '/^Swap:/ { print $2 }'", set["hw.memory"]["swap"]},
		{"size of /", "df -B1 --output=size / | tail -1", mountOf(t, set, "/")["size"]},
		{"type of /", "stat -f -c %T / | sed 's/ext2.ext3/ext4/; s/overlayfs/overlay/'", mountOf(t, set, "/")["fstype"]},
		{"shell of root", "getent passwd root | cut -d: -f7", set["users"]["users"].(map[string]any)["root"].(map[string]any)["shell"]},
		{"users", "grep -c . /etc/passwd", int64(len(set["users"]["users"].(map[string]any)))},
		{"groups", "grep -c . /etc/group", int64(len(set["users"]["groups"].(map[string]any)))},
		{"boot", "awk '/^btime/ { print $2 }' /proc/stat", set["time"]["boot"]},
		{"default route", "awk '$2 == \"00000000\" { print $1; exit }' /proc/net/route", routeOf(set)},
	}
	for _, p := range programs {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", p.shell).Output()
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		want, got := strings.TrimSpace(string(out)), ""
		switch v := p.got.(type) {
		case int64:
			got = strconv.FormatInt(v, 10)
		case string:
			got = v
		}
		if got != want {
			t.Errorf("%s: told %q, the program says %q", p.name, got, want)
		}
	}
	if skew := set["time"]["skew"]; skew != int64(0) {
		t.Errorf("the clock of this machine is told to differ from its own by %v s", skew)
	}
}

func mountOf(t *testing.T, set facts.Set, target string) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, m := range set["fs.mounts"]["mounts"].([]any) {
		if m := m.(map[string]any); m["target"] == target {
			found = m
		}
	}
	return found
}

// routeOf is the interface of the first default route of IPv4.
func routeOf(set facts.Set) string {
	for _, r := range set["net.routes"]["routes"].([]any) {
		if r := r.(map[string]any); r["destination"] == "default" && r["family"] == "ipv4" {
			return r["iface"].(string)
		}
	}
	return ""
}

// TestOneNamespaceFails: a program that hangs costs the facts that it tells, and no others.
func TestOneNamespaceFails(t *testing.T) {
	program := t.TempDir() + "/facts"
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	r, err := facts.Read(fstest.MapFS{"facts/app.cue": {Data: []byte("@command(\"" + program + "\")\n@deadline(\"300ms\")\nversion: string\n")}})
	if err != nil {
		t.Fatal(err)
	}
	c, h := localPool(t), &inventory.Host{Name: "h1"}
	if err := c.ready(t, h); err != nil {
		t.Fatal(err)
	}
	trips := c.trips()
	told, err := c.Collect(t.Context(), h, []*facts.Namespace{r.Lookup("app"), facts.Lookup("hw.memory"), facts.Lookup("virt")})
	if err != nil {
		t.Fatal(err)
	}
	if told[0].Err == nil || !strings.Contains(told[0].Err.Error(), "did not end within 300ms") {
		t.Errorf("got %v", told[0].Err)
	}
	if told[1].Values == nil || told[1].Err != nil || told[2].Values == nil {
		t.Errorf("others were lost: %v, %v", told[1], told[2])
	}
	if got := c.trips() - trips; got != 1 {
		t.Errorf("%d round trips, want 1", got)
	}
}
