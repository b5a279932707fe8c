package workspace_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// world is a directory that stands for a file system, with a home in it.
type world struct {
	t    *testing.T
	root string
	env  workspace.Env
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, root: root, env: workspace.Env{Home: filepath.Join(root, "home"), UID: os.Getuid(), SudoUID: -1}}
	w.dir("home")
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.root, name) }

func (w *world) dir(name string) string {
	w.t.Helper()
	if err := os.MkdirAll(w.path(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return w.path(name)
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	w.dir(filepath.Dir(name))
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return w.path(name)
}

func (w *world) chmod(name string, mode os.FileMode) {
	w.t.Helper()
	if err := os.Chmod(w.path(name), mode); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(dir string) *workspace.Workspace {
	w.t.Helper()
	found, err := workspace.Find(w.path(dir), w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// plainly gives an error with its hint, and the world's root as /.
func (w *world) plainly(err error) []string {
	var lines []string
	for e := range diag.All(err) {
		line := e.Error()
		if d, ok := errors.AsType[*diag.Error](e); ok && d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, strings.ReplaceAll(line, w.root, ""))
	}
	return lines
}

func TestFind(t *testing.T) {
	for _, tt := range []struct{ name, at, from, want string }{
		{"here", "home/site", "home/site", "home/site"},
		{"above", "home/site", "home/site/a/b", "home/site"},
		{"home itself", "home", "home/x", "home"},
		{"not above home", "", "home/x", ""},
		{"outside of home", "srv", "srv/x/y", "srv"},
		{"none", "elsewhere", "srv/x", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.file(filepath.Join(tt.at, "froyo.cue"), "")
			w.dir(tt.from)
			want := ""
			if tt.want != "" {
				want = w.path(tt.want)
			}
			if got := w.find(tt.from); got.Root != want {
				t.Errorf("got %q, want %q", got.Root, want)
			}
		})
	}
	t.Run("nearest", func(t *testing.T) {
		w := newWorld(t)
		w.file("srv/froyo.cue", "")
		w.file("srv/x/froyo.cue", "")
		if got := w.find("srv/x").Root; got != w.path("srv/x") {
			t.Errorf("got %q", got)
		}
	})
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       workspace.Settings
		wantErr    []string
	}{
		{name: "empty"},
		{name: "all", text: `package froyo
name: "lab"
inventory: "hosts.ini"
forks: 10
user: "ops"
become: true`, want: workspace.Settings{Name: "lab", Inventory: "hosts.ini", Forks: 10, User: "ops", Become: true}},
		{name: "problems", text: "fork: 5\nforks: 0\nuser: 5\nbecome: \"yes\"\n", wantErr: []string{
			`/srv/froyo.cue:1:1: unknown field "fork" (did you mean "forks"?)`,
			`/srv/froyo.cue:2:8: forks: want a number of hosts, at least 1, got 0`,
			`/srv/froyo.cue:3:7: user: want a user, got 5`,
			`/srv/froyo.cue:4:9: become: want true or false, got "yes"`,
		}},
		{name: "syntax", text: "name: {", wantErr: []string{`/srv/froyo.cue:1:8: expected '}', found the end of the file`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.file("srv/froyo.cue", tt.text)
			found, err := workspace.Find(w.path("srv"), w.env)
			if diff := cmp.Diff(tt.wantErr, w.plainly(err)); diff != "" {
				t.Errorf("errors (-want +got)\n%s", diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tt.want, found.Settings); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestInventory(t *testing.T) {
	w := newWorld(t)
	w.file("none/froyo.cue", "")
	w.file("usual/froyo.cue", "")
	w.file("usual/inventory.cue", "")
	w.file("named/froyo.cue", `inventory: "hosts/lab.ini"`)
	w.file("absolute/froyo.cue", `inventory: "/etc/hosts.ini"`)
	w.file("outside/inventory.cue", "")
	for _, tt := range []struct {
		dir  string
		want []string
	}{
		{"none", nil},
		{"usual", []string{w.path("usual/inventory.cue")}},
		{"named", []string{w.path("named/hosts/lab.ini")}}, // though it is missing: that is an error, and not "this machine"
		{"absolute", []string{"/etc/hosts.ini"}},
		{"outside", nil},
	} {
		t.Run(tt.dir, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, w.find(tt.dir).Inventory()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhereThingsLive(t *testing.T) {
	w := newWorld(t)
	w.file("srv/froyo.cue", "")
	w.dir("a/site")
	w.dir("b/site")
	if got := w.find("srv").StateDir(); got != w.path("srv/data") {
		t.Errorf("a workspace's state is in %s", got)
	}
	below := w.path("home/.local/state/froyo") + string(filepath.Separator)
	a, b := w.find("a/site").StateDir(), w.find("b/site").StateDir()
	if a == b || !strings.HasPrefix(a, below) || !strings.HasPrefix(filepath.Base(b), "site-") {
		t.Errorf("outside of workspaces state is in %s and %s", a, b)
	}
	if got := w.find("a/site").StateDir(); got != a {
		t.Errorf("state moved from %s to %s", a, got)
	}
	w.env.StateHome = "relative"
	if got := w.find("a/site").StateDir(); got != a {
		t.Errorf("a relative XDG_STATE_HOME leads to %s", got)
	}
	w.env.StateHome, w.env.CacheHome = w.path("state"), w.path("cache")
	if got := w.find("a/site").StateDir(); !strings.HasPrefix(got, w.path("state/froyo/site-")) {
		t.Errorf("with XDG_STATE_HOME state is in %s", got)
	}
	cache, err := w.find("srv").CacheDir()
	if err != nil || cache != w.path("cache/froyo") {
		t.Errorf("cache is in %s: %v", cache, err)
	}
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache is open to others: %v, %v", info, err)
	}
	w.chmod("cache/froyo", 0o777)
	if _, err := w.find("srv").CacheDir(); err == nil {
		t.Error("a cache that everybody can write to is taken")
	}
}

func TestWithoutHome(t *testing.T) {
	w := newWorld(t)
	w.file("srv/froyo.cue", "")
	w.dir("x")
	w.env.Home = ""
	_, err := workspace.Find(w.path("x"), w.env)
	want := []string{"there is no home directory to keep things in: HOME is not set (set HOME, or XDG_STATE_HOME)"}
	if diff := cmp.Diff(want, w.plainly(err)); diff != "" {
		t.Errorf("outside of a workspace (-want +got)\n%s", diff)
	}
	if _, err := w.find("srv").CacheDir(); err == nil {
		t.Error("without a home there is a cache")
	}
}
