package ssh_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/ssh/sshconfig"
)

// TestConnectionsPage compares what docs/connections.md says of the options of
// ssh_config with what becomes of them, and finds a case of TestOpenSSH for each row.
func TestConnectionsPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/connections.md")
	if err != nil {
		t.Fatal(err)
	}
	row, name := regexp.MustCompile("(?m)^\\| (`[^|]*`) \\| (kept|asked|ignored|refused) \\|"), regexp.MustCompile("`([A-Za-z0-9]+)`")
	tried := map[string]bool{}
	for _, o := range openSSHOptions {
		names, _, _ := strings.Cut(o.name, ":")
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(names+" "+o.config, -1) {
			tried[strings.ToLower(name)] = true
		}
	}
	want := sshconfig.Options()
	maps.Copy(want, map[string]sshconfig.Effect{"include": sshconfig.Kept, "host": sshconfig.Kept, "match": sshconfig.Asked})
	got := map[string]sshconfig.Effect{}
	for _, r := range row.FindAllStringSubmatch(string(text), -1) {
		var names []string
		for _, n := range name.FindAllStringSubmatch(r[1], -1) {
			names = append(names, strings.ToLower(n[1]))
			got[names[len(names)-1]] = sshconfig.Effect(r[2])
		}
		if !slices.ContainsFunc(names, func(n string) bool { return tried[n] }) {
			t.Errorf("%s: no case of TestOpenSSH", r[1])
		}
		for _, n := range names {
			if r[2] != "ignored" && !tried[n] {
				t.Errorf("%s: no case of TestOpenSSH", n)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the page says (+) and what is so (-):\n%s", diff)
	}
}
