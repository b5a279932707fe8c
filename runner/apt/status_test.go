package apt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

const status = `Package: dpkg
Essential: yes
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: nginx
Status: install ok installed
Architecture: amd64
Version: 1.22.1-9
Description: small, powerful, scalable web/proxy server
 Version: 9.9
 .
 Status: purge

Package: libc6
Status: hold ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-8

Package: libi386only
Status: install ok installed
Architecture: i386
Version: 1

Package: tzdata
Status: install ok triggers-pending
Architecture: all
Version: 2024a-0

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 3

Package: selected
Status: hold ok not-installed
Architecture: amd64

Package: unpacked
Status: install ok unpacked
Architecture: all
Version: 1.0

Package: again
Status: install reinstreq installed
Architecture: all
Version: 1.0

Package: -evil
Status: install ok installed
Version: 1

Package: evil
Status: install ok installed
Version: 1 && reboot

`

// newRoot returns a host's root with a status file and the journal beside it.
func newRoot(t testing.TB, status string, updates ...string) string {
	t.Helper()
	root := t.TempDir() + "/"
	write(t, root+statusFile, status)
	for n, text := range updates {
		write(t, root+updatesDir+"/000"+itoa(n), text)
	}
	return root
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	db, err := New(Host{Root: newRoot(t, status)}).installed()
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		version, status string
		held            bool
	}
	tests := []struct {
		name string
		want found
	}{
		{"nginx", found{"1.22.1-9", op.PkgInstalled, false}},
		{"nginx:amd64", found{"1.22.1-9", op.PkgInstalled, false}},
		{"nginx:i386", found{}},
		{"libc6", found{"2.36-9", op.PkgInstalled, true}},
		{"libc6:i386", found{"2.36-8", op.PkgInstalled, false}},
		{"libi386only", found{}},
		{"libi386only:any", found{"1", op.PkgInstalled, false}},
		{"tzdata", found{"2024a-0", op.PkgInstalled, false}},
		{"tzdata:amd64", found{"2024a-0", op.PkgInstalled, false}},
		{"tzdata:i386", found{}},
		{"removed", found{"", op.PkgConfig, false}},
		{"selected", found{}},
		{"unpacked", found{"1.0", op.PkgBroken, false}},
		{"again", found{"1.0", op.PkgBroken, false}},
		{"evil", found{}},
		{"nothing", found{}},
		{"", found{}},
		{":", found{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, _ := db.find(test.name)
			if got := (found{e.installedVersion(), e.status, e.held}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	if db.interrupted {
		t.Error("there is no journal, but dpkg is said to be interrupted")
	}
}

func TestParseOddStatus(t *testing.T) {
	entryOf := func(name string) string {
		return "Package: " + name + "\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
	}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", nil},
		{"no empty line at the end", entryOf("a") + "\n" + entryOf("b"), []string{"a", "b"}},
		{"cut off within a line", entryOf("a") + "\n" + strings.TrimSuffix(entryOf("b"), "l\n"), []string{"a"}},
		{"cut off within a long line", entryOf("a") + "\n" + entryOf("b") + "X: " + strings.Repeat("x", 1<<17), []string{"a"}},
		{"long line", entryOf("a") + "Conffiles: " + strings.Repeat("x", 1<<17) + "\n\n" + entryOf("b"), []string{"a", "b"}},
		{"line as long as the buffer", entryOf("a") + strings.Repeat("P", 1<<16-1) + "\n\n" + entryOf("b"), []string{"a", "b"}},
		{"long name", entryOf(strings.Repeat("x", 1<<10)) + "\n" + entryOf("b"), []string{"b"}},
		{"empty lines", "\n\n\n" + entryOf("a") + "\n\n\n\n" + entryOf("b") + "\n\n", []string{"a", "b"}},
		{"padding", entryOf("a") + strings.Repeat("#padding\n", 1000), []string{"a"}},
		{"binary", "\x00\xff\n\x80\n" + entryOf("a"), []string{"a"}},
		{"twice, the last counts", entryOf("a") + "\nPackage: a\nStatus: deinstall ok not-installed\nArchitecture: all\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := &database{entries: map[string][]entry{}}
			if err := db.parse(strings.NewReader(test.text)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range []string{"a", "b"} {
				if e, ok := db.find(name); ok && e.version == "1" {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if db.count != len(got) {
				t.Errorf("%d entries are counted, want %d", db.count, len(got))
			}
		})
	}
}

func TestStatusBounds(t *testing.T) {
	var b strings.Builder
	for n := range maxEntries + 1 {
		b.WriteString("Package: p" + itoa(n) + "\nStatus: install ok installed\n\n")
	}
	a := New(Host{Root: newRoot(t, b.String())})
	if _, err := a.installed(); err == nil || !strings.Contains(err.Error(), "has more than 200000 packages") {
		t.Errorf("error %v, want too many packages", err)
	}
}

// TestJournal reads what dpkg has done since it wrote the status file.
func TestJournal(t *testing.T) {
	root := newRoot(t, status,
		"Package: nginx\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 1.24.0-1\n#padding\n",
		"Package: new\nStatus: install ok installed\nArchitecture: all\nVersion: 5\n")
	write(t, root+updatesDir+"/tmp.i", "Package: libc6\nStatus: purge ok not-installed\nArchitecture: amd64\n")
	db, err := New(Host{Root: root}).installed()
	if err != nil {
		t.Fatal(err)
	}
	if !db.interrupted {
		t.Error("there is a journal, but dpkg is not said to be interrupted")
	}
	nginx, _ := db.find("nginx")
	fresh, _ := db.find("new")
	libc, _ := db.find("libc6")
	if nginx.status != op.PkgBroken || nginx.version != "1.24.0-1" || fresh.version != "5" || libc.status != op.PkgInstalled {
		t.Errorf("got %+v, %+v and %+v", nginx, fresh, libc)
	}
}

// TestReadOnce reads the files again where they have changed, and only there.
func TestReadOnce(t *testing.T) {
	root := newRoot(t, status)
	a := New(Host{Root: root})
	read := func() *database {
		db, err := a.installed()
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	first := read()
	if read() != first {
		t.Error("it was read again though nothing changed")
	}
	write(t, root+statusFile+"-new", strings.Replace(status, "1.22.1-9", "1.22.1-8", 1)) // as long as before
	if err := os.Rename(root+statusFile+"-new", root+statusFile); err != nil {
		t.Fatal(err)
	}
	if e, _ := read().find("nginx"); e.version != "1.22.1-8" {
		t.Errorf("after a change nginx is %s, want 1.22.1-8", e.version)
	}
	write(t, root+updatesDir+"/0000", "Package: nginx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n")
	if e, _ := read().find("nginx"); e.version != "2" {
		t.Errorf("after an entry in the journal nginx is %s, want 2", e.version)
	}
	if err := os.Remove(root + statusFile); err != nil {
		t.Fatal(err)
	}
	if _, err := a.installed(); err == nil {
		t.Error("without a status file there is no error")
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(status)
	f.Add("Package: a\nStatus: install ok installed\nVersion: 1\n")
	f.Add("Package: a\n#\n\n\nStatus")
	f.Fuzz(func(t *testing.T, text string) {
		db := &database{entries: map[string][]entry{}}
		if err := db.parse(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		count := 0
		for name, entries := range db.entries {
			count += len(entries)
			for _, e := range entries {
				if e.name != name || !word(name) || strings.Contains(name, ":") || e.version != "" && !word(e.version) || e.status == "" {
					t.Errorf("entry %+v below %q", e, name)
				}
			}
		}
		if count != db.count {
			t.Errorf("%d entries, counted are %d", count, db.count)
		}
	})
}

// BenchmarkQuery asks for ten installed packages: of a status file that has not
// changed, and of one that must be read. FROYO_STATUS names a file to use.
func BenchmarkQuery(b *testing.B) {
	text := status
	for n := range 250 {
		text += "Package: p" + itoa(n) + "\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1." + itoa(n) +
			"\nDepends: libc6 (>= 2.34), zlib1g\nDescription: one of many\n" + strings.Repeat(" words words words words\n", 12) + "\n"
	}
	if path := os.Getenv("FROYO_STATUS"); path != "" {
		own, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		text = string(own)
	}
	a := New(Host{Root: newRoot(b, text)})
	q := &op.PkgQuery{}
	for _, name := range []string{"dpkg", "libc6", "tzdata", "bash", "coreutils", "sed", "grep", "tar", "gzip", "zlib1g"} {
		q.Packages = append(q.Packages, op.PkgAsk{Name: name})
	}
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.Query(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			a.known = nil
			if _, err := a.Query(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}
