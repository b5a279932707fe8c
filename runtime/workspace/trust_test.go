package workspace_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// stranger is a user and group that do not exist here.
const stranger = 54321

// give makes a file another user's.
func (w *world) give(name string, uid int) {
	w.t.Helper()
	if os.Getuid() != 0 {
		w.t.Skip("needs root, to give files away")
	}
	if err := os.Chown(w.path(name), uid, -1); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) regroup(name string, gid int) {
	w.t.Helper()
	if os.Getuid() != 0 {
		w.t.Skip("needs root, to give files away")
	}
	if err := os.Chown(w.path(name), -1, gid); err != nil {
		w.t.Fatal(err)
	}
}

func TestTrust(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want string // of the error; "" is trusted
	}{
		{"plain", func(*world) {}, ""},
		{"private", func(w *world) { w.chmod("srv", 0o700); w.chmod("srv/lib/web/x.star", 0o600) }, ""},
		{"file for everybody", func(w *world) { w.chmod("srv/lib/web/x.star", 0o646) }, "/srv/lib/web/x.star can be written by everybody (mode 0646, "},
		{"directory for everybody", func(w *world) { w.chmod("srv/lib/web", 0o777) }, "/srv/lib/web can be written by everybody (mode 0777, "},
		{"directory between", func(w *world) { w.chmod("srv/lib", 0o777) }, "/srv/lib can be written by everybody (mode 0777, "},
		{"root", func(w *world) { w.chmod("srv", 0o757) }, "/srv can be written by everybody (mode 0757, "},
		{"above the root", func(w *world) { w.chmod("", 0o777) }, ""},
		{"sticky directory", func(w *world) { w.chmod("srv", 0o777|fs.ModeSticky) }, ""},
		{"own group", func(w *world) { w.chmod("srv", 0o775); w.own("srv") }, ""},
		{"other group", func(w *world) { w.chmod("srv", 0o775); w.regroup("srv", stranger) }, "/srv can be written by group 54321 (mode 0775, "},
		{"other group that only reads", func(w *world) { w.regroup("srv", stranger) }, ""},
		{"another user's file", func(w *world) { w.give("srv/lib/web/x.star", stranger) }, "/srv/lib/web/x.star belongs to user 54321 (mode 0644)"},
		{"another user's directory", func(w *world) { w.give("srv/lib", stranger) }, "/srv/lib belongs to user 54321 (mode 0755)"},
		{"sudo caller's", func(w *world) { w.give("srv/lib", stranger); w.env.SudoUID = stranger }, ""},
		{"link to another user's", func(w *world) {
			w.file("other.star", "")
			w.give("other.star", stranger)
			w.link("other.star", "srv/lib/web/x.star")
		}, "/srv/lib/web/x.star belongs to user 54321"},
		{"missing", func(w *world) { w.remove("srv/lib/web/x.star") }, "stat /srv/lib/web/x.star: no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.file("srv/froyo.cue", "")
			w.file("srv/lib/web/x.star", "")
			tt.do(w)
			found, err := workspace.Find(w.path("srv"), w.env)
			if err == nil {
				err = found.Trust(w.path("srv/lib/web/x.star"))
			}
			w.expect(err, tt.want)
		})
	}
}

// own gives a file's group the number of its owner.
func (w *world) own(name string) {
	w.t.Helper()
	if err := os.Chown(w.path(name), -1, os.Getuid()); err != nil {
		w.t.Skip("the user has no group of their own: ", err)
	}
}

func (w *world) link(to, from string) {
	w.t.Helper()
	w.remove(from)
	if err := os.Symlink(w.path(to), w.path(from)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// expect checks that an error begins with a text; "" is none.
func (w *world) expect(err error, want string) {
	w.t.Helper()
	got := ""
	if err != nil {
		got = strings.ReplaceAll(err.Error(), w.root, "")
	}
	if (want == "") != (err == nil) || !strings.HasPrefix(got, want) {
		w.t.Errorf("got %q, want %q", got, want)
	}
}

func TestTrustSaysWhatMends(t *testing.T) {
	w := newWorld(t)
	w.file("srv/froyo.cue", "")
	found := w.find("srv")
	w.chmod("srv/froyo.cue", 0o666)
	d, ok := errors.AsType[*diag.Error](found.Trust(w.path("srv/froyo.cue")))
	if !ok {
		t.Fatal("no diag.Error")
	}
	if diff := cmp.Diff("chmod o-w "+w.path("srv/froyo.cue"), d.Hint); diff != "" {
		t.Errorf("hint (-want +got)\n%s", diff)
	}
}

func TestFindRefusesWhatIsNotTrusted(t *testing.T) {
	w := newWorld(t)
	w.file("srv/froyo.cue", "")
	w.chmod("srv", 0o777)
	_, err := workspace.Find(w.path("srv"), w.env)
	w.expect(err, "/srv can be written by everybody")
}

func TestTrustOutsideOfWorkspaces(t *testing.T) {
	w := newWorld(t)
	w.file("tmp/work/x.star", "")
	w.chmod("tmp", 0o777)
	found := w.find("tmp/work")
	w.expect(found.Trust(w.path("tmp/work/x.star")), "")
	w.chmod("tmp/work", 0o777)
	w.expect(found.Trust(w.path("tmp/work/x.star")), "/tmp/work can be written by everybody")
}

func TestFiles(t *testing.T) {
	w := newWorld(t)
	w.file("srv/froyo.cue", "")
	w.file("srv/lib/good.star", "good")
	w.file("srv/lib/bad.star", "bad")
	w.file("srv/open/x.star", "bad")
	w.file("secret", "secret")
	w.chmod("srv/lib/bad.star", 0o666)
	w.chmod("srv/open", 0o777)
	if err := os.Symlink("../../secret", w.path("srv/lib/out.star")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(w.path("srv/lib/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := w.find("srv").Files(w.path("srv"))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for _, tt := range []struct{ name, want, wantErr string }{
		{name: "lib/good.star", want: "good"},
		{name: "lib/bad.star", wantErr: "/srv/lib/bad.star can be written by everybody"},
		{name: "open/x.star", wantErr: "/srv/open can be written by everybody"},
		{name: "lib/out.star", wantErr: "statat lib/out.star: path escapes from parent"},
		{name: "lib/pipe", wantErr: "open lib/pipe: neither a file nor a directory"},
		{name: "lib/none.star", wantErr: "statat lib/none.star: no such file"},
		{name: "../secret", wantErr: "open ../secret: invalid argument"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, err := fs.ReadFile(files, tt.name)
			if string(text) != tt.want {
				t.Errorf("got %q, want %q", text, tt.want)
			}
			(&world{t: t, root: w.root}).expect(err, tt.wantErr)
		})
	}
	if entries, err := fs.ReadDir(files, "lib"); err != nil || len(entries) != 4 {
		t.Errorf("the directory lists %v: %v", entries, err)
	}
	if _, err := fs.Stat(files, "lib/none.star"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is told as %v", err)
	}
}
