package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/walk"
)

func TestStat(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	performtest.Put(t, dir+"/file", "12345", os.ModeSetgid|0o641)
	err := errors.Join(
		os.Symlink("file", dir+"/link"), os.Symlink("none", dir+"/dangling"), os.Symlink("loop", dir+"/loop"),
		os.Symlink("bad\xff\xfename", dir+"/bad"), syscall.Mkfifo(dir+"/fifo", 0o600), os.Chmod(dir, os.ModeSticky|0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid())
	mine := op.StatResult{Exists: true, UID: uid, GID: gid, Owner: m.User, Group: m.users.names.Group(t.Context(), gid)}
	with := func(typ op.Type, mode uint32, size int64, target string) op.StatResult {
		r := mine
		r.Type, r.Mode, r.Size, r.Target = typ, mode, size, target
		return r
	}
	tests := []struct {
		name, path string
		follow     bool
		want       op.StatResult
	}{
		{"file", "/file", false, with(op.TypeFile, 0o2641, 5, "")},
		{"directory", "", false, with(op.TypeDir, 0o1755, 0, "")},
		{"link", "/link", false, with(op.TypeLink, 0o777, 0, "file")},
		{"through a link", "/link", true, with(op.TypeFile, 0o2641, 5, "")},
		{"fifo", "/fifo", false, with(op.TypeFIFO, 0o600, 0, "")},
		{"target that is not UTF-8", "/bad", false, lossy(with(op.TypeLink, 0o777, 0, "bad\uFFFDname"))},
		{"dangling link", "/dangling", false, with(op.TypeLink, 0o777, 0, "none")},
		{"through a dangling link", "/dangling", true, op.StatResult{}},
		{"nothing", "/none", false, op.StatResult{}},
		{"below a file", "/file/x", false, op.StatResult{NoParent: true}},
		{"below nothing", "/none/x", false, op.StatResult{NoParent: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := performtest.Do(t, m, op.Op{Stat: &op.Stat{Path: dir + tt.path, Follow: tt.follow}})
			if diff := cmp.Diff(&tt.want, r.Stat); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
			sameDigest(t, r)
		})
	}
	_ = performtest.Refused(t, m, op.Op{Stat: &op.Stat{Path: dir + "/loop", Follow: true}}, "eloop")
	if got := performtest.Do(t, m, op.Op{Stat: &op.Stat{Path: "/dev/null"}}).Stat.Type; got != op.TypeChar {
		t.Errorf("/dev/null is a %s", got)
	}
}

// sameDigest checks that a result has the same digest on the other end.
func sameDigest(t *testing.T, r op.Result) {
	t.Helper()
	var line bytes.Buffer
	if err := protocol.NewWriter(&line).Send(protocol.Frame{Done: &protocol.Done{ID: 1, Result: r}}); err != nil {
		t.Fatal(err)
	}
	f, err := protocol.NewReader(&line).Read()
	if err != nil {
		t.Fatal(err)
	}
	if protocol.Digest(f.Done.Result) != protocol.Digest(r) {
		t.Errorf("the other end computes another digest of %+v", r)
	}
}

func TestList(t *testing.T) {
	m := newMachine(t)
	dir, _ := tree(t)
	performtest.Put(t, dir+"/bad\xffname", "", 0o600)
	paths := func(l *op.List) (got []string) {
		r := performtest.Do(t, m, op.Op{List: l})
		for _, e := range r.List.Entries {
			got = append(got, string(e.Type)+" "+e.Path)
		}
		if r.List.More {
			got = append(got, "more")
		}
		if !r.List.Exists {
			got = append(got, "absent")
		}
		sameDigest(t, r)
		return got
	}
	if err := os.Symlink(dir, dir+"-link"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		list op.List
		want []string
	}{
		{"one level", op.List{Path: dir}, []string{"directory a", "file a.txt", "file bad\uFFFDname", "link z"}},
		{"all levels", op.List{Path: dir, Recurse: true}, []string{
			"directory a", "directory a/b", "link a/b/link", "file a/file", "fifo a/pipe", "file a.txt", "file bad\uFFFDname", "link z",
		}},
		{"through a link", op.List{Path: dir + "-link/"}, []string{"directory a", "file a.txt", "file bad\uFFFDname", "link z"}},
		{"limit", op.List{Path: dir, Recurse: true, Limit: 2}, []string{"directory a", "directory a/b", "more"}},
		{"exactly the limit", op.List{Path: dir, Limit: 4}, []string{"directory a", "file a.txt", "file bad\uFFFDname", "link z"}},
		{"those that differ", op.List{Path: dir, Recurse: true, Unless: new(mode(0o700))}, []string{"file a/file", "fifo a/pipe", "file a.txt", "file bad\uFFFDname"}},
		{"unless of an unknown user", op.List{Path: dir + "/a", Unless: &op.Attributes{Owner: "no-such-user"}}, []string{"directory b", "file file", "fifo pipe"}},
		{"nothing there", op.List{Path: dir + "/none"}, []string{"absent"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, paths(&tt.list)); diff != "" {
				t.Errorf("entries differ (-want +got):\n%s", diff)
			}
		})
	}
	_ = performtest.Refused(t, m, op.Op{List: &op.List{Path: dir + "/a.txt"}}, "enotdir")
}

func TestListTooDeep(t *testing.T) {
	m := newMachine(t)
	top := t.TempDir()
	dir, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	for range walk.MaxDepth + 2 {
		if err := dir.Mkdir("d", 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := dir.OpenRoot("d")
		if err != nil {
			t.Fatal(err)
		}
		_ = dir.Close()
		dir = next
	}
	_ = dir.Close()
	_ = performtest.Refused(t, m, op.Op{List: &op.List{Path: top, Recurse: true}}, "depth")
	performtest.Do(t, m, op.Op{Remove: &op.Remove{Path: top + "/d", Recurse: true}})
}

func TestRead(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	big := strings.Repeat("0123456789", heldContent/5)
	performtest.Put(t, dir+"/small", "small", 0o600)
	performtest.Put(t, dir+"/empty", "", 0o600)
	performtest.Put(t, dir+"/big", big, 0o600)
	performtest.Put(t, dir+"/sparse", "", 0o600)
	const sparse = 7_000_000_000_000
	if err := errors.Join(os.Symlink("small", dir+"/link"), syscall.Mkfifo(dir+"/fifo", 0o600), os.Truncate(dir+"/sparse", sparse)); err != nil {
		t.Fatal(err)
	}
	sum := func(s string) string { return op.Sum([]byte(s)) }
	tests := []struct {
		name string
		read op.Read
		want op.ReadResult
		sent string
	}{
		{"content", op.Read{Path: "/small", Limit: 5}, full("small"), "small"},
		{"through a link", op.Read{Path: "/link", Limit: 100}, full("small"), "small"},
		{"digest alone", op.Read{Path: "/small"}, digest("small"), ""},
		{"larger than the limit", op.Read{Path: "/small", Limit: 4}, op.ReadResult{Exists: true, Regular: true, Size: 5}, ""},
		{"larger than the limit, of the size that is compared", op.Read{Path: "/small", Limit: 4, Size: 5}, digest("small"), ""},
		{"within the limit, of another size", op.Read{Path: "/small", Limit: 5, Size: 4}, full("small"), "small"},
		{"sparse, without end for who reads it", op.Read{Path: "/sparse", Limit: 100, Size: 5}, op.ReadResult{Exists: true, Regular: true, Size: sparse}, ""},
		{"unless", op.Read{Path: "/small", Limit: 100, Unless: sum("small")}, digest("small"), ""},
		{"unless it is another", op.Read{Path: "/small", Limit: 100, Unless: sum("other")}, full("small"), "small"},
		{"empty", op.Read{Path: "/empty", Limit: 100}, full(""), ""},
		{"large", op.Read{Path: "/big", Limit: 1 << 40}, full(big), big},
		{"larger than a small limit", op.Read{Path: "/big", Limit: 100, Size: int64(len(big))}, digest(big), ""},
		{"directory", op.Read{Path: "", Limit: 100}, op.ReadResult{Exists: true}, ""},
		{"fifo", op.Read{Path: "/fifo", Limit: 100}, op.ReadResult{Exists: true}, ""},
		{"nothing", op.Read{Path: "/none", Limit: 100}, op.ReadResult{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent bytes.Buffer
			send := func(_ context.Context, r io.Reader) error {
				_, err := io.Copy(&sent, r)
				return err
			}
			tt.read.Path = dir + tt.read.Path
			r := m.Perform(t.Context(), op.Op{Read: &tt.read}, perform.Stream{Out: send})
			if r.Read != nil && (r.Read.MTime != 0) != (r.Read.Regular && r.Read.Sum == "") {
				t.Errorf("the time of the last change is %d, with the digest %q", r.Read.MTime, r.Read.Sum)
			}
			if r.Read != nil {
				r.Read.MTime = 0
			}
			if diff := cmp.Diff(op.Result{Read: &tt.want}, r); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
			if sent.String() != tt.sent {
				t.Errorf("%d bytes were sent, expected %d", sent.Len(), len(tt.sent))
			}
		})
	}
	t.Run("kernel's file without a size", func(t *testing.T) {
		r := m.Perform(t.Context(), op.Op{Read: &op.Read{Path: "/proc/self/comm"}}, perform.Stream{})
		if r.Read == nil || r.Read.Size == 0 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("changed meanwhile", func(t *testing.T) {
		send := func(_ context.Context, r io.Reader) error {
			performtest.Put(t, dir+"/big", strings.ToUpper(big)+"x", 0o600)
			_, err := io.Copy(io.Discard, io.MultiReader(r))
			return err
		}
		performtest.Put(t, dir+"/big", "X"+big[1:], 0o600)
		r := m.Perform(t.Context(), op.Op{Read: &op.Read{Path: dir + "/big", Limit: 1 << 40}}, perform.Stream{Out: send})
		if r.Error == nil || r.Error.Code != "changed" || r.Error.Class != op.Transient {
			t.Errorf("got %+v, expected that the change is noticed", r)
		}
	})
}

func digest(s string) op.ReadResult {
	return op.ReadResult{Exists: true, Regular: true, Size: int64(len(s)), Sum: op.Sum([]byte(s))}
}

func full(s string) op.ReadResult {
	r := digest(s)
	r.Content = &op.Blob{Sum: r.Sum, Size: r.Size}
	return r
}

func TestReadWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("needs a user other than root, who may read everything")
	}
	m := newMachine(t)
	path := t.TempDir() + "/file"
	performtest.Put(t, path, "", 0)
	e := performtest.Refused(t, m, op.Op{Read: &op.Read{Path: path}}, "eacces")
	if want := "read " + path + ": permission denied"; e.Message != want {
		t.Errorf("got %s, expected %s", strconv.Quote(e.Message), want)
	}
}

// lossy is a result whose target had bytes replaced.
func lossy(r op.StatResult) op.StatResult {
	r.Lossy = true
	return r
}
