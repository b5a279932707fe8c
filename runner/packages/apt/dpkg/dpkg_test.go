package dpkg

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
)

func TestFind(t *testing.T) {
	db, err := NewReader(dpkgtest.NewRoot(t, dpkgtest.Status)).Installed()
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
			e := db.Find(test.name)
			if got := (found{e.Version, e.Status, e.Held}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	if db.Interrupted {
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
			db := &Database{Entries: map[string][]Entry{}}
			if err := db.parse(strings.NewReader(test.text)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range []string{"a", "b"} {
				if e := db.Find(name); e.Version == "1" {
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
		b.WriteString("Package: p" + strconv.Itoa(n) + "\nStatus: install ok installed\n\n")
	}
	r := NewReader(dpkgtest.NewRoot(t, b.String()))
	if _, err := r.Installed(); err == nil || !strings.Contains(err.Error(), "has more than 200000 packages") {
		t.Errorf("error %v, want too many packages", err)
	}
}

// TestJournal reads what dpkg has done since it wrote the status file.
func TestJournal(t *testing.T) {
	root := dpkgtest.NewRoot(t, dpkgtest.Status,
		"Package: nginx\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 1.24.0-1\n#padding\n",
		"Package: new\nStatus: install ok installed\nArchitecture: all\nVersion: 5\n")
	dpkgtest.Write(t, root+updatesDir+"/tmp.i", "Package: libc6\nStatus: purge ok not-installed\nArchitecture: amd64\n")
	db, err := NewReader(root).Installed()
	if err != nil {
		t.Fatal(err)
	}
	if !db.Interrupted {
		t.Error("there is a journal, but dpkg is not said to be interrupted")
	}
	nginx := db.Find("nginx")
	fresh := db.Find("new")
	libc := db.Find("libc6")
	if nginx.Status != op.PkgBroken || nginx.Version != "1.24.0-1" || fresh.Version != "5" || libc.Status != op.PkgInstalled {
		t.Errorf("got %+v, %+v and %+v", nginx, fresh, libc)
	}
}

// TestReadOnce reads the files again where they have changed, and only there.
func TestReadOnce(t *testing.T) {
	root := dpkgtest.NewRoot(t, dpkgtest.Status)
	r := NewReader(root)
	read := func() *Database {
		db, err := r.Installed()
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	first := read()
	if read() != first {
		t.Error("it was read again though nothing changed")
	}
	dpkgtest.Write(t, root+StatusFile+"-new", strings.Replace(dpkgtest.Status, "1.22.1-9", "1.22.1-8", 1)) // as long as before
	if err := os.Rename(root+StatusFile+"-new", root+StatusFile); err != nil {
		t.Fatal(err)
	}
	if e := read().Find("nginx"); e.Version != "1.22.1-8" {
		t.Errorf("after a change nginx is %s, want 1.22.1-8", e.Version)
	}
	dpkgtest.Write(t, root+updatesDir+"/0000", "Package: nginx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n")
	if e := read().Find("nginx"); e.Version != "2" {
		t.Errorf("after an entry in the journal nginx is %s, want 2", e.Version)
	}
	if err := os.Remove(root + StatusFile); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Installed(); err == nil {
		t.Error("without a status file there is no error")
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(dpkgtest.Status)
	f.Add("Package: a\nStatus: install ok installed\nVersion: 1\n")
	f.Add("Package: a\n#\n\n\nStatus")
	f.Fuzz(func(t *testing.T, text string) {
		db := &Database{Entries: map[string][]Entry{}}
		if err := db.parse(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		count := 0
		for name, entries := range db.Entries {
			count += len(entries)
			for _, e := range entries {
				if e.Name != name || !packages.IsName(name) || strings.Contains(name, ":") || e.Version != "" && !packages.IsName(e.Version) || e.Status == "" {
					t.Errorf("Entry %+v below %q", e, name)
				}
			}
		}
		if count != db.count {
			t.Errorf("%d entries, counted are %d", count, db.count)
		}
	})
}
