package files

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestMkdir(t *testing.T) {
	m := newMachine(t)
	defer syscall.Umask(syscall.Umask(0o077))
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "", 0o600)
	if err := errors.Join(os.Mkdir(dir+"/there", 0o700), os.Symlink("there", dir+"/link"), os.Symlink("none", dir+"/dangling")); err != nil {
		t.Fatal(err)
	}
	made := performtest.Do(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/a/b/c/", Attributes: mode(0o1770)}}).Done
	if !made.Changed || permissions(performtest.Lstat(t, dir+"/a/b/c").Mode) != 0o1770 {
		t.Errorf("got %+v and the mode %o", made, performtest.Lstat(t, dir+"/a/b/c").Mode)
	}
	for _, parent := range []string{"/a", "/a/b"} {
		if got := permissions(performtest.Lstat(t, dir+parent).Mode); got != 0o755 {
			t.Errorf("%s has the mode %o, expected 755 whatever the umask is", parent, got)
		}
	}
	for _, path := range []string{"/there", "/link", "/a/b/c"} {
		if got := performtest.Do(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + path, Attributes: mode(0o755)}}).Done; got.Changed {
			t.Errorf("%s: a directory that is there was changed", path)
		}
	}
	if got := permissions(performtest.Lstat(t, dir+"/there").Mode); got != 0o700 {
		t.Errorf("a directory that is there now has the mode %o", got)
	}
	_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/file"}}, "enotdir")
	_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/file/sub"}}, "enotdir")
	_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/dangling"}}, "eexist")
	_ = performtest.Refused(t, m, op.Op{Mkdir: &op.Mkdir{Path: dir + "/x", Attributes: op.Attributes{Owner: "no-such-user"}}}, "nouser")
	if _, err := os.Lstat(dir + "/x"); err == nil {
		t.Error("a directory that could not be given its owner was left behind")
	}
}

func TestLink(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "", 0o600)
	if err := os.Mkdir(dir+"/dir", 0o755); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name, path, target string
		changed            bool
	}{
		{"new", "/link", "/no/where", true},
		{"the same", "/link", "/no/where", false},
		{"another target", "/link", "file", true},
		{"for a file", "/file", "dir", true},
		{"again", "/file", "dir", false},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			got := performtest.Do(t, m, op.Op{Link: &op.Link{Path: dir + s.path, Target: s.target}}).Done
			if got.Changed != s.changed {
				t.Errorf("changed is %v, expected %v", got.Changed, s.changed)
			}
			if target, err := os.Readlink(dir + s.path); err != nil || target != s.target {
				t.Errorf("got %q, %v, expected %q", target, err, s.target)
			}
		})
	}
	_ = performtest.Refused(t, m, op.Op{Link: &op.Link{Path: dir + "/dir", Target: "x"}}, "eisdir")
	_ = performtest.Refused(t, m, op.Op{Link: &op.Link{Path: dir + "/none/link", Target: "x"}}, "enoent")
	_ = performtest.Refused(t, m, op.Op{Link: &op.Link{Path: dir + "/new", Target: strings.Repeat("x", 5000)}}, "enametoolong")
	if got := performtest.NamesIn(t, dir); got != "dir file link" {
		t.Errorf("the directory has %q", got)
	}
	if os.Geteuid() == 0 {
		performtest.Do(t, m, op.Op{Link: &op.Link{Path: dir + "/link", Target: "file", Owner: "1", Group: "2"}})
		if st := performtest.Lstat(t, dir+"/link"); st.Uid != 1 || st.Gid != 2 {
			t.Errorf("the link belongs to %d:%d", st.Uid, st.Gid)
		}
		if st := performtest.Lstat(t, dir+"/dir"); st.Uid != 0 {
			t.Error("what the link points to was given away")
		}
	}
}

func TestRemove(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	outside := t.TempDir()
	performtest.Put(t, outside+"/kept", "", 0o600)
	err := errors.Join(
		os.MkdirAll(dir+"/full/sub/deep", 0o755), os.Mkdir(dir+"/empty", 0o755),
		os.Symlink(outside, dir+"/full/sub/link"), os.Symlink(outside, dir+"/link"),
		syscall.Mkfifo(dir+"/fifo", 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, dir+"/file", "", 0)
	steps := []struct {
		name, path string
		recurse    bool
		changed    bool
	}{
		{"file", "/file", false, true},
		{"again", "/file", false, false},
		{"fifo", "/fifo", false, true},
		{"empty directory", "/empty", false, true},
		{"link to a directory", "/link", true, true},
		{"tree", "/full", true, true},
		{"in what is not there", "/full/sub/x", false, false},
		{"all again", "/full", true, false},
	}
	_ = performtest.Refused(t, m, op.Op{Remove: &op.Remove{Path: dir + "/full"}}, "enotempty")
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if got := performtest.Do(t, m, op.Op{Remove: &op.Remove{Path: dir + s.path, Recurse: s.recurse}}).Done; got.Changed != s.changed {
				t.Errorf("changed is %v, expected %v", got.Changed, s.changed)
			}
		})
	}
	if performtest.NamesIn(t, dir) != "" || performtest.NamesIn(t, outside) != "kept" {
		t.Errorf("the directory has %q, the one that links pointed to %q", performtest.NamesIn(t, dir), performtest.NamesIn(t, outside))
	}
	for _, root := range []string{"//", "/.", "/etc/..", "/../.."} {
		_ = performtest.Refused(t, m, op.Op{Remove: &op.Remove{Path: root, Recurse: true}}, "eperm")
	}
}

// tree makes directories, files and links to the outside, and returns both.
func tree(t *testing.T) (dir, outside string) {
	t.Helper()
	dir, outside = t.TempDir()+"/top", t.TempDir()
	performtest.Put(t, outside+"/secret", "", 0o600)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.MkdirAll(dir+"/a/b", 0o700)); err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, dir+"/a/file", "text", 0o666)
	performtest.Put(t, dir+"/a.txt", "", 0o640)
	if err := errors.Join(os.Symlink(outside, dir+"/a/b/link"), os.Symlink(outside+"/secret", dir+"/z"), syscall.Mkfifo(dir+"/a/pipe", 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir, outside
}

func TestAttr(t *testing.T) {
	m := newMachine(t)
	dir, outside := tree(t)
	dirMode, fileMode := uint32(0o750), uint32(0o640)
	all := &op.Attr{Path: dir, Recurse: true, Attributes: op.Attributes{Mode: &fileMode, DirMode: &dirMode}}
	unless := &op.List{Path: dir, Recurse: true, Unless: &all.Attributes}
	before := performtest.Do(t, m, op.Op{List: unless}).List
	if len(before.Entries) != 4 { // a, a/b, a/file, a/pipe; not a.txt, nor the links
		t.Errorf("%d entries differ: %+v", len(before.Entries), before.Entries)
	}
	for _, changed := range []bool{true, false} {
		if got := performtest.Do(t, m, op.Op{Attr: all}).Done; got.Changed != changed {
			t.Errorf("changed is %v, expected %v", got.Changed, changed)
		}
	}
	if after := performtest.Do(t, m, op.Op{List: unless}).List; len(after.Entries) != 0 {
		t.Errorf("still different: %+v", after.Entries)
	}
	for path, want := range map[string]uint32{"": 0o750, "/a": 0o750, "/a/b": 0o750, "/a/file": 0o640, "/a.txt": 0o640, "/a/pipe": 0o640} {
		if got := permissions(performtest.Lstat(t, dir+path).Mode); got != want {
			t.Errorf("%q has the mode %o, expected %o", path, got, want)
		}
	}
	if got := permissions(performtest.Lstat(t, outside+"/secret").Mode); got != 0o600 {
		t.Errorf("a link was followed: the mode outside is %o", got)
	}
	if got := performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: dir + "/z", Attributes: mode(0o777)}}).Done; got.Changed {
		t.Error("the mode of a link was changed")
	}
	_ = performtest.Refused(t, m, op.Op{Attr: &op.Attr{Path: dir + "/none", Attributes: mode(0o777)}}, "enoent")
	_ = performtest.Refused(t, m, op.Op{Attr: &op.Attr{Path: "/", Attributes: mode(0o755)}}, "eperm")
	_ = performtest.Refused(t, m, op.Op{Attr: &op.Attr{Path: dir, Attributes: op.Attributes{Group: "no-such-group"}}}, "nogroup")
}

func TestAttrOwner(t *testing.T) {
	performtest.NeedRoot(t, "to give files away")
	m := newMachine(t)
	dir, outside := tree(t)
	performtest.Put(t, dir+"/suid", "", os.ModeSetuid|0o755)
	performtest.Put(t, dir+"/plain", "", 0o755)
	if err := errors.Join(os.Chmod(dir+"/suid", os.ModeSetuid|os.ModeSetgid|0o755), os.Chmod(dir+"/a/b", os.ModeSetgid|0o755)); err != nil {
		t.Fatal(err)
	}
	performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: dir, Recurse: true, Attributes: op.Attributes{Owner: "1", Group: "2"}}})
	for _, path := range []string{"", "/a/b", "/a/file", "/a/b/link", "/z", "/suid"} {
		if st := performtest.Lstat(t, dir+path); st.Uid != 1 || st.Gid != 2 {
			t.Errorf("%q belongs to %d:%d", path, st.Uid, st.Gid)
		}
	}
	if st := performtest.Lstat(t, outside+"/secret"); st.Uid != 0 {
		t.Error("a link was followed")
	}
	for path, want := range map[string]uint32{"/suid": 0o755, "/plain": 0o755, "/a/b": 0o2755} {
		if got := permissions(performtest.Lstat(t, dir+path).Mode); got != want {
			t.Errorf("%s has the mode %o, expected %o: a program is not the new owner's to run as", path, got, want)
		}
	}
	performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: dir + "/suid", Attributes: op.Attributes{Owner: "root", Mode: new(uint32(0o6711))}}})
	if st := performtest.Lstat(t, dir+"/suid"); st.Uid != 0 || st.Gid != 2 || permissions(st.Mode) != 0o6711 {
		t.Errorf("got %d:%d %o, expected 0:2 6711", st.Uid, st.Gid, st.Mode)
	}
}

func TestAttrKeepsToItsFileSystem(t *testing.T) {
	m := newMachine(t)
	dir, _ := tree(t)
	inner := mount(t, "mode=755")
	performtest.Put(t, inner+"/other", "", 0o600)
	if err := syscall.Mount(inner, dir+"/a/b", "", syscall.MS_BIND, ""); err != nil {
		t.Skip("mounting is not allowed here: " + err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir+"/a/b", syscall.MNT_DETACH) })
	before := permissions(performtest.Lstat(t, dir+"/a/file").Mode)
	e := performtest.Refused(t, m, op.Op{Attr: &op.Attr{Path: dir, Recurse: true, Attributes: mode(0o711)}}, "mount")
	if want := "something is mounted at " + dir + "/a/b,"; !strings.Contains(e.Message, want) {
		t.Errorf("got %q, expected %q", e.Message, want)
	}
	if got := permissions(performtest.Lstat(t, dir+"/a/file").Mode); got != before {
		t.Errorf("a file beside the mount got the mode %o, expected that nothing is changed", got)
	}
	if got := permissions(performtest.Lstat(t, inner+"/other").Mode); got != 0o600 {
		t.Errorf("another file system was entered: the mode there is %o", got)
	}
	got := performtest.Do(t, m, op.Op{List: &op.List{Path: dir + "/a", Recurse: true}}).List
	var paths []string
	for _, e := range got.Entries {
		paths = append(paths, e.Path)
	}
	if diff := cmp.Diff([]string{"b", "file", "pipe"}, paths); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
}

// TestAttrOwnerOfProgram has a user's setuid and setgid program become root's, or another's.
func TestAttrOwnerOfProgram(t *testing.T) {
	performtest.NeedRoot(t, "to give files away")
	m := newMachine(t)
	path := t.TempDir() + "/prog"
	for _, a := range []op.Attributes{{Owner: "root"}, {Group: "root"}, {Owner: "7"}, {Owner: itoa(guest)}, {Owner: "root", Mode: new(uint32(0o4711))}} {
		want := uint32(0o755)
		switch {
		case a.Mode != nil:
			want = *a.Mode
		case a.Owner == itoa(guest): // as before
			want = 0o6755
		}
		inPlace := writeOp(path, "new", a)
		inPlace.InPlace = true
		for _, o := range []op.Op{{Attr: &op.Attr{Path: path, Attributes: a}}, {Write: writeOp(path, "new", a)}, {Write: inPlace}} {
			performtest.Put(t, path, "", 0o755)
			if err := errors.Join(os.Chown(path, guest, guest), os.Chmod(path, os.ModeSetuid|os.ModeSetgid|0o755)); err != nil {
				t.Fatal(err)
			}
			performtest.Do(t, m, o)
			if st := performtest.Lstat(t, path); permissions(st.Mode) != want {
				t.Errorf("%s with %+v: the program of %d:%d has the mode %o, expected %o", o, a, st.Uid, st.Gid, permissions(st.Mode), want)
			}
		}
	}
}

// TestSetNeverWider follows a file's mode through a change of mode and owner.
func TestSetNeverWider(t *testing.T) {
	performtest.NeedRoot(t, "to give files away")
	path := t.TempDir() + "/file"
	for _, from := range []uint32{0, 0o600, 0o660, 0o4755, 0o777} {
		for _, to := range []uint32{0, 0o600, 0o606, 0o4711, 0o777} {
			performtest.Put(t, path, "", fileMode(from))
			if err := os.Chown(path, 0, 0); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, fileMode(from)); err != nil {
				t.Fatal(err)
			}
			n, err := fspath.Open(path, fspath.How{})
			if err != nil {
				t.Fatal(err)
			}
			if changed, err := set(n, &to, owner{7, 8}); err != nil || !changed {
				t.Errorf("%o to %o: %v, %v", from, to, changed, err)
			}
			n.Close()
			if st := performtest.Lstat(t, path); permissions(st.Mode) != to || st.Uid != 7 || st.Gid != 8 {
				t.Errorf("%o to %o: got %o %d:%d", from, to, st.Mode, st.Uid, st.Gid)
			}
		}
	}
}
