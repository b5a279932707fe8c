package overlap_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/overlap"
)

// tree makes directories (names ending in a slash), files, and links (NAME -> TARGET).
func tree(t *testing.T, entries ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name, target, isLink := strings.Cut(e, " -> ")
		p := filepath.Join(root, name)
		switch {
		case isLink:
			err = os.Symlink(strings.ReplaceAll(target, "ROOT", root), p)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(p, 0o755)
		default:
			err = os.WriteFile(p, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFind(t *testing.T) {
	root := tree(t, "data/", "data/db", "data/sub/", "other/", "other/db", "alias -> ROOT/data", "hop -> alias", "current -> data/db", "dangling -> nowhere")
	if err := os.Link(root+"/data/db", root+"/hard"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/data/alone", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		loss  op.Loss
		keep  string
		hit   bool
		below string
		links []string
	}{
		{"the same", op.Loss{Path: "/data/db"}, "/data/db", true, "", nil},
		{"another", op.Loss{Path: "/other/db"}, "/data/db", false, "", nil},
		{"another spelling", op.Loss{Path: "//data/./db/"}, "/data/db", true, "", nil},
		{"up and down again", op.Loss{Path: "/other/../data/db"}, "/data/db", true, "", nil},
		{"up through a link", op.Loss{Path: "/alias/../data/db"}, "/data/db", true, "", []string{"/alias"}},
		{"a linked parent", op.Loss{Path: "/alias/db"}, "/data/db", true, "", []string{"/alias"}},
		{"a link to a link", op.Loss{Path: "/hop/db"}, "/data/db", true, "", []string{"/hop"}},
		{"what is kept has a linked parent", op.Loss{Path: "/data/db"}, "/alias/db", true, "", []string{"/alias"}},
		{"a link itself is not what it leads to", op.Loss{Path: "/alias", Tree: true}, "/data/db", false, "", nil},
		{"nor is the last link", op.Loss{Path: "/current"}, "/data/db", false, "", nil},
		{"a link that is kept", op.Loss{Path: "/data/db"}, "/current", false, "", nil},
		{"a tree above", op.Loss{Path: "/data", Tree: true}, "/data/db", true, "db", nil},
		{"a tree above that is not one", op.Loss{Path: "/data"}, "/data/db", false, "", nil},
		{"a tree above by a link", op.Loss{Path: "/data", Tree: true}, "/alias/sub/x", true, "sub/x", []string{"/alias"}},
		{"a name that begins alike", op.Loss{Path: "/dat", Tree: true}, "/data/db", false, "", nil},
		{"a tree below", op.Loss{Path: "/data/sub", Tree: true}, "/data", false, "", nil},
		{"what is not there", op.Loss{Path: "/alias/new"}, "/data/new", true, "", []string{"/alias"}},
		{"nor its directory", op.Loss{Path: "/alias/a/b", Tree: true}, "/data/a/b/c", true, "c", []string{"/alias"}},
		{"below a dangling link", op.Loss{Path: "/dangling/x"}, "/nowhere/x", false, "", nil},
		{"below a file", op.Loss{Path: "/data/db/x"}, "/data/db", false, "", nil},
		{"another name of a file", op.Loss{Path: "/hard"}, "/data/db", false, "", nil},
		{"another name, written into", op.Loss{Path: "/hard", File: true}, "/data/db", true, "", nil},
		{"its own", op.Loss{Path: "/alias/db", Own: root + "/data/db"}, "/data/db", false, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.loss.Path = root + tt.loss.Path
			got, err := overlap.Find(&op.Overlap{Losses: []op.Loss{tt.loss}, Keep: []string{root + "/not/there", root + tt.keep}})
			if err != nil {
				t.Fatal(err)
			}
			want := &op.OverlapResult{}
			if tt.hit {
				pair := op.OverlapPair{Keep: 1, Below: tt.below}
				for _, l := range tt.links {
					pair.Links = append(pair.Links, root+l)
				}
				want.Pairs = []op.OverlapPair{pair}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, err := overlap.Find(&op.Overlap{Losses: []op.Loss{{Path: "/", Tree: true}}, Keep: []string{root + "/data/db"}})
	if err != nil || len(got.Pairs) != 1 {
		t.Errorf("the root: %+v, %v", got, err)
	}
}

// bind mounts one directory or file over another.
func bind(t *testing.T, from, to string) {
	t.Helper()
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("only root can mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
}

func TestFindThroughMounts(t *testing.T) {
	root := tree(t, "data/", "data/deep/", "data/deep/db/", "data/deep/db/f", "mnt/", "deepmnt/", "tree/", "tree/in/", "tree/in/side/", "one", "file")
	bind(t, root+"/data", root+"/mnt")
	bind(t, root+"/data/deep/db", root+"/deepmnt")
	bind(t, root+"/data/deep", root+"/tree/in/side")
	bind(t, root+"/data/deep/db/f", root+"/file")
	for _, tt := range []struct {
		name   string
		loss   op.Loss
		keep   string
		hit    bool
		below  string
		mounts []string
	}{
		{"a bind-mounted parent", op.Loss{Path: "/mnt/deep/db", Tree: true}, "/data/deep/db", true, "", []string{"/mnt"}},
		{"a tree in it", op.Loss{Path: "/mnt/deep", Tree: true}, "/data/deep/db", true, "db", []string{"/mnt"}},
		{"kept in a mount of a deeper directory", op.Loss{Path: "/data", Tree: true}, "/deepmnt/f", true, "deep/db/f", []string{"/deepmnt"}},
		{"kept is a mount point", op.Loss{Path: "/data", Tree: true}, "/deepmnt", true, "deep/db", []string{"/deepmnt"}},
		{"mounted below the tree", op.Loss{Path: "/tree", Tree: true}, "/data/deep/db", true, "in/side/db", []string{"/tree/in/side"}},
		{"the mount point", op.Loss{Path: "/mnt", Tree: true}, "/data/deep", true, "deep", []string{"/mnt"}},
		{"both in mounts", op.Loss{Path: "/mnt/deep", Tree: true}, "/deepmnt/f", true, "db/f", []string{"/mnt", "/deepmnt"}},
		{"a mounted file", op.Loss{Path: "/file"}, "/data/deep/db/f", true, "", []string{"/file"}},
		{"another in it", op.Loss{Path: "/mnt/deep/dc", Tree: true}, "/data/deep/db", false, "", nil},
		{"beside it", op.Loss{Path: "/one"}, "/file", false, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.loss.Path = root + tt.loss.Path
			got, err := overlap.Find(&op.Overlap{Losses: []op.Loss{tt.loss}, Keep: []string{root + tt.keep}})
			if err != nil {
				t.Fatal(err)
			}
			want := &op.OverlapResult{}
			if tt.hit {
				pair := op.OverlapPair{Below: tt.below}
				for _, m := range tt.mounts {
					pair.Mounts = append(pair.Mounts, root+m)
				}
				want.Pairs = []op.OverlapPair{pair}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
