package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// TestPackageFile holds that a package's file is nobody else's: its scripts would be run as root.
func TestPackageFile(t *testing.T) {
	m := fakeRoot(t, map[string]string{"etc/os-release": debianRelease, "var/lib/dpkg/status": dpkgStatus})
	dir := t.TempDir()
	file := filepath.Join(dir, "a.deb")
	performtest.Put(t, file, "no package", 0o600)
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, open+"/a.deb", "no package", 0o600)
	performtest.Put(t, dir+"/all.deb", "no package", 0o600)
	for path, mode := range map[string]os.FileMode{open: 0o777, dir + "/all.deb": 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, dir+"/link.deb"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir + "/link.deb": "is a symbolic link",
		open + "/a.deb":   "anyone may write to " + open,
		dir + "/all.deb":  "anyone may write to " + dir + "/all.deb",
		dir:               "is no file that could hold a package",
		dir + "/nothing":  "",
	} {
		r := performtest.Do(t, m, op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "dpkg"}, {Name: "a", File: path}}}})
		said := ""
		if e := r.PkgQuery.Packages[1].Error; e != nil {
			said = e.Message
		}
		if r.PkgQuery.Packages[0].Version != "1.21.22" || r.PkgQuery.Packages[1].Candidate != "" || !strings.Contains(said, want) {
			t.Errorf("%s: %+v, expected %q", path, r.PkgQuery.Packages[1], want)
		}
		if want != "" {
			code := "nopackagefile"
			if path != dir {
				code = op.CodeUnsafe
			}
			simulated := op.Op{PkgEnsure: &op.PkgEnsure{Simulate: true, Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent, File: path}}}}
			if e := performtest.Refused(t, m, simulated, code); !strings.Contains(e.Message, want) {
				t.Errorf("%s: a transaction with it: %v, expected %q", path, e, want)
			}
		}
	}
}
