package source_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/builtins/source"
)

// files makes files of their texts; a text that begins with -> is the target of a link.
func files(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		at := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(at), 0o775)
		if target, is := strings.CutPrefix(text, "->"); is && err == nil {
			err = os.Symlink(target, at)
		} else if err == nil {
			err = os.WriteFile(at, []byte(text), 0o664)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	sumA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
	sumB = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
)

func TestTree(t *testing.T) {
	dir := files(t, map[string]string{"app/a": "a", "app/d/b": "b", "app/d/up": "->../a", "app/d-x": "", "app/.git/config": "x", "app/d/x.tmp": "x"})
	var trees source.Trees
	blob, err := trees.Get(os.DirFS(dir), "app", source.Choice{Exclude: []string{".git", "*.tmp", "d-x"}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(open func() (io.ReadCloser, error)) string {
		t.Helper()
		r, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const list = "file\t644\t1\t" + sumA + "\ta\ndirectory\t755\td\nfile\t644\t1\t" + sumB + "\td/b\nlink\t../a\td/up\n"
	if got := read(blob.Open); got != list || blob.Size != int64(len(list)) {
		t.Errorf("got %d bytes\n%s", blob.Size, got)
	}
	if got := read(func() (io.ReadCloser, error) { return blob.Pick("0,2") }); got != list+"ab" {
		t.Errorf("with its files it is\n%s", got)
	}
	if again, err := trees.Get(os.DirFS(dir), "app", source.Choice{Exclude: []string{".git", "*.tmp", "d-x"}}); err != nil || again != blob {
		t.Errorf("it is listed twice: %v", err)
	}
	for _, which := range []string{"0-1", "9", "x"} {
		r, err := blob.Pick(which)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil {
			t.Errorf("%q could be picked", which)
		}
	}
}

// TestTreeChanged holds that what is sent is what the list says, or nothing.
func TestTreeChanged(t *testing.T) {
	for name, change := range map[string]func(at string) error{
		"content": func(at string) error { return os.WriteFile(at, []byte("b"), 0o600) },
		"longer":  func(at string) error { return os.WriteFile(at, []byte("aa"), 0o600) },
		"shorter": func(at string) error { return os.WriteFile(at, nil, 0o600) },
		"gone":    os.Remove,
	} {
		dir := files(t, map[string]string{"app/a": "a"})
		var trees source.Trees
		blob, failed := trees.Get(os.DirFS(dir), "app", source.Choice{})
		if failed != nil {
			t.Fatal(failed)
		}
		if err := change(filepath.Join(dir, "app/a")); err != nil {
			t.Fatal(err)
		}
		r, err := blob.Pick("0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), "app/a was changed since it was read for the plan; make a new plan") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTreeRefused refuses trees that cannot be brought as they are, and does what the hint says.
func TestTreeRefused(t *testing.T) {
	for _, tt := range []struct {
		name, text string // of the file that is in the way
		says, hint string
		exclude    []string // as the hint advises
	}{
		{"out", "->/etc/passwd", `is a link that leads out of the directory, to "/etc/passwd"`, `leave it out: exclude = ["out"]`, []string{"out"}},
		{"d/out", "->../../x", "is a link that leads out", `leave it out: exclude = ["d/out"]`, []string{"d/out"}},
		{"a\nb", "x", "has a control character in its name", `leave it out: exclude = ["a\nb"]`, []string{"a\nb"}},
		{"a\xff", "x", "not UTF-8", `leave it out: exclude = ["a\xff"]`, []string{"a\xff"}},
	} {
		dir := files(t, map[string]string{"app/first": "x", "app/" + tt.name: tt.text})
		var trees source.Trees
		_, err := trees.Get(os.DirFS(dir), "app", source.Choice{})
		if err == nil || !strings.Contains(err.Summary, tt.says) || err.Hint != tt.hint {
			t.Errorf("%q: %v", tt.name, err)
		}
		if _, err := trees.Get(os.DirFS(dir), "app", source.Choice{Exclude: tt.exclude}); err != nil {
			t.Errorf("%q is left out: %v", tt.name, err)
		}
	}
	dir := files(t, map[string]string{"app/first": "x"})
	if err := syscall.Mkfifo(filepath.Join(dir, "app/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir        string
		exclude    []string
		says, hint string
	}{
		{"app", nil, `"pipe" in app is neither a file nor a directory nor a link`, `leave it out: exclude = ["pipe"]`},
		{"app/first", nil, "app/first is a file, want a directory", "to bring one file: file(path, source = ...)"},
		{"ap", nil, "there is no file ap", "did you mean app?"},
		{"app", []string{"["}, `"[" is not a pattern of names`, `patterns are as of a shell, such as "*.tmp"; \[ stands for the character itself`},
	} {
		var trees source.Trees
		if _, err := trees.Get(os.DirFS(dir), tt.dir, source.Choice{Exclude: tt.exclude}); err == nil || !strings.Contains(err.Summary, tt.says) || err.Hint != tt.hint {
			t.Errorf("%s: %v", tt.dir, err)
		}
	}
	var trees source.Trees
	if _, err := trees.Get(os.DirFS(dir), "app", source.Choice{Exclude: []string{`\[`, "*.tmp", "pipe"}}); err != nil {
		t.Error(err)
	}
	few := source.Trees{Limit: 1}
	dir = files(t, map[string]string{"app/a": "", "app/b": ""})
	if _, err := few.Get(os.DirFS(dir), "app", source.Choice{}); err == nil || err.Hint != "leave some out with exclude, or bring an archive: unpack" {
		t.Errorf("too many: %v", err)
	}
	if _, err := few.Get(os.DirFS(dir), "app", source.Choice{Exclude: []string{"b"}}); err != nil {
		t.Error(err)
	}
}
