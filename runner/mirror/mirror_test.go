package mirror_test

import (
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/files"
	"github.com/openfroyo/froyo/runner/mirror"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/proctree"
	"github.com/openfroyo/froyo/runner/program"
	"github.com/openfroyo/froyo/runner/tree"
)

func performer() performtest.Single {
	n := names.New("/etc", nil)
	return performtest.Single{Performer: mirror.New(files.New(os.Geteuid(), n, program.New(time.Second, proctree.New())), n)}
}

// source is a tree with the texts of its files: a name that ends with / is a directory, a text that begins with -> the target of a link.
type source map[string]string

// blob is the tree's list; what is sent has the files behind it that are picked.
func (s source) blob() (*op.Blob, []tree.Entry) {
	var list []byte
	var entries []tree.Entry
	var names []string
	for name := range s {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	for _, name := range names {
		e := tree.Entry{Name: strings.TrimSuffix(name, "/"), Kind: tree.File, Mode: 0o644, Size: int64(len(s[name])), Sum: op.Sum([]byte(s[name]))}
		if target, is := strings.CutPrefix(s[name], "->"); is {
			e = tree.Entry{Name: name, Kind: tree.Link, Link: target}
		} else if e.Name != name {
			e = tree.Entry{Name: e.Name, Kind: tree.Dir, Mode: 0o755}
		}
		entries = append(entries, e)
		list = tree.Append(list, &e)
	}
	return op.NewBlob(list), entries
}

func (s source) query(t *testing.T, m op.Tree) *op.TreeResult {
	t.Helper()
	m.Tree, _ = s.blob()
	m.Query = true
	return performtest.Do(t, performer(), op.Op{Tree: &m}).Tree
}

// op is the one that brings the tree, with the content of what is picked.
func (s source) op(t *testing.T, m op.Tree, pick string) op.Op {
	t.Helper()
	blob, entries := s.blob()
	picked, err := tree.Picked(pick, len(entries))
	if err != nil {
		t.Fatal(err)
	}
	from, _ := blob.Open()
	list, _ := io.ReadAll(from)
	for _, i := range picked {
		list = append(list, s[entries[i].Name]...)
	}
	m.Tree = &op.Blob{Sum: blob.Sum, Size: blob.Size, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(list)), nil }}
	m.Pick = pick
	return op.Op{Tree: &m}
}

// bring brings what differs, after which nothing may differ.
func (s source) bring(t *testing.T, m op.Tree) *op.TreeResult {
	t.Helper()
	q := s.query(t, m)
	performtest.Do(t, performer(), s.op(t, m, q.Pick))
	if left := s.query(t, m); left.Digest != "" || left.Pick != "" {
		t.Errorf("it still differs: %+v", left)
	}
	return q
}

func listed(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(at string, e os.DirEntry, err error) error {
		if err != nil || at == dir {
			return err
		}
		text := strings.TrimPrefix(at, dir+"/")
		switch target, err := os.Readlink(at); {
		case err == nil:
			text += "->" + target
		case e.IsDir():
			text += "/"
		default:
			text += "=" + performtest.Slurp(t, at)
		}
		all = append(all, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

var app = source{"a": "one", "d/": "", "d/b": "two", "d/e/": "", "d/l": "->../a", "z": ""}

const appListed = "a=one d/ d/b=two d/e/ d/l->../a z="

func TestSync(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "srv/app")
	m := op.Tree{Path: dir}
	if q := app.bring(t, m); q.Exists || q.Missing.Count != 6 || q.Pick != "0,2,5" || q.Bytes != 6 {
		t.Errorf("before: %+v", q)
	}
	if got := listed(t, dir); got != appListed {
		t.Errorf("got %s", got)
	}
	for _, drift := range []struct {
		name   string
		broken func(at func(string) string) error
		pick   string
		told   string
	}{
		{"content", func(at func(string) string) error { return os.WriteFile(at("a"), []byte("eno"), 0o600) }, "0", "a has another content"},
		{"mode", func(at func(string) string) error { return os.Chmod(at("d/b"), 0o777) }, "", "d/b has another mode"},
		{"directory's mode", func(at func(string) string) error { return os.Chmod(at("d"), 0o777) }, "", "d has another mode"},
		{"link for a file", func(at func(string) string) error {
			_ = os.Remove(at("a"))
			return os.Symlink("/etc/passwd", at("a"))
		}, "0", "a is a link"},
		{"another link", func(at func(string) string) error {
			_ = os.Remove(at("d/l"))
			return os.Symlink("/etc", at("d/l"))
		}, "", "d/l leads elsewhere"},
		{"file for a link", func(at func(string) string) error {
			_ = os.Remove(at("d/l"))
			return os.WriteFile(at("d/l"), nil, 0o600)
		}, "", "d/l is a file"},
		{"directory gone", func(at func(string) string) error { return os.RemoveAll(at("d")) }, "2", "d d/b d/e d/l"},
	} {
		t.Run(drift.name, func(t *testing.T) {
			if err := drift.broken(func(name string) string { return path.Join(dir, name) }); err != nil {
				t.Fatal(err)
			}
			q := app.bring(t, m)
			if told := strings.Join(append(q.Missing.Names, q.Differing.Names...), " "); told != drift.told || q.Pick != drift.pick {
				t.Errorf("told %q, picked %q", told, q.Pick)
			}
			if got := listed(t, dir); got != appListed {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"keep/mine", "d/x.log", "d/sub/y.log", "d/sub/other", "old/deep/x", "a/in/the/way"} {
		if err := os.MkdirAll(path.Dir(path.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		performtest.Put(t, path.Join(dir, name), "x", 0o644)
	}
	m := op.Tree{Path: dir, Exclude: []string{"keep", "*.log"}}
	if q := app.query(t, m); q.Extra.Count != 0 || !slices.Equal(q.InTheWay.Names, []string{"a is a directory"}) {
		t.Errorf("without delete: %+v", q)
	}
	before := listed(t, dir)
	_ = performtest.Refused(t, performer(), app.op(t, m, "0,2,5"), "eexist")
	if got := listed(t, dir); got != before {
		t.Errorf("what was refused made of %s %s", before, got)
	}
	m.Delete = true
	if q := app.bring(t, m); strings.Join(q.Extra.Names, " ") != "a/in a/in/the a/in/the/way d/sub/other old old/deep old/deep/x" {
		t.Errorf("told %+v", q)
	}
	if got := listed(t, dir); got != "a=one d/ d/b=two d/e/ d/l->../a d/sub/ d/sub/y.log=x d/x.log=x keep/ keep/mine=x z=" {
		t.Errorf("got %s", got)
	}
	m.Delete, m.Absent = false, true
	performtest.Do(t, performer(), app.op(t, m, ""))
	if got := listed(t, dir); got != "d/ d/sub/ d/sub/y.log=x d/x.log=x keep/ keep/mine=x" {
		t.Errorf("after it was removed: %s", got)
	}
	if q := app.query(t, m); q.Digest != "" {
		t.Errorf("something is still to be removed: %+v", q)
	}
}

// TestLinks holds that nothing is written through links below the directory, nor through such that others made above it.
func TestLinks(t *testing.T) {
	out := t.TempDir()
	dir := t.TempDir()
	if err := os.Symlink(out, path.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	m := op.Tree{Path: dir}
	_ = performtest.Refused(t, performer(), app.op(t, m, "0,2,5"), "eexist")
	m.Absent = true
	performtest.Put(t, path.Join(out, "b"), "two", 0o644)
	performtest.Do(t, performer(), app.op(t, m, ""))
	if got := listed(t, out); got != "b=two" {
		t.Errorf("behind the link there is %s", got)
	}
	m.Absent, m.Delete = false, true
	app.bring(t, m)
	if got := listed(t, dir) + " " + listed(t, out); got != appListed+" b=two" {
		t.Errorf("got %s", got)
	}
}

// TestHostile refuses what does not come as it was announced.
func TestHostile(t *testing.T) {
	fresh := func() string { return filepath.Join(t.TempDir(), "new") }
	for name, change := range map[string]func(s *op.Tree) string{
		"another list": func(s *op.Tree) string {
			s.Tree = &op.Blob{Sum: strings.Repeat("0", 64), Size: s.Tree.Size, Open: s.Tree.Open}
			return "content"
		},
		"too short": func(s *op.Tree) string {
			s.Tree = &op.Blob{Sum: s.Tree.Sum, Size: 1 << 20, Open: s.Tree.Open}
			return ""
		},
		"too long": func(s *op.Tree) string {
			s.Tree = &op.Blob{Sum: s.Tree.Sum, Size: 1 << 40, Open: s.Tree.Open}
			return "tree"
		},
		"beyond the list":  func(s *op.Tree) string { s.Pick = "17"; return "tree" },
		"a directory":      func(s *op.Tree) string { s.Pick = "0-2,5"; return "tree" },
		"other content":    func(s *op.Tree) string { s.Pick = "0,2"; return "changed" },
		"an unknown owner": func(s *op.Tree) string { s.Owner = "no-such-user"; return "nouser" },
	} {
		dir := fresh()
		s := *app.op(t, op.Tree{Path: dir}, "0,2,5").Tree
		code := change(&s)
		e := performer().Perform(t.Context(), op.Op{Tree: &s}, perform.Stream{In: performtest.Content(t, op.Op{Tree: &s})}).Error
		if e == nil || code != "" && e.Code != code {
			t.Errorf("%s: %+v, expected the code %s", name, e, code)
		}
		if _, err := os.Stat(path.Join(dir, "a")); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
	dir := fresh()
	leads := source{"l": "->../../etc"}
	_ = performtest.Refused(t, performer(), leads.op(t, op.Tree{Path: dir}, ""), "tree")
	if _, err := os.Stat(path.Join(dir, "a")); err == nil {
		t.Error("something was written")
	}
}
