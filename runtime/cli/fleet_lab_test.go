package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// startAll takes five hosts, as root, with known keys.
func startAll(t *testing.T, runbook string) *froyo {
	t.Helper()
	return startSome(t, 5, runbook)
}

// startSome takes some hosts, likewise.
func startSome(t *testing.T, n int, runbook string) *froyo {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", cache) // guests are compiled once for all tests
	f := start(t, n)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "site.star", runbook)
	return f
}

// begin starts an apply in the background.
func (f *froyo) begin(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := f.command(t.Context(), append([]string{"apply", "-y", "-i", "hosts.ini"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// appears waits until a file is there on each of the hosts.
func (f *froyo) appears(t *testing.T, path string, hosts ...labtest.Host) {
	t.Helper()
	on(t, "for i in $(seq 1500); do [ -e "+path+" ] && exit; sleep 0.02; done; exit 1", hosts)
}

// want expects a script to print a text on each of the hosts that are named.
func (f *froyo) want(t *testing.T, script, text string, hosts ...string) {
	t.Helper()
	named := f.named(hosts)
	for i, got := range on(t, script, named) {
		if got != text {
			t.Errorf("%s: %s prints %q, want %q", named[i].Name, script, got, text)
		}
	}
}

// named are the hosts of some names, in the lab's order.
func (f *froyo) named(names []string) []labtest.Host {
	return slices.DeleteFunc(slices.Clone(f.hosts), func(h labtest.Host) bool { return !slices.Contains(names, h.Name) })
}

// recap expects the recap's line of each of the hosts that are named to match.
func (f *froyo) recap(t *testing.T, stdout, counts string, hosts ...string) {
	t.Helper()
	for _, name := range hosts {
		if !regexp.MustCompile(`(?m)^` + name + ` +: .*` + counts).MatchString(stdout) {
			t.Errorf("%s: want %s in the recap", name, counts)
		}
	}
}

// numbers reads times that hosts noted.
func numbers(t *testing.T, text string) []int64 {
	t.Helper()
	var all []int64
	for field := range strings.FieldsSeq(text) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}
