package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// guest is a user who is not trusted.
const guest = 1000

// bothWays runs a test with the newer system calls, and without them.
func bothWays(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Run("new kernel", test)
	t.Run("old kernel", func(t *testing.T) {
		fspath.UseFallbacks(true)
		t.Cleanup(func() { fspath.UseFallbacks(false) })
		test(t)
	})
}

// homes makes /etc with a secret, and a guest's home beside it.
func homes(t *testing.T) (etc, home string) {
	t.Helper()
	performtest.NeedRoot(t, "to give files away")
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	etc, home = root+"/etc", root+"/home"
	err = errors.Join(os.Chmod(root, 0o755), os.MkdirAll(etc+"/sub", 0o755), os.Mkdir(home, 0o755), os.Mkdir(home+"/own", 0o755),
		os.Chown(home, guest, guest), os.Chown(home+"/own", guest, guest))
	if err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, etc+"/secret", "canary", 0o600)
	return etc, home
}

// byGuest makes a link of the guest's.
func byGuest(t *testing.T, target, at string) {
	t.Helper()
	if err := errors.Join(os.Symlink(target, at), os.Lchown(at, guest, guest)); err != nil {
		t.Fatal(err)
	}
}

// allOps is every op on files, at a path.
func allOps(p string, unsafe bool) []op.Op {
	write := writeOp(p, "new", op.Attributes{})
	write.Unsafe = unsafe
	inPlace := *write
	inPlace.InPlace = true
	return []op.Op{
		{Stat: &op.Stat{Path: p, Unsafe: unsafe}},
		{Read: &op.Read{Path: p, Limit: 100, Unsafe: unsafe}},
		{List: &op.List{Path: p, Unsafe: unsafe}},
		{Write: write},
		{Write: &inPlace},
		{Link: &op.Link{Path: p, Target: "x", Unsafe: unsafe}},
		{Attr: &op.Attr{Path: p, Attributes: mode(0o666), Unsafe: unsafe}},
		{Remove: &op.Remove{Path: p, Recurse: true, Unsafe: unsafe}},
		{Mkdir: &op.Mkdir{Path: p + "/new/dir", Attributes: op.Attributes{Owner: itoa(guest)}, Unsafe: unsafe}},
	}
}

func TestLinksOfUsers(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		etc, home := homes(t)
		m := newMachine(t)
		byGuest(t, etc, home+"/cfg")
		byGuest(t, "cfg", home+"/two")
		if err := os.Symlink("cfg", home+"/byroot"); err != nil {
			t.Fatal(err)
		}
		for _, way := range []string{"/cfg", "/two", "/byroot"} {
			for _, o := range allOps(home+way+"/secret", false) {
				e := performtest.Refused(t, m, o, op.CodeUnsafe)
				want := "unsafe path transition: the link " + home + "/cfg of 1000 leads to " + etc + " of root"
				if e.Message = strings.Replace(e.Message, m.users.names.User(t.Context(), guest), "1000", 1); e.Message != want {
					t.Errorf("%s: got %q, expected %q", o, e.Message, want)
				}
				if !strings.Contains(e.Hint(), `follow = "unsafe"`) {
					t.Errorf("the hint is %q", e.Hint())
				}
			}
		}
		if performtest.Slurp(t, etc+"/secret") != "canary" || performtest.NamesIn(t, etc) != "secret sub" {
			t.Error("what the link leads to was changed")
		}
		performtest.Do(t, m, op.Op{Write: &op.Write{Path: home + "/cfg/secret", Content: op.NewBlob([]byte("by request")), Unsafe: true}})
		if performtest.Slurp(t, etc+"/secret") != "by request" {
			t.Error("follow = unsafe does not follow")
		}
	})
}

// TestOwnLinks: what the guest may link to, and what of root's may lie in the guest's home.
func TestOwnLinks(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		etc, home := homes(t)
		m := newMachine(t)
		byGuest(t, "own", home+"/link")
		performtest.Do(t, m, op.Op{Mkdir: &op.Mkdir{Path: home + "/link/a/b", Attributes: op.Attributes{Owner: itoa(guest)}}})
		performtest.Do(t, m, op.Op{Write: writeOp(home+"/link/f", "x", op.Attributes{})})
		r := performtest.Do(t, m, op.Op{Stat: &op.Stat{Path: home + "/link/./f"}}).Stat
		if r.Real != home+"/own/f" || r.Size != 1 {
			t.Errorf("the real path is %q", r.Real)
		}
		if r := performtest.Do(t, m, op.Op{Stat: &op.Stat{Path: home + "//own/f"}}).Stat; r.Real != "" {
			t.Errorf("without a link the real path is %q", r.Real)
		}
		performtest.Do(t, m, op.Op{Write: writeOp(home+"/root.conf", "x", mode(0o600))})
		performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: home + "/root.conf", Attributes: mode(0o644)}})
		if got := performtest.Do(t, m, op.Op{Read: &op.Read{Path: home + "/root.conf"}}).Read; !got.Regular {
			t.Errorf("a file of root's in a user's directory: %+v", got)
		}
		// At the path itself a link is not followed, and what it leads to is no file there.
		byGuest(t, etc+"/secret", home+"/sec")
		if got := performtest.Do(t, m, op.Op{Read: &op.Read{Path: home + "/sec", Limit: 100, NoFollow: true}}).Read; !got.Exists || got.Regular {
			t.Errorf("a link that is not followed is %+v", got)
		}
		performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: home + "/sec", Attributes: op.Attributes{Owner: "1"}}})
		performtest.Do(t, m, op.Op{Write: writeOp(home+"/sec", "x", op.Attributes{})})
		if st := performtest.Lstat(t, etc+"/secret"); st.Uid != 0 || performtest.Slurp(t, etc+"/secret") != "canary" {
			t.Error("what a link led to was changed")
		}
		byGuest(t, etc+"/none", home+"/gone")
		for _, o := range []op.Op{{Mkdir: &op.Mkdir{Path: home + "/gone/x"}}, {Write: writeOp(home+"/gone/x", "x", op.Attributes{})}} {
			if r := m.Perform(t.Context(), o, perform.Stream{In: performtest.Content(t, o)}); r.Error == nil || r.Error.Code != "enoent" || performtest.NamesIn(t, etc) != "secret sub" {
				t.Errorf("%s through a dangling link: %+v", o, r)
			}
		}
	})
}

func TestHardLinksOfUsers(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		etc, home := homes(t)
		m := newMachine(t)
		if err := errors.Join(os.Link(etc+"/secret", home+"/own/h"), os.Link(etc+"/secret", etc+"/sub/h")); err != nil {
			t.Fatal(err)
		}
		backup, inPlace := writeOp(home+"/own/h", "x", op.Attributes{}), writeOp(home+"/own/h", "x", op.Attributes{})
		backup.Backup, inPlace.InPlace = true, true
		for _, o := range []op.Op{
			{Read: &op.Read{Path: home + "/own/h", Limit: 100}},
			{Attr: &op.Attr{Path: home + "/own/h", Attributes: mode(0o666)}},
			{Attr: &op.Attr{Path: home, Recurse: true, Attributes: op.Attributes{Owner: itoa(guest)}}},
			{Write: backup},
			{Write: inPlace},
			{Write: writeOp(home+"/own/h", "x", op.Attributes{})}, // which would get the mode and owner of that file
		} {
			e := performtest.Refused(t, m, o, op.CodeUnsafe)
			if !strings.Contains(e.Message, "unsafe path transition: "+home+"/own/h of root has other names, too, and lies in "+home+"/own of ") {
				t.Errorf("%s: %q", o, e.Message)
			}
		}
		if st := performtest.Lstat(t, etc+"/secret"); st.Uid != 0 || permissions(st.Mode) != 0o600 || performtest.Slurp(t, etc+"/secret") != "canary" {
			t.Error("the file was changed")
		}
		// Root's own hard links are no matter, and giving a tree away does not meet itself.
		performtest.Do(t, m, op.Op{Attr: &op.Attr{Path: etc, Recurse: true, Attributes: op.Attributes{Owner: "1"}}})
		if st := performtest.Lstat(t, etc+"/secret"); st.Uid != 1 || performtest.Lstat(t, etc).Uid != 1 {
			t.Error("the tree was not given away")
		}
		// A rename over a name of root's does not touch the file.
		performtest.Do(t, m, op.Op{Write: writeOp(etc+"/sub/h", "new", op.Attributes{})})
		if performtest.Slurp(t, etc+"/secret") != "canary" || performtest.Slurp(t, etc+"/sub/h") != "new" {
			t.Error("replacing one name changed the other")
		}
	})
}

// TestNeverTwice flips sixty names between a file and a link to root's file, while they are read.
func TestNeverTwice(t *testing.T) {
	etc, home := homes(t)
	m := newMachine(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	name := func(i int) string { return home + "/n" + itoa(i) }
	flip := func(i int) {
		fresh := name(i) + ".new"
		switch i % 3 {
		case 0:
			_ = os.WriteFile(fresh, []byte("mine"), 0o600)
		case 1:
			_ = os.Symlink(etc+"/secret", fresh)
		case 2:
			_ = os.Link(etc+"/secret", fresh)
		}
		if i%3 != 2 {
			_ = os.Lchown(fresh, guest, guest)
		}
		_ = os.Rename(fresh, name(i/3))
	}
	wg.Go(func() {
		for i := 0; ; i = (i*7 + 1) % 180 {
			select {
			case <-stop:
				return
			default:
				flip(i)
			}
		}
	})
	read := 0
	for i := range 6000 {
		var got bytes.Buffer
		send := func(_ context.Context, r io.Reader) error {
			_, err := io.Copy(&got, r)
			return err
		}
		r := m.Perform(t.Context(), op.Op{Read: &op.Read{Path: name(i % 60), Limit: 100, NoFollow: i%2 == 0}}, perform.Stream{Out: send})
		if strings.Contains(got.String(), "canary") || r.Read != nil && r.Read.Sum == op.Sum([]byte("canary")) {
			t.Fatalf("root's file was read: %+v", r)
		}
		if got.String() == "mine" {
			read++
		}
	}
	close(stop)
	wg.Wait()
	if read == 0 {
		t.Error("no file was ever read, so nothing was tested")
	}
}

// bind mounts from on to until the test ends.
func bind(t *testing.T, from, to string) {
	t.Helper()
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		t.Skip("mounting is not allowed here: " + err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
}

func TestRemoveStopsAtMounts(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		m := newMachine(t)
		etc, home := homes(t)
		performtest.Put(t, home+"/own/first", "", 0o600)
		if err := errors.Join(os.MkdirAll(home+"/own/z/deep", 0o755), os.MkdirAll(home+"/top", 0o755)); err != nil {
			t.Fatal(err)
		}
		bind(t, etc, home+"/own/z/deep")
		bind(t, etc, home+"/top")
		remove := func(p string) op.Op { return op.Op{Remove: &op.Remove{Path: home + p, Recurse: true}} }
		e := performtest.Refused(t, m, remove("/own"), "mount")
		if want := "something is mounted at " + home + "/own/z/deep,"; !strings.Contains(e.Message, want) {
			t.Errorf("got %q, expected %q", e.Message, want)
		}
		_ = performtest.Refused(t, m, remove("/top"), "mount")
		_ = performtest.Refused(t, m, op.Op{Remove: &op.Remove{Path: home + "/top"}}, "mount")
		list := performtest.Do(t, m, op.Op{List: &op.List{Path: home + "/own", Recurse: true, Tally: true, Mounts: true, Limit: 1}}).List
		if strings.Join(list.Mounts, " ") != "z/deep" || list.Count != 2 || list.Dirs != 1 || !list.More || len(list.Entries) != 1 {
			t.Errorf("the list is %+v", list)
		}
		list = performtest.Do(t, m, op.Op{List: &op.List{Path: home + "/top", Mounts: true, Limit: 1}}).List
		if strings.Join(list.Mounts, " ") != "." {
			t.Errorf("the list of a mount point is %+v", list)
		}
		if err := syscall.Unmount(home+"/own/z/deep", 0); err != nil {
			t.Fatal(err)
		}
		bind(t, etc+"/secret", home+"/own/first") // one file
		e = performtest.Refused(t, m, remove("/own"), "mount")
		if want := "something is mounted at " + home + "/own/first,"; !strings.Contains(e.Message, want) {
			t.Errorf("got %q, expected %q", e.Message, want)
		}
		if performtest.NamesIn(t, etc) != "secret sub" || performtest.NamesIn(t, home+"/own") != "first z" {
			t.Errorf("something was removed: %q, %q", performtest.NamesIn(t, etc), performtest.NamesIn(t, home+"/own"))
		}
		if err := syscall.Unmount(home+"/own/first", 0); err != nil {
			t.Fatal(err)
		}
		performtest.Do(t, m, remove("/own"))
	})
}

// TestRemoveMeetsMount mounts while a tree is being removed.
func TestRemoveMeetsMount(t *testing.T) {
	etc, home := homes(t)
	if err := os.MkdirAll(home+"/own/a/m", 0o755); err != nil {
		t.Fatal(err)
	}
	n, err := fspath.Open(home+"/own", fspath.How{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	mounted := false
	err = n.RemoveBelow(func() error {
		if !mounted {
			mounted = true
			bind(t, etc, home+"/own/a/m")
		}
		return nil
	})
	if e, ok := errors.AsType[*fspath.Mounted](err); !ok || e.Path != home+"/own/a/m" {
		t.Errorf("got %v, expected the mount point", err)
	}
	if performtest.NamesIn(t, etc) != "secret sub" {
		t.Errorf("what is mounted was emptied: %q is left", performtest.NamesIn(t, etc))
	}
}

// TestForeignOwners makes directories and links as file systems do that give them an owner
// and a mode of their own: where no other user can have made them, they are taken as they are.
func TestForeignOwners(t *testing.T) {
	etc, home := homes(t)
	m := newMachine(t)
	for dir, code := range map[string]string{etc: "", home: "changed"} {
		at, err := m.users.target(t.Context(), dir+"/name", false)
		if err != nil {
			t.Fatal(err)
		}
		defer at.close()
		if err := errors.Join(os.Mkdir(dir+"/name", 0o755), os.Chown(dir+"/name", 7, 7)); err != nil {
			t.Fatal(err)
		}
		n, err := at.at()
		if err != nil || n == nil {
			t.Fatal(err)
		}
		defer n.Close()
		if err := m.dress(t.Context(), at, n, 0o700, op.Attributes{}); (err == nil) != (code == "") || err != nil && !perform.IsCode(err, "enotdir") {
			t.Errorf("a directory in %s: %v", dir, err)
		}
		if err := errors.Join(os.Symlink("x", dir+"/draft"), os.Lchown(dir+"/draft", 7, 7)); err != nil {
			t.Fatal(err)
		}
		at.name = "link"
		if err := m.settle(at, "draft", "x", keep, nil); (err == nil) != (code == "") || err != nil && !perform.IsCode(err, code) {
			t.Errorf("a link in %s: %v", dir, err)
		}
	}
}
