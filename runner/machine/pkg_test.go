package machine

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// fakeRoot makes a machine with system files as they are given.
func fakeRoot(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		performtest.Put(t, path, text, 0o600)
	}
	m := newAt(root+"/", 200*time.Millisecond)
	t.Cleanup(m.Close)
	return m
}

const debianRelease = "ID=debian\n"

const dpkgStatus = `Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
`

func TestPackages(t *testing.T) {
	m := fakeRoot(t, map[string]string{"etc/os-release": debianRelease, "var/lib/dpkg/status": dpkgStatus})
	got := performtest.Do(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "dpkg"}, {Name: "gone"}, {Name: "libc6"}, {Name: "libc6:i386"}}}})
	want := op.Result{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{
		{Name: "dpkg", Version: "1.21.22", Status: op.PkgInstalled},
		{Name: "gone", Status: op.PkgConfig},
		{Name: "libc6"},
		{Name: "libc6:i386", Version: "2.36-9", Status: op.PkgInstalled},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	got = performtest.Do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}})
	manifest := &op.PkgManifest{Manager: "apt", Packages: map[string]string{"dpkg": "1.21.22", "libc6:i386": "2.36-9"}}
	if diff := cmp.Diff(manifest, got.Facts.PkgManifest); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNoManager(t *testing.T) {
	tests := []struct{ name, release, want string }{
		{"alpine", "ID=alpine\n", "packages on alpine are managed by apk, which froyo does not support; expected a system with apt, dnf, zypper or pacman"},
		{"unknown", "ID=toaster\n", "packages on toaster are managed by something that froyo does not know; expected a system with apt, dnf, zypper or pacman"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := fakeRoot(t, map[string]string{"etc/os-release": test.release})
			e := performtest.Refused(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "a"}}}}, "nomanager")
			if e.Message != test.want {
				t.Errorf("got %q, want %q", e.Message, test.want)
			}
			_ = performtest.Refused(t, m, op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}}}}, "nomanager")
			got := performtest.Do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}})
			if diff := cmp.Diff(&op.PkgManifest{Packages: map[string]string{}}, got.Facts.PkgManifest); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNoStatus(t *testing.T) {
	m := fakeRoot(t, map[string]string{"etc/os-release": debianRelease})
	_ = performtest.Refused(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "a"}}}}, "enoent")
}

// TestSomeFacts holds that namespaces come together, and those alone that were asked for.
func TestSomeFacts(t *testing.T) {
	m := fakeRoot(t, nil)
	got := performtest.Do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"net.ifaces", "svc.units"}}}).Facts
	if got.NetIfaces == nil || got.SvcUnits == nil || got.OSBasic != nil || got.HWCPU != nil {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(&op.SvcUnits{Units: map[string]op.SvcUnit{}}, got.SvcUnits); diff != "" {
		t.Errorf("without systemd (-want +got):\n%s", diff)
	}
}
