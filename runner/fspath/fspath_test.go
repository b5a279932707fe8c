package fspath

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	guest = 1000
	other = 1001
)

// bothWays runs a test with the newer system calls, and without them.
func bothWays(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Run("openat2", test)
	t.Run("by hand", func(t *testing.T) {
		UseFallbacks(true)
		t.Cleanup(func() { UseFallbacks(false) })
		test(t)
	})
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
}

// tree makes files in a fresh directory: "dir/", "file", "link -> target", each with "@uid" at its
// end where it is not root's. $ is the directory.
func tree(t *testing.T, lines ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		line, owner, _ := strings.Cut(line, "@")
		name, target, isLink := strings.Cut(line, " -> ")
		at := root + "/" + name
		switch {
		case isLink:
			err = os.Symlink(strings.ReplaceAll(target, "$", root), at)
		case strings.HasSuffix(name, "/"):
			err = os.Mkdir(at, 0o755)
		case strings.Contains(name, "="):
			from, to, _ := strings.Cut(name, "=")
			at = root + "/" + from
			err = os.Link(root+"/"+to, at)
		default:
			err = os.WriteFile(at, []byte(name), 0o600)
		}
		uid := map[string]int{"": 0, "guest": guest, "other": other}[owner]
		if err == nil && uid != 0 {
			err = os.Lchown(strings.TrimSuffix(at, "/"), uid, uid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestOpen(t *testing.T) {
	needRoot(t)
	bothWays(t, func(t *testing.T) {
		root := tree(t, "etc/", "etc/shadow", "etc/d/", "home/", "home/g/@guest", "home/g/own/@guest", "home/g/own/f@guest", "home/g/root", "home/g/rootdir/",
			"var -> etc", "up -> home/../etc", "abs -> $/etc/", "home/g/cfg -> $/etc@guest", "home/g/mine -> own@guest", "home/g/sec -> $/etc/shadow@guest",
			"home/g/gone -> $/nothing@guest", "home/g/two -> mine@guest", "home/g/viaroot -> ../../abs@guest", "home/g/loop -> loop@guest",
			"chain -> home/g/cfg", "home/g/others -> ../o/f@guest", "home/o/@other", "home/o/f@other", "home/g/top -> /@guest", "home/g/dot -> ..@guest",
			"home/g/slash -> own/@guest", "home/g/selfdot -> .@guest", "home/o/fromg -> ../g/own@other", "home/g/back -> $/etc/../home/g/own@guest")
		tests := []struct {
			path, real, err string
			follow          bool
		}{
			{path: "/etc/shadow", real: "/etc/shadow"},
			{path: "//etc/.//shadow/", real: "/etc/shadow"},
			{path: "/var/shadow", real: "/etc/shadow"},
			{path: "/var", real: "/var"},
			{path: "/var", follow: true, real: "/etc"},
			{path: "/up/shadow", real: "/etc/shadow"},
			{path: "/abs/d/..", follow: true, real: "/etc"},
			{path: "/etc/d/../shadow", real: "/etc/shadow"},
			{path: "/home/g/root", real: "/home/g/root"},
			{path: "/home/g/rootdir", follow: true, real: "/home/g/rootdir"},
			{path: "/home/g/mine/f", real: "/home/g/own/f"},
			{path: "/home/g/slash/f", real: "/home/g/own/f"},
			{path: "/home/g/selfdot/own", real: "/home/g/own"},
			{path: "/home/g/back/f", real: "/home/g/own/f"},
			{path: "/home/g/two/f", real: "/home/g/own/f"},
			{path: "/home/g/cfg", real: "/home/g/cfg"},
			{path: "/home/g/cfg", follow: true, err: "the link $/home/g/cfg of 1000 leads to $/etc of 0"},
			{path: "/home/g/cfg/shadow", err: "the link $/home/g/cfg of 1000 leads to $/etc of 0"},
			{path: "/home/g/cfg/none", err: "the link $/home/g/cfg of 1000 leads to $/etc of 0"},
			{path: "/home/g/sec", follow: true, err: "leads to $/etc/shadow of 0"},
			{path: "/home/g/viaroot/shadow", err: "the link $/home/g/viaroot of 1000 leads to $/abs of 0"},
			{path: "/chain/shadow", err: "the link $/home/g/cfg of 1000 leads to $/etc of 0"},
			{path: "/home/g/others", follow: true, err: "the link $/home/g/others of 1000 leads to $/home/o/f of 1001"},
			{path: "/home/o/fromg/f", err: "the link $/home/o/fromg of 1001 leads to $/home/g/own of 1000"},
			{path: "/home/g/top", follow: true, err: "leads to / of 0"},
			{path: "/home/g/dot/g", err: "leads to $/home of 0"},
			{path: "/home/g/gone", follow: true, err: "no such file"},
			{path: "/home/g/gone/x", err: "no such file"},
			{path: "/home/g/loop/x", err: "too many levels"},
			{path: "/etc/shadow/x", err: "not a directory"},
			{path: "/none/x", err: "no such file"},
			{path: "/" + strings.Repeat("x/", 3000), err: "file name too long"},
		}
		for _, tt := range tests {
			n, err := Open(root+tt.path, How{Follow: tt.follow})
			if tt.err != "" {
				if want := strings.ReplaceAll(tt.err, "$", root); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%.80s: got %v, expected %q", tt.path, err, want)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", tt.path, err)
				continue
			}
			if got := strings.TrimPrefix(n.Real(), root); got != tt.real {
				t.Errorf("%s is %s, expected %s", tt.path, got, tt.real)
			}
			if kernel, err := os.Readlink(n.Proc()); err != nil || kernel != n.Real() {
				t.Errorf("%s is %s to the kernel, and %s to us: %v", tt.path, kernel, n.Real(), err)
			}
			n.Close()
		}
		if n, err := Open(root+"/home/g/cfg/shadow", How{Unsafe: true}); err != nil || n.Real() != root+"/etc/shadow" {
			t.Errorf("unsafe: %v", err)
		}
	})
}

// TestRenamedLinks: a link of root's is trusted only where no other user can have put it.
func TestRenamedLinks(t *testing.T) {
	needRoot(t)
	bothWays(t, func(t *testing.T) {
		root := tree(t, "etc/", "etc/shadow", "mnt/@guest", "mnt/f@guest", "home/", "home/g/@guest", "home/g/cfg -> $/etc", "home/g/data -> $/mnt",
			"home/g/app/", "home/g/app/cur -> $/etc", "home/g/app/data -> ../../../mnt", "home/g/to -> $/etc/shadow",
			"tmp/", "tmp/l -> ../etc", "tmp/sub/", "tmp/sub/l -> $/etc", "all/", "all/l -> $/etc", "all/sub/", "all/sub/l -> $/etc", "all/g -> $/mnt@guest",
			"mail/", "mail/l -> $/etc", "own/", "own/l -> $/etc", "g/@guest", "g/l -> $/etc")
		for dir, mode := range map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "all": 0o777, "mail": 0o775, "own": 0o775, "g": 0o777 | os.ModeSticky} {
			if err := os.Chmod(root+"/"+dir, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chown(root+"/mail", 0, 8); err != nil {
			t.Fatal(err)
		}
		const theirs = " of 0, which 1000 can have put there ($/home/g is theirs), leads to $/etc"
		for p, want := range map[string]string{
			"/home/g/cfg/shadow":     "the link $/home/g/cfg" + theirs + " of 0",
			"/home/g/cfg/none":       "the link $/home/g/cfg" + theirs + " of 0",
			"/home/g/to":             "the link $/home/g/to" + theirs + "/shadow of 0",
			"/home/g/app/cur/shadow": "the link $/home/g/app/cur" + theirs + " of 0", // the directory can be renamed
			"/home/g/data/f":         "",
			"/home/g/app/data/f":     "",
			"/tmp/l/shadow":          "",
			"/tmp/sub/l/shadow":      "",
			"/own/l/shadow":          "",
			"/all/g/f":               "",
			"/all/l/shadow":          "the link $/all/l of 0 lies below $/all of 0, where users who are not trusted can rename what is not theirs",
			"/all/sub/l/shadow":      "the link $/all/sub/l of 0 lies below $/all of 0,",
			"/mail/l/shadow":         "the link $/mail/l of 0 lies below $/mail of 0,",
			"/g/l/shadow":            "the link $/g/l of 0, which 1000 can have put there ($/g is theirs), leads to $/etc of 0", // the sticky bit does not bind its owner
		} {
			n, err := Open(root+p, How{Follow: true})
			if err == nil {
				n.Close()
			}
			want = strings.ReplaceAll(want, "$", root)
			if want == "" && err != nil || want != "" && (!errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: got %v, expected %q", p, err, want)
			}
		}
	})
}

func TestMagicLinks(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		for _, p := range []string{"/proc/self/root/etc", "/proc/self/exe", "/proc/self/cwd/x", "/dev/stdin"} {
			_, err := Open(p, How{Follow: true})
			if u, ok := errors.AsType[*Unsafe](err); !ok || !u.Magic {
				t.Errorf("%s: got %v, expected the link to be refused", p, err)
			}
		}
		n, err := Open("/proc/mounts", How{Follow: true})
		if err != nil {
			t.Fatalf("links of /proc that are paths are followed: %v", err)
		}
		n.Close()
	})
}

func TestHardLinks(t *testing.T) {
	needRoot(t)
	bothWays(t, func(t *testing.T) {
		root := tree(t, "etc/", "etc/shadow", "etc/alias=etc/shadow", "g/@guest", "g/shadow=etc/shadow", "g/a@guest", "g/b=g/a", "tmp/", "tmp/x=etc/shadow", "o/@other", "o/a=g/a",
			"rl -> etc", "g/rl=rl", "in -> g/shadow")
		if err := os.Chmod(root+"/tmp", 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		for p, refused := range map[string]bool{"/etc/shadow": false, "/etc/alias": false, "/g/shadow": true, "/g/a": false, "/tmp/x": true, "/o/a": true, "/in": true} {
			n, err := Open(root+p, How{Follow: true, Content: true})
			if err == nil {
				n.Close()
			}
			if u, ok := errors.AsType[*Unsafe](err); ok != refused || ok && !u.Hard || !ok && err != nil {
				t.Errorf("%s: refused %v, expected %v: %v", p, ok, refused, err)
			}
			if n, err := Open(root+p, How{Follow: true, Content: true, Unsafe: true}); err != nil {
				t.Errorf("%s unsafe: %v", p, err)
			} else {
				n.Close()
			}
		}
		if _, err := Open(root+"/g/rl/shadow", How{}); !errors.Is(err, os.ErrPermission) {
			t.Errorf("a root's link under a name of a user's is followed: %v", err)
		}
	})
}

func TestParent(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		root := tree(t, "d/", "l -> d")
		for p, want := range map[string]string{"/d/new": "/d new", "/l/new//": "/d new", "/l/./new/.": "/d new", "/l": " l"} {
			dir, name, err := OpenParent(root+p, How{})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(dir.Real(), root) + " " + name; got != want {
				t.Errorf("%s: got %q, expected %q", p, got, want)
			}
			dir.Close()
		}
		if _, _, err := OpenParent(root+"/d/..", How{}); err == nil {
			t.Error("a path that ends in .. has no name")
		}
		if dir, name, err := OpenParent("/.", How{}); err != nil || name != "" || dir.Real() != "/" {
			t.Errorf("the root: %q, %v", name, err)
		}
	})
}

func TestPlace(t *testing.T) {
	needRoot(t)
	bothWays(t, func(t *testing.T) {
		root := tree(t, "a/", "a/b/", "a/b/c/", "with space/", "f")
		bind(t, root+"/a/b", root+"/with space")
		place := func(p string) Place {
			n, err := Open(root+p, How{})
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			place, err := n.Place()
			if err != nil {
				t.Fatal(err)
			}
			return place
		}
		if a, b := place("/a/b/c"), place("/with space/c"); a != b || a.Dev == "" || path.Base(a.Path) != "c" {
			t.Errorf("through a bind mount it is %v, and directly %v", b, a)
		}
		if a, b := place("/a/b"), place("/with space"); a != b {
			t.Errorf("a mount point is %v, and what is mounted %v", b, a)
		}
		if a, b := place("/a/b"), place("/a/b/c"); a == b {
			t.Error("different directories have one place")
		}
		one, err := Open(root+"/a/b", How{})
		if err != nil {
			t.Fatal(err)
		}
		defer one.Close()
		two, err := Open(root+"/with space", How{})
		if err != nil {
			t.Fatal(err)
		}
		defer two.Close()
		first, err1 := one.Mount()
		second, err2 := two.Mount()
		if errors.Join(err1, err2) != nil || first == second || first == 0 {
			t.Errorf("a bind mount has the id %d as what it shows: %d", second, first)
		}
	})
}

// bind mounts from on to, for the rest of the test.
func bind(t *testing.T, from, to string) {
	t.Helper()
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(to, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}
