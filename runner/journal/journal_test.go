package journal

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/runner/op"
)

// world is a root with the directories that journals live in.
func world(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"run/user/" + strconv.Itoa(os.Getuid()), "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func open(root string) *Journal { return New(root, os.Getuid()) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func entry(key string) op.JournalEntry {
	return op.JournalEntry{Key: key, OK: true, Digest: op.Sum([]byte(key))}
}

// note notes that commands were performed, and closes the journal as the end of its process does.
func note(t *testing.T, root string, keys ...string) {
	t.Helper()
	j := open(root)
	for _, key := range keys {
		must(t, j.Append(entry(key)))
	}
	j.Close()
}

// noted lists the keys in the journal of a run.
func noted(t *testing.T, root, run string) []string {
	t.Helper()
	r, err := open(root).Read(run)
	must(t, err)
	var keys []string
	for _, e := range r.Entries {
		keys = append(keys, e.Key)
	}
	return keys
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// clean expects nothing of froyo's in the world.
func clean(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), "froyo") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	must(t, err)
}

// TestKept: what an unclean end leaves is read, added to and removed by the next runner of the run.
func TestKept(t *testing.T) {
	root := world(t)
	equal(t, []string(nil), noted(t, root, "r1"))
	clean(t, root) // looking makes nothing
	failed := op.JournalEntry{Key: "r1:b", Digest: op.Sum(nil)}
	first := open(root)
	must(t, first.Append(entry("r1:a")))
	must(t, first.Append(failed))
	first.Close()

	next := open(root)
	next.Enter("r1")
	r, err := next.Read("r1")
	must(t, err)
	equal(t, &op.JournalResult{Entries: []op.JournalEntry{entry("r1:a"), failed}}, r)
	must(t, next.Append(entry("r1:c")))
	equal(t, []string{"r1:a", "r1:b", "r1:c"}, noted(t, root, "r1"))
	equal(t, []string(nil), noted(t, root, "r2"))
	next.Remove()
	equal(t, []string(nil), noted(t, root, "r1"))
	clean(t, root)
	next.Remove()
}

// TestRemovedWithoutEntries: the run's next runner, which had nothing to do, takes away what the one before left.
func TestRemovedWithoutEntries(t *testing.T) {
	root := world(t)
	note(t, root, "r1:a")
	looks := open(root)
	if _, err := looks.Read("r1"); err != nil {
		t.Fatal(err)
	}
	looks.Remove() // it only looked
	equal(t, []string{"r1:a"}, noted(t, root, "r1"))
	next := open(root)
	next.Enter("r1")
	next.Remove()
	clean(t, root)
}

func TestForItsUserAlone(t *testing.T) {
	root := world(t)
	note(t, root, "r1:a")
	j := open(root)
	for path, want := range map[string]fs.FileMode{"r1": 0o700, "r1/journal": 0o600} {
		info, err := os.Stat(filepath.Join(j.base(), path))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has the mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
}

// TestEnter: a run that takes the host removes what others left, unless a runner lives.
func TestEnter(t *testing.T) {
	root := world(t)
	note(t, root, "r1:a")
	note(t, root, "r2:a")
	alive := open(root)
	must(t, alive.Append(entry("r3:a")))
	base := alive.base()
	must(t, os.WriteFile(filepath.Join(base, "lease"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(base, "r4"), 0o700))
	must(t, os.Symlink("r1", filepath.Join(base, "r5")))
	must(t, os.WriteFile(filepath.Join(base, "r2", "other"), nil, 0o600))
	open(root).Enter("r1")
	left, err := filepath.Glob(filepath.Join(base, "*"))
	must(t, err)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	equal(t, []string{"lease", "r1", "r2", "r3", "r5"}, left) // nothing but journals is removed
	equal(t, []string{"r1:a"}, noted(t, root, "r1"))
	equal(t, []string(nil), noted(t, root, "r2"))
	equal(t, []string{"r3:a"}, noted(t, root, "r3"))
	alive.Close()
	open(root).Enter("r1")
	equal(t, []string(nil), noted(t, root, "r3"))
}

// TestTwoRunners: the end of one takes nothing from another of the same run.
func TestTwoRunners(t *testing.T) {
	root := world(t)
	a, b := open(root), open(root)
	must(t, a.Append(entry("r1:a")))
	must(t, b.Append(entry("r1:b")))
	a.Remove()
	equal(t, []string{"r1:a", "r1:b"}, noted(t, root, "r1"))
	b.Remove()
	clean(t, root)
}

// TestMeanwhile opens and removes journals from many sides: what was noted and not removed is there.
func TestMeanwhile(t *testing.T) {
	root := world(t)
	var wg sync.WaitGroup
	for i := range 4 {
		run := "r" + strconv.Itoa(i)
		wg.Go(func() {
			for range 20 {
				j := open(root)
				if err := j.Append(entry(run + ":a")); err != nil {
					t.Error(err)
					return
				}
				open(root).Enter("other")
				if r, err := open(root).Read(run); err != nil || len(r.Entries) != 1 {
					t.Errorf("%+v, %v", r, err)
				}
				j.Remove()
			}
		})
	}
	wg.Wait()
	clean(t, root)
}

func TestRefused(t *testing.T) {
	root := world(t)
	j := open(root)
	j.Enter("r1")
	for _, e := range []op.JournalEntry{entry(""), entry("r1"), entry("r1:"), entry("../r1:a"), entry("r1:\n"), entry("r2:a"), {Key: "r1:a"}} {
		if err := j.Append(e); err == nil {
			t.Errorf("%+v was noted", e)
		}
	}
	clean(t, root)
}

// TestOthersThings: what is not this user's journal is neither believed nor written to.
func TestOthersThings(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, base string)
		part string
	}{
		{"a directory that all can write to", func(t *testing.T, base string) {
			must(t, os.MkdirAll(filepath.Join(base, "r1"), 0o755))
			must(t, os.Chmod(filepath.Join(base, "r1"), 0o777))
		}, "alone can write to"},
		{"a base that all can write to", func(t *testing.T, base string) {
			must(t, os.MkdirAll(base, 0o755))
			must(t, os.Chmod(base, 0o777))
		}, "alone can write to"},
		{"a file where the directory should be", func(t *testing.T, base string) {
			must(t, os.MkdirAll(base, 0o755))
			must(t, os.WriteFile(filepath.Join(base, "r1"), nil, 0o600))
		}, "directory"},
		{"a link to another file", func(t *testing.T, base string) {
			must(t, os.MkdirAll(filepath.Join(base, "r1"), 0o700))
			must(t, os.Symlink("/etc/passwd", filepath.Join(base, "r1", "journal")))
		}, "journal"},
		{"a file that all can read", func(t *testing.T, base string) {
			must(t, os.MkdirAll(filepath.Join(base, "r1"), 0o700))
			must(t, os.WriteFile(filepath.Join(base, "r1", "journal"), nil, 0o600))
			must(t, os.Chmod(filepath.Join(base, "r1", "journal"), 0o644))
		}, "alone can read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := open(world(t))
			test.make(t, j.base())
			if err := j.Append(entry("r1:a")); err == nil || !strings.Contains(err.Error(), test.part) {
				t.Errorf("noting: %v, want %q", err, test.part)
			}
			r, err := j.Read("r1")
			if !strings.HasPrefix(test.name, "a base") && (err == nil || !strings.Contains(err.Error(), test.part)) {
				t.Errorf("reading: %+v, %v, want %q", r, err, test.part)
			}
			j.Enter("r2")
			j.Remove()
		})
	}
}

// TestHostileContent: what is no entry is left out, and a torn line harms no other.
func TestHostileContent(t *testing.T) {
	root := world(t)
	j := open(root)
	dir := filepath.Join(j.base(), "r1")
	must(t, os.MkdirAll(dir, 0o700))
	sum := op.Sum([]byte("r1:a"))
	good := `{"key":"r1:a","ok":true,"digest":"` + sum + `"}`
	lines := []string{
		good, `null`, `{}`, `[]`, "\x00\xff", strings.Repeat("[", 100_000), `{"key":"r2:a","ok":true,"digest":"` + sum + `"}`,
		`{"key":"r1:\u001b[31m","ok":true,"digest":"` + sum + `"}`, `{"key":"r1:a","ok":true,"digest":"x"}`, "", good, good[:20],
	}
	must(t, os.WriteFile(filepath.Join(dir, "journal"), []byte(strings.Join(lines, "\n")), 0o600))
	equal(t, []string{"r1:a", "r1:a"}, noted(t, root, "r1"))
	must(t, j.Append(entry("r1:b")))
	equal(t, []string{"r1:a", "r1:a", "r1:b"}, noted(t, root, "r1"))
}

// TestBounded: of a very long journal the end is read.
func TestBounded(t *testing.T) {
	root := world(t)
	j := open(root)
	must(t, j.Append(entry("r1:first")))
	long := strings.Repeat("x", 1000)
	for i := range 2000 {
		must(t, j.Append(entry("r1:"+long+strconv.Itoa(i))))
	}
	r, err := j.Read("r1")
	must(t, err)
	last := r.Entries[len(r.Entries)-1]
	if n := len(r.Entries); !r.More || n < 100 || n > 600 || !strings.HasSuffix(last.Key, "x1999") {
		t.Errorf("%d entries, more: %t, the last is %s", n, r.More, last.Key[len(last.Key)-8:])
	}
}

func TestEntries(t *testing.T) {
	line := `{"key":"r:a","ok":true,"digest":"` + op.Sum(nil) + "\"}\n"
	r := entries([]byte(strings.Repeat(line, maxEntries+1)), "r")
	if len(r.Entries) != maxEntries || !r.More {
		t.Errorf("%d entries, more: %t", len(r.Entries), r.More)
	}
}

// TestAnyContent: whatever is in the file, only entries of the run come out.
func TestAnyContent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{
			`{"key":"r:a","ok":true,"digest":"` + op.Sum(nil) + `"}`, "\n", "{", `"`, "r:a", "\x00", "\xff", `{"key":"q:a","digest":"` + op.Sum(nil) + `"}`,
		})
		text := strings.Join(rapid.SliceOf(piece).Draw(t, "text"), "")
		for _, e := range entries([]byte(text), "r").Entries {
			if err := e.Validate("r"); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPlaces(t *testing.T) {
	tests := []struct {
		name string
		make []string
		uid  int
		want string
	}{
		{"in the user's own directory", []string{"run/user/UID"}, os.Getuid(), "run/user/UID/froyo"},
		{"without one", []string{"run/user"}, os.Getuid(), "tmp/.froyo-UID"},
	}
	if os.Getuid() == 0 {
		tests[0].want, tests[1].make = "run/froyo", nil
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			uid := strconv.Itoa(test.uid)
			for _, dir := range append(test.make, "tmp") {
				must(t, os.MkdirAll(filepath.Join(root, strings.ReplaceAll(dir, "UID", uid)), 0o755))
			}
			equal(t, filepath.Join(root, strings.ReplaceAll(test.want, "UID", uid)), open(root).base())
			note(t, root, "r1:a")
			equal(t, []string{"r1:a"}, noted(t, root, "r1"))
		})
	}
}
