package unpack_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/files"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/proctree"
	"github.com/openfroyo/froyo/runner/program"
	"github.com/openfroyo/froyo/runner/unpack"
)

func performer(t *testing.T) performtest.Single {
	t.Helper()
	programs := program.New(200*time.Millisecond, proctree.New())
	f := files.New(os.Geteuid(), names.New("/etc", nil), programs)
	return performtest.Single{Performer: unpack.New(os.Geteuid(), f, programs)}
}

// file is a member of a tar: one whose name ends with / is a directory, and one with -> in its text a link.
type file struct {
	name, text string
	mode       int64
}

func tarOf(t *testing.T, members ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: tar.TypeReg, Size: int64(len(m.text)), Mode: m.mode, Uid: 4711, Gid: 4711}
		if target, is := strings.CutPrefix(m.text, "->"); is {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		} else if target, is := strings.CutPrefix(m.text, "=>"); is {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, target, 0
		} else if strings.HasSuffix(m.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, m.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tree lists what is in a directory, without the records.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == dir || strings.HasPrefix(e.Name(), ".froyo-unpacked") {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		b.WriteString(strings.TrimPrefix(path, dir+"/") + " " + info.Mode().String())
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			target, err := os.Readlink(path)
			b.WriteString(" -> " + target + "\n")
			return err
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			b.WriteString(" " + string(text) + "\n")
			return err
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func unpacks(dir string, data []byte) op.Op {
	return op.Op{Unpack: &op.Unpack{Path: dir, Archive: op.NewBlob(data)}}
}

func look(t *testing.T, p performtest.Single, dir string, l op.Layout) op.UnpackedResult {
	t.Helper()
	return *performtest.Do(t, p, op.Op{Unpacked: &op.Unpacked{Path: dir, Layout: l}}).Unpacked
}

var app = []file{
	{"app/", "", 0o2755 &^ 0o2000},
	{"app/bin/run", "#!/bin/sh\n", 0o775},
	{"app/etc/app.conf", "port=80\n", 0o666},
	{"app/current", "->bin/run", 0},
	{"app/bin/again", "=>app/bin/run", 0o775},
	{"app/secret/", "", 0o700},
}

const unpacked = `app drwxr-xr-x
app/bin drwxr-xr-x
app/bin/again -rwxr-xr-x #!/bin/sh

app/bin/run -rwxr-xr-x #!/bin/sh

app/current Lrwxrwxrwx -> bin/run
app/etc drwxr-xr-x
app/etc/app.conf -rw-r--r-- port=80

app/secret drwx------
`

func TestUnpack(t *testing.T) {
	p, dir := performer(t), filepath.Join(t.TempDir(), "srv/app")
	plain := tarOf(t, app...)
	if got := look(t, p, dir, op.Layout{}); got.Sum != "" {
		t.Errorf("before: %+v", got)
	}
	performtest.Do(t, p, unpacks(dir, plain))
	if got := tree(t, dir); got != unpacked {
		t.Errorf("got\n%s", got)
	}
	want := op.NewBlob(plain).Sum
	if got := look(t, p, dir, op.Layout{}); got.Sum != want || got.Partial || got.Other || got.Differing > 0 || got.Members != 8 {
		t.Errorf("after: %+v", got)
	}
	if got := look(t, p, dir, op.Layout{Strip: 1}); !got.Other {
		t.Errorf("with another strip: %+v", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "app/bin/again")); err != nil || info.Sys().(*syscall.Stat_t).Nlink != 1 {
		t.Errorf("a hard link of the archive is one on the host: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".froyo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestDrift finds each change by hand and corrects them all, without writing anew what is as it should be.
func TestDrift(t *testing.T) {
	p, dir := performer(t), t.TempDir()
	data := tarOf(t, app...)
	performtest.Do(t, p, unpacks(dir, data))
	at := func(name string) string { return filepath.Join(dir, name) }
	before, err := os.Stat(at("app/bin/run"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want  string
		drift func() error
	}{
		{"app/etc/app.conf has another content", func() error { return os.WriteFile(at("app/etc/app.conf"), []byte("port=81\n"), 0o600) }},
		{"app/bin/again has another mode", func() error { return os.Chmod(at("app/bin/again"), 0o777) }},
		{"app/current leads elsewhere", func() error {
			return firstError(os.Remove(at("app/current")), os.Symlink("/etc/passwd", at("app/current")))
		}},
		{"app/secret is missing", func() error { return os.Remove(at("app/secret")) }},
		{"app/bin/again is a link", func() error {
			return firstError(os.Remove(at("app/bin/again")), os.Symlink("run", at("app/bin/again")))
		}},
		{"app/secret has another mode", func() error { return os.Chmod(at("app/secret"), 0o755) }},
	} {
		if err := tt.drift(); err != nil {
			t.Fatal(err)
		}
		if got := look(t, p, dir, op.Layout{}); got.Differing != 1 || got.Names[0] != tt.want {
			t.Errorf("expected %q: %+v", tt.want, got)
		}
		performtest.Do(t, p, unpacks(dir, data))
		if got := tree(t, dir); got != unpacked {
			t.Errorf("after %q:\n%s", tt.want, got)
		}
	}
	if after, err := os.Stat(at("app/bin/run")); err != nil || !os.SameFile(before, after) {
		t.Errorf("what was as it should be is another file now: %v", err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestLayout(t *testing.T) {
	p, dir := performer(t), t.TempDir()
	data := tarOf(t, append(app, file{"app/bin/su", "x", 0o4755})...)
	l := op.Layout{Strip: 1, Exclude: []string{"app/secret", "app/bin/ag*"}, Keep: []string{"etc"}, Mode: new(uint32(0o750))}
	unpack := op.Op{Unpack: &op.Unpack{Path: dir, Archive: op.NewBlob(data), Layout: l}}
	performtest.Do(t, p, unpack)
	want := "bin drwxr-x---\nbin/run -rwxr-x--- #!/bin/sh\n\nbin/su -rwxr-x--- x\ncurrent Lrwxrwxrwx -> bin/run\netc drwxr-x---\netc/app.conf -rw-r----- port=80\n\n"
	if got := tree(t, dir); got != want {
		t.Errorf("got\n%s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/app.conf"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := look(t, p, dir, l); got.Differing > 0 || got.Sum == "" {
		t.Errorf("what is kept differs: %+v", got)
	}
	performtest.Do(t, p, unpack)
	if got := tree(t, dir); !strings.Contains(got, "etc/app.conf -rw-r----- mine") {
		t.Errorf("got\n%s", got)
	}
}

func TestRemove(t *testing.T) {
	p, dir := performer(t), filepath.Join(t.TempDir(), "app")
	performtest.Do(t, p, unpacks(dir, tarOf(t, file{"old/a", "a", 0}, file{"both", "1", 0})))
	performtest.Do(t, p, unpacks(dir, tarOf(t, file{"new/b", "b", 0}, file{"both", "2", 0})))
	if got := tree(t, dir); got != "both -rwxr-xr-x 2\nnew drwxr-xr-x\nnew/b -rwxr-xr-x b\nold drwxr-xr-x\nold/a -rwxr-xr-x a\n" {
		t.Errorf("both archives:\n%s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "new/mine"), []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	remove := op.Op{Unpack: &op.Unpack{Path: dir, Absent: true}}
	performtest.Do(t, p, remove)
	if got := tree(t, dir); got != "new drwxr-xr-x\nnew/mine -rw------- m\n" {
		t.Errorf("what is not the archive's:\n%s", got)
	}
	if performtest.Do(t, p, remove).Done.Changed {
		t.Error("a second removal changes something")
	}
	performtest.Do(t, p, unpacks(dir+"2", tarOf(t, file{"a", "a", 0})))
	performtest.Do(t, p, op.Op{Unpack: &op.Unpack{Path: dir + "2", Absent: true}})
	if _, err := os.Lstat(dir + "2"); !os.IsNotExist(err) {
		t.Errorf("the directory that was made is still there: %v", err)
	}
}

// TestRemoveThroughALink removes nothing that a link leads to, which was put where a directory was.
func TestRemoveThroughALink(t *testing.T) {
	p, dir, other := performer(t), t.TempDir(), t.TempDir()
	performtest.Do(t, p, unpacks(dir, tarOf(t, file{"d/a", "a", 0})))
	if err := firstError(os.RemoveAll(dir+"/d"), os.Symlink(other, dir+"/d"), os.WriteFile(other+"/a", []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	performtest.Do(t, p, op.Op{Unpack: &op.Unpack{Path: dir, Absent: true}})
	if got := tree(t, other); got != "a -rw------- mine\n" {
		t.Errorf("got %s", got)
	}
}

// TestInTheWay changes nothing where something is in the way, and writes through no link.
func TestInTheWay(t *testing.T) {
	p := performer(t)
	for name, tt := range map[string]struct {
		prepare func(dir string) error
		code    string
	}{
		"a directory for a file": {func(dir string) error { return os.Mkdir(dir+"/z", 0o700) }, "eexist"},
		"a file for a directory": {func(dir string) error { return os.WriteFile(dir+"/d", nil, 0o600) }, "eexist"},
		"a link for a directory": {func(dir string) error { return os.Symlink("/etc", dir+"/d") }, "eexist"},
		"a pipe for a file":      {func(dir string) error { return syscall.Mkfifo(dir+"/z", 0o600) }, "eexist"},
	} {
		dir := t.TempDir()
		if err := tt.prepare(dir); err != nil {
			t.Fatal(err)
		}
		before := names1(t, dir)
		_ = performtest.Refused(t, p, unpacks(dir, tarOf(t, file{"a", "a", 0}, file{"d/a", "a", 0}, file{"z", "z", 0})), tt.code)
		if after := names1(t, dir); after != before {
			t.Errorf("%s: there was %s, and now %s", name, before, after)
		}
	}
	dir, other := t.TempDir(), t.TempDir()
	if err := firstError(os.WriteFile(other+"/x", []byte("mine"), 0o600), os.Symlink(other+"/x", dir+"/a")); err != nil {
		t.Fatal(err)
	}
	performtest.Do(t, p, unpacks(dir, tarOf(t, file{"a", "a", 0})))
	if got := tree(t, other) + tree(t, dir); got != "x -rw------- mine\na -rwxr-xr-x a\n" {
		t.Errorf("a link for a file: %s", got)
	}
}

func names1(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestCompressed reads what the programs of this machine wrote, and refuses what is damaged.
func TestCompressed(t *testing.T) {
	p := performer(t)
	plain := tarOf(t, app...)
	for _, argv := range [][]string{{"gzip", "-c"}, {"bzip2", "-c"}, {"xz", "-c"}, {"zstd", "-qc"}} {
		t.Run(argv[0], func(t *testing.T) {
			if _, err := exec.LookPath(argv[0]); err != nil {
				dir := t.TempDir()
				_ = performtest.Refused(t, p, unpacks(dir, []byte(map[string]string{"bzip2": "BZh9", "xz": "\xfd7zXZ\x00", "zstd": "\x28\xb5\x2f\xfd"}[argv[0]])), "archive")
				return
			}
			cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
			cmd.Stdin = bytes.NewReader(plain)
			data, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "of the host")
			file := t.TempDir() + "/a"
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			performtest.Do(t, p, op.Op{Unpack: &op.Unpack{Path: dir, From: file}})
			if got := tree(t, dir); got != unpacked {
				t.Errorf("got\n%s", got)
			}
			if got := look(t, p, dir, op.Layout{}); got.Sum != op.NewBlob(data).Sum {
				t.Errorf("got %+v", got)
			}
			dir = t.TempDir()
			for _, broken := range [][]byte{data[:len(data)/2], append(bytes.Clone(data[:len(data)-9]), 1, 2, 3, 4, 5, 6, 7, 8, 9)} {
				if e := performtest.Refused(t, p, unpacks(dir, broken), "archive"); !strings.Contains(e.Message, "nothing was changed") {
					t.Errorf("got %s", e.Message)
				}
			}
			if got := names1(t, dir); got != "" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

// TestRefused leaves a directory without anything where the archive is refused, whichever member it is that is.
func TestRefused(t *testing.T) {
	p := performer(t)
	for want, data := range map[string][]byte{
		"leads out":             tarOf(t, file{"a", "a", 0}, file{"../b", "b", 0}),
		"neither a tar":         []byte("#!/bin/sh\n"),
		"name of the record":    tarOf(t, file{".froyo-unpacked", "a", 0}),
		"more than 1 members":   tarOf(t, file{"a", "a", 0}, file{"b", "b", 0}),
		"more than 10 bytes":    tarOf(t, file{"a", "01234567890", 0}),
		"is a link that leads":  tarOf(t, file{"a", "->/etc", 0}),
		"is a hard link that l": tarOf(t, file{"a", "=>/etc/shadow", 0}),
	} {
		dir := t.TempDir()
		o := unpacks(dir, data)
		o.Unpack.MaxBytes = 10
		if strings.Contains(want, "members") {
			o.Unpack.MaxMembers = 1
		}
		if e := performtest.Refused(t, p, o, "archive"); !strings.Contains(e.Message, want) || !strings.Contains(e.Message, "nothing was changed") {
			t.Errorf("expected %q: %s", want, e.Message)
		}
		if got := names1(t, dir); got != "" {
			t.Errorf("%q left: %s", want, got)
		}
	}
	dir := t.TempDir()
	o := unpacks(dir, tarOf(t, file{"a", "a", 0}))
	o.Unpack.Archive.Sum = op.NewBlob(nil).Sum
	_ = performtest.Refused(t, p, o, "content")
	if got := names1(t, dir); got != "" {
		t.Errorf("left: %s", got)
	}
}

// TestRecord refuses a record that another wrote, or that leads out of the directory.
func TestRecord(t *testing.T) {
	p, dir := performer(t), t.TempDir()
	at := dir + "/.froyo-unpacked"
	remove := op.Op{Unpack: &op.Unpack{Path: dir, Absent: true}}
	for _, text := range []string{
		`{"sum":"x","members":[{"name":"../x","kind":"file"}]}`, `{"sum":"x","members":[{"name":"/etc/passwd","kind":"file"}]}`,
		`{"sum":"x","members":[{"name":"a/./b","kind":"file"}]}`, `{"sum":"x","members":[{"name":"","kind":"directory"}]}`, `{"sum":"x","members":[{"name":"a","kind":"char"}]}`, `nonsense`,
	} {
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = performtest.Refused(t, p, op.Op{Unpacked: &op.Unpacked{Path: dir}}, "record")
		_ = performtest.Refused(t, p, remove, "record")
	}
	if err := firstError(os.Remove(at), os.Symlink("/etc/passwd", at)); err != nil {
		t.Fatal(err)
	}
	_ = performtest.Refused(t, p, op.Op{Unpacked: &op.Unpacked{Path: dir}}, "record")
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of another user")
	}
	if err := firstError(os.Remove(at), os.WriteFile(at, []byte(`{"sum":"x"}`), 0o600), os.Chown(at, 4711, 4711)); err != nil {
		t.Fatal(err)
	}
	_ = performtest.Refused(t, p, remove, "record")
}
