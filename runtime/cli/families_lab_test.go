package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runtime/wire"
)

// otherwise are types that the runbook of all families has no unit of, with why.
var otherwise = map[string]string{
	"locale":   "building one takes a minute; TestLabSystem",
	"yum_repo": "the host has no dnf; TestLabPackageManagers",
	"download": "the host has nowhere to download from; TestLabTransfer",
	"npm":      "TestLabLanguages",
	"check":    "it is no unit of a host",

	"pip_requirements": "TestLabLanguages",
}

// TestLabFamilies converges a host by one runbook of more than 120 units of all families, and then has nothing to do there.
func TestLabFamilies(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	h.Reset(t)
	t.Cleanup(func() { h.Reset(t) })
	f.trust(t)
	f.copy(t, "testdata/families")
	_, listed, _ := f.run(t, "plan", "--list-units")
	if n := strings.Count(listed, "site.star:"); n < 120 {
		t.Errorf("%d units, expected 120 at least", n)
	}
	for _, typ := range types(t) {
		used := regexp.MustCompile(`(?m)[ /]` + typ + `\[`).MatchString(listed)
		if why := otherwise[typ]; used == (why != "") {
			t.Errorf("%s: in the runbook %v, and that it is not, since %q", typ, used, why)
		}
	}
	apply := func() (string, time.Duration) {
		t.Helper()
		began := time.Now()
		code, stdout, stderr := f.run(t, "apply", "-y")
		if code != 0 {
			t.Fatalf("apply: exit code %d\n%s%s", code, stdout, stderr)
		}
		return stdout, time.Since(began)
	}
	_, first := apply()
	if code, stdout, stderr := f.run(t, "plan", "--detailed-exitcode"); code != 0 {
		t.Errorf("the second plan is not empty: exit code %d\n%s%s", code, stdout, stderr)
	}
	stdout, second := apply()
	if !strings.Contains(stdout, "changed=0 ") {
		t.Errorf("the second apply changes something\n%s", stdout)
	}
	t.Logf("converged in %s, nothing to do in %s", first.Round(time.Millisecond), second.Round(time.Millisecond))
}

// copy puts what is in a directory into the workspace.
func (f *froyo) copy(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.Remove(filepath.Join(f.dir, "site.star")), os.CopyFS(f.dir, os.DirFS(dir))); err != nil {
		t.Fatal(err)
	}
}

// types are the names of all types.
func types(t *testing.T) []string {
	t.Helper()
	catalog, err := wire.Types(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer catalog.Close(t.Context())
	var names []string
	for _, typ := range catalog.Types() {
		names = append(names, typ.Name)
	}
	if len(names) < len(providers.Names()) {
		t.Fatalf("types %q", names)
	}
	slices.Sort(names)
	return names
}
