package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

func mode(m uint32) op.Attributes { return op.Attributes{Mode: &m} }

func writeOp(path, text string, a op.Attributes) *op.Write {
	return &op.Write{Path: path, Content: op.NewBlob([]byte(text)), Attributes: a}
}

func TestWrite(t *testing.T) {
	m := newMachine(t)
	tests := []struct {
		name     string
		before   func(t *testing.T, path string)
		attrs    op.Attributes
		wantMode uint32
	}{
		{"new file", func(*testing.T, string) {}, op.Attributes{}, 0o644},
		{"new file with a mode", func(*testing.T, string) {}, mode(0o400), 0o400},
		{"mode of the old file", func(t *testing.T, p string) { performtest.Put(t, p, "old", 0o604) }, op.Attributes{}, 0o604},
		{"another mode", func(t *testing.T, p string) { performtest.Put(t, p, "old", 0o666) }, mode(0o600), 0o600},
		{"setuid", func(*testing.T, string) {}, mode(0o4711), 0o4711},
		{"without owner", func(*testing.T, string) {}, mode(0), 0},
		{"owner by number", func(*testing.T, string) {}, op.Attributes{Owner: itoa(os.Geteuid()), Group: itoa(os.Getegid())}, 0o644},
		{"link", func(t *testing.T, p string) {
			performtest.Put(t, p+".target", "kept", 0o600)
			if err := os.Symlink(p+".target", p); err != nil {
				t.Fatal(err)
			}
		}, op.Attributes{}, 0o644},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := t.TempDir() + "/file"
			tt.before(t, path)
			before := performtest.NamesIn(t, filepath.Dir(path))
			done := performtest.Do(t, m, op.Op{Write: writeOp(path, "new\n", tt.attrs)}).Done
			if diff := cmp.Diff(&op.Done{Changed: true}, done); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
			st := performtest.Lstat(t, path)
			if st.Mode != syscall.S_IFREG|tt.wantMode {
				t.Errorf("mode is %o, expected a file with %o", st.Mode, tt.wantMode)
			}
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := performtest.Slurp(t, path); got != "new\n" {
				t.Errorf("content is %q", got)
			}
			if target, err := os.ReadFile(path + ".target"); err == nil && string(target) != "kept" {
				t.Errorf("what the link pointed to was changed to %q", target)
			}
			if before == "" {
				before = "file"
			}
			if after := performtest.NamesIn(t, filepath.Dir(path)); after != before {
				t.Errorf("the directory has %q, expected %q", after, before)
			}
		})
	}
}

func TestWriteOwner(t *testing.T) {
	performtest.NeedRoot(t, "to give files away")
	m := newMachine(t)
	path := t.TempDir() + "/file"
	performtest.Put(t, path, "old", 0o4750)
	if err := os.Chown(path, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, os.ModeSetuid|0o750); err != nil {
		t.Fatal(err)
	}
	performtest.Do(t, m, op.Op{Write: writeOp(path, "kept", op.Attributes{})})
	if st := performtest.Lstat(t, path); st.Uid != 1 || st.Gid != 2 || permissions(st.Mode) != 0o4750 {
		t.Errorf("owner and mode were not kept: %d:%d %o", st.Uid, st.Gid, st.Mode)
	}
	performtest.Do(t, m, op.Op{Write: writeOp(path, "given", op.Attributes{Owner: "root", Group: "3"})})
	if st := performtest.Lstat(t, path); st.Uid != 0 || st.Gid != 3 || permissions(st.Mode) != 0o750 { // setuid was for user 1
		t.Errorf("owner or mode are wrong: %d:%d %o", st.Uid, st.Gid, st.Mode)
	}
	_ = performtest.Refused(t, m, op.Op{Write: writeOp(path, "x", op.Attributes{Owner: "no-such-user"})}, "nouser")
	_ = performtest.Refused(t, m, op.Op{Write: writeOp(path, "x", op.Attributes{Group: "no-such-group"})}, "nogroup")
	// In a directory whose setgid bit gives files its group, that is what they get.
	dir := t.TempDir()
	if err := errors.Join(os.Chown(dir, 0, 5), os.Chmod(dir, os.ModeSetgid|0o755)); err != nil {
		t.Fatal(err)
	}
	performtest.Do(t, m, op.Op{Write: writeOp(dir+"/file", "x", op.Attributes{Owner: "1"})})
	if st := performtest.Lstat(t, dir+"/file"); st.Uid != 1 || st.Gid != 5 {
		t.Errorf("owner is %d:%d, expected 1:5", st.Uid, st.Gid)
	}
}

func TestWriteRefused(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(dir+"/dir", 0o755), syscall.Mkfifo(dir+"/fifo", 0o600)); err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, dir+"/file", "old", 0o600)
	other := op.NewBlob([]byte("other"))
	tests := []struct {
		name  string
		write *op.Write
		in    io.Reader
		code  string
		want  string
	}{
		{"directory", writeOp(dir+"/dir", "", op.Attributes{}), strings.NewReader(""), "enotfile", "is a directory, expected a file"},
		{"fifo", writeOp(dir+"/fifo", "", op.Attributes{}), strings.NewReader(""), "enotfile", "is a fifo"},
		{"root", writeOp("/.", "", op.Attributes{}), strings.NewReader(""), "eperm", "refusing to change /"},
		{"no such directory", writeOp(dir+"/none/file", "", op.Attributes{}), strings.NewReader(""), "enoent", "open the directory " + dir + "/none/: no such file"},
		{"below a file", writeOp(dir+"/file/file", "", op.Attributes{}), strings.NewReader(""), "enotdir", "not a directory"},
		{"long name", writeOp(dir+"/"+strings.Repeat("x", 300), "", op.Attributes{}), strings.NewReader(""), "enametoolong", "file name too long"},
		{"no content", writeOp(dir+"/file", "new", op.Attributes{}), nil, "", "no content came"},
		{"too little", writeOp(dir+"/file", "new", op.Attributes{}), strings.NewReader("ne"), "content", "another size"},
		{"too much", writeOp(dir+"/file", "new", op.Attributes{}), strings.NewReader("news"), "content", "another size"},
		{"other content", &op.Write{Path: dir + "/file", Content: &op.Blob{Sum: other.Sum, Size: 3}}, strings.NewReader("new"), "content", "another SHA-256"},
		{"content breaks off", writeOp(dir+"/file", "new", op.Attributes{}), iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("new"))), "", "write " + dir + "/file: timeout"},
	}
	before := performtest.NamesIn(t, dir)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := m.Perform(t.Context(), op.Op{Write: tt.write}, perform.Stream{In: tt.in})
			if r.Error == nil || r.Error.Code != tt.code || !strings.Contains(r.Error.Message, tt.want) {
				t.Errorf("got %+v, expected %q and %q", r.Error, tt.code, tt.want)
			}
			if after := performtest.NamesIn(t, dir); after != before || performtest.Slurp(t, dir+"/file") != "old" {
				t.Errorf("the directory has %q, expected %q", after, before)
			}
		})
	}
}

func TestWriteWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("needs a user other than root, who may do everything")
	}
	m := newMachine(t)
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "old", 0o600)
	_ = performtest.Refused(t, m, op.Op{Write: writeOp(dir+"/file", "x", op.Attributes{Owner: "root"})}, "eperm")
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // it is the point of the test
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) //nolint:gosec // so that it can be removed
	e := performtest.Refused(t, m, op.Op{Write: writeOp(dir+"/file", "x", op.Attributes{})}, "eacces")
	if want := "create a file in the directory of " + dir + "/file: permission denied"; e.Message != want {
		t.Errorf("got %q, expected %q", e.Message, want)
	}
	if got := performtest.NamesIn(t, dir); got != "file" {
		t.Errorf("the directory has %q", got)
	}
}

// mount mounts a small file system in memory, or skips.
func mount(t *testing.T, options string) string {
	t.Helper()
	performtest.NeedRoot(t, "to mount")
	dir := t.TempDir()
	if err := syscall.Mount("froyo-test", dir, "tmpfs", 0, options); err != nil {
		t.Skip("mounting is not allowed here: " + err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestWriteFullDisk(t *testing.T) {
	m := newMachine(t)
	dir := mount(t, "size=64k")
	performtest.Put(t, dir+"/file", "old", 0o600)
	e := performtest.Refused(t, m, op.Op{Write: writeOp(dir+"/file", strings.Repeat("x", 1<<20), op.Attributes{})}, "enospc")
	if want := "write " + dir + "/file: no space left on device"; e.Message != want {
		t.Errorf("got %q, expected %q", e.Message, want)
	}
	if got := performtest.NamesIn(t, dir); got != "file" || performtest.Slurp(t, dir+"/file") != "old" {
		t.Errorf("the directory has %q", got)
	}
	if err := syscall.Mount("froyo-test", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("mounting read-only is not allowed here: " + err.Error())
	}
	_ = performtest.Refused(t, m, op.Op{Write: writeOp(dir+"/file", "x", op.Attributes{})}, "erofs")
	_ = performtest.Refused(t, m, op.Op{Remove: &op.Remove{Path: dir + "/file"}}, "erofs")
	_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/a/b"}}, "erofs")
	_ = performtest.Refused(t, m, op.Op{Link: &op.Link{Path: dir + "/l", Target: "x"}}, "erofs")
	_ = performtest.Refused(t, m, op.Op{Attr: &op.Attr{Path: dir + "/file", Attributes: mode(0o644)}}, "erofs")
}

func TestWriteCheck(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir() + "/it's a \"dir\""
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := dir + "/file"
	performtest.Put(t, path, "old", 0o640)
	tests := []struct{ name, check, want string }{
		{"sees the new content", `grep -q '^new$' %s`, ""},
		{"sees the final mode", `[ "$(stat -c %a %s)" = 640 ]`, ""},
		{"twice the path", `cmp %s %s`, ""},
		{"says no", `echo "line 3: unknown key in "%s >&2; exit 2`, "ended with 2: line 3: unknown key in " + path},
		{"says no on stdout", `echo wrong; exit 1`, "ended with 1: wrong"},
		{"says nothing", `false`, "ended with 1 (false)"},
		{"is a long program", "echo wrong; # " + strings.Repeat("ü", 30) + "\nfalse", "ended with 1: wrong (echo wrong; # " + strings.Repeat("ü", 23) + "...)"},
		{"is a program of lines", "echo wrong\nexit 1", "ended with 1: wrong (echo wrong...)"},
		{"says much", `seq 100000 >&2; false`, "..."},
		{"is not there", `no-such-checker %s`, "ended with 127"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			performtest.Put(t, path, "old", 0o640)
			w := writeOp(path, "new\n", op.Attributes{})
			w.Check = tt.check
			if tt.want == "" {
				performtest.Do(t, m, op.Op{Write: w})
				if got := performtest.Slurp(t, path); got != "new\n" {
					t.Errorf("content is %q", got)
				}
				return
			}
			w.Backup = true
			e := performtest.Refused(t, m, op.Op{Write: w}, "check")
			if !strings.Contains(e.Message, tt.want) || strings.Contains(e.Message, ".froyo-") || len(e.Message) > 2000 {
				t.Errorf("got %q, expected %q", e.Message, tt.want)
			}
			if got := performtest.NamesIn(t, dir); got != "file" || performtest.Slurp(t, path) != "old" {
				t.Errorf("the directory has %q", got)
			}
		})
	}
}

func TestWriteBackup(t *testing.T) {
	m := newMachine(t)
	m.now = func() time.Time { return time.Date(2024, 2, 29, 23, 59, 58, 0, time.FixedZone("x", 3600)) }
	dir := t.TempDir()
	path := dir + "/file"
	w := writeOp(path, "1", mode(0o640))
	w.Backup = true
	if done := performtest.Do(t, m, op.Op{Write: w}).Done; done.Backup != "" {
		t.Errorf("a new file has the backup %q", done.Backup)
	}
	want := []string{path + ".2024-02-29@22:59:58~", path + ".2024-02-29@22:59:58-1~"}
	for i, next := range []string{"2", "3"} {
		w.Content = op.NewBlob([]byte(next))
		if done := performtest.Do(t, m, op.Op{Write: w}).Done; done.Backup != want[i] {
			t.Errorf("got the backup %q, expected %q", done.Backup, want[i])
		}
	}
	if got := performtest.Slurp(t, path) + performtest.Slurp(t, want[0]) + performtest.Slurp(t, want[1]); got != "312" {
		t.Errorf("file and backups are %q", got)
	}
	if st := performtest.Lstat(t, want[0]); permissions(st.Mode) != 0o640 {
		t.Errorf("the backup has the mode %o", st.Mode)
	}
}

// TestCopyOld makes a backup as on file systems that have no hard links.
func TestCopyOld(t *testing.T) {
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "old", 0o604)
	tgt, err := newMachine(t).users.target(t.Context(), dir+"/file", false)
	if err != nil {
		t.Fatal(err)
	}
	defer tgt.close()
	old, err := tgt.at()
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := tgt.copyOld(t.Context(), old, "copy"); err != nil {
		t.Fatal(err)
	}
	if st := performtest.Lstat(t, dir+"/copy"); permissions(st.Mode) != 0o604 || performtest.Slurp(t, dir+"/copy") != "old" {
		t.Errorf("the copy has the mode %o and the content %q", st.Mode, performtest.Slurp(t, dir+"/copy"))
	}
	if err := tgt.copyOld(t.Context(), old, "copy"); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, expected that a copy is not overwritten", err)
	}
	if err := tgt.copyOld(performtest.Stopped(t), old, "other"); err == nil || performtest.NamesIn(t, dir) != "copy file" {
		t.Errorf("got %v, and the directory has %q", err, performtest.NamesIn(t, dir))
	}
}

func TestWriteGivenUp(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	content := strings.Repeat("x", 100_000)
	in := io.MultiReader(strings.NewReader(content[:70_000]), readerFunc(func([]byte) (int, error) {
		if !strings.Contains(performtest.NamesIn(t, dir), ".froyo-") {
			t.Error("the draft is not there")
		}
		cancel(&perform.Stop{Code: "cancelled", Why: "was given up"})
		return 0, nil
	}), strings.NewReader(content[70_000:]))
	r := m.Perform(ctx, op.Op{Write: writeOp(dir+"/file", content, op.Attributes{})}, perform.Stream{In: in})
	if r.Error == nil || r.Error.Code != "cancelled" || performtest.NamesIn(t, dir) != "" {
		t.Errorf("got %+v, and the directory has %q", r, performtest.NamesIn(t, dir))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestWriteIsAtomicAndNeverWider watches a file from outside while it is
// written again and again: it always has one of the two contents with its own
// mode, and no draft ever has permissions that were not asked for.
func TestWriteIsAtomicAndNeverWider(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	versions := map[uint32][]byte{0o600: bytes.Repeat([]byte("a"), 90_000), 0o640: bytes.Repeat([]byte("b"), 50_000)}
	write := func(perm uint32) {
		performtest.Do(t, m, op.Op{Write: writeOp(dir+"/file", string(versions[perm]), mode(perm))})
	}
	write(0o600)
	var wanted atomic.Uint32 // the mode of the draft under way
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		seen := 0
		defer func() { stopped <- seen }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			seen += observe(t, dir, versions, &wanted)
		}
	}()
	for range 40 {
		for _, perm := range []uint32{0o640, 0o600} {
			wanted.Store(perm)
			write(perm)
		}
	}
	close(stop)
	if seen := <-stopped; seen == 0 {
		t.Error("no draft was ever seen, so nothing was tested")
	}
}

// observe looks at the directory once and returns how many drafts it saw.
func observe(t *testing.T, dir string, versions map[uint32][]byte, wanted *atomic.Uint32) int {
	f, err := os.Open(dir + "/file")
	if err != nil {
		t.Errorf("the file was not there for a moment: %v", err)
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	content, readErr := io.ReadAll(f)
	if err != nil || readErr != nil {
		t.Error(err, readErr)
		return 0
	}
	perm := uint32(info.Mode().Perm())
	if want, ok := versions[perm]; !ok || !bytes.Equal(content, want) {
		t.Errorf("the file had the mode %o with %d bytes", perm, len(content))
	}
	drafts, err := filepath.Glob(dir + "/.froyo-*")
	if err != nil {
		t.Error(err)
	}
	seen := 0
	before := wanted.Load()
	for _, draft := range drafts {
		var st syscall.Stat_t
		// A draft that is wider than both modes is wrong whichever it is for.
		if syscall.Lstat(draft, &st) == nil {
			seen++
			if st.Mode&0o7777&^(before|wanted.Load()) != 0 {
				t.Errorf("a draft had the mode %o, expected at most %o", st.Mode, before)
			}
		}
	}
	return seen
}

// TestSecond compares with package time, which the runner does without.
func TestSecond(t *testing.T) {
	for unix := int64(0); unix < 5e9; unix += 86_400*29 + 3_661 {
		if got, want := second(unix), time.Unix(unix, 0).UTC().Format("2006-01-02@15:04:05"); got != want {
			t.Fatalf("%d: got %s, want %s", unix, got, want)
		}
	}
}
