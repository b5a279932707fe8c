package machine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

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
	got := do(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "dpkg"}, {Name: "gone"}, {Name: "libc6"}, {Name: "libc6:i386"}}}})
	want := op.Result{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{
		{Name: "dpkg", Version: "1.21.22", Status: op.PkgInstalled},
		{Name: "gone", Status: op.PkgConfig},
		{Name: "libc6"},
		{Name: "libc6:i386", Version: "2.36-9", Status: op.PkgInstalled},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	got = do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}})
	manifest := &op.PkgManifest{Manager: "apt", Packages: map[string]string{"dpkg": "1.21.22", "libc6:i386": "2.36-9"}}
	if diff := cmp.Diff(manifest, got.Facts.PkgManifest); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNoManager(t *testing.T) {
	tests := []struct{ name, release, want string }{
		{"alpine", "ID=alpine\n", "packages on alpine are managed by apk, which froyo does not support yet; expected a Debian or one of its kin"},
		{"rocky", "ID=rocky\nID_LIKE=\"rhel centos fedora\"\n", "packages on rocky are managed by dnf, which froyo does not support yet; expected a Debian or one of its kin"},
		{"unknown", "ID=toaster\n", "packages on toaster are managed by something that froyo does not know; expected a Debian or one of its kin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := fakeRoot(t, map[string]string{"etc/os-release": test.release})
			e := refused(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "a"}}}}, "nomanager")
			if e.Message != test.want {
				t.Errorf("got %q, want %q", e.Message, test.want)
			}
			_ = refused(t, m, op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}}}}, "nomanager")
			got := do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"pkg.manifest"}}})
			if diff := cmp.Diff(&op.PkgManifest{Packages: map[string]string{}}, got.Facts.PkgManifest); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNoStatus(t *testing.T) {
	m := fakeRoot(t, map[string]string{"etc/os-release": debianRelease})
	_ = refused(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "a"}}}}, "enoent")
}
