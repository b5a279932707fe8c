package workspace_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/runtime/workspace"
)

func (w *world) init(dir string) (*workspace.Workspace, []string) {
	w.t.Helper()
	made, created, err := workspace.Init(w.path(dir), w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	return made, created
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// tree lists the files and directories below a directory with their modes.
func (w *world) tree(dir string) map[string]string {
	w.t.Helper()
	tree := map[string]string{}
	err := fs.WalkDir(os.DirFS(w.path(dir)), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := e.Info()
		tree[name] = info.Mode().String()
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

var everything = []string{
	"froyo.cue", "inventory.cue", "site.star", "policies/README.md",
	"data/.gitignore", "data/keys/agekey", "data/keys/signing", "data/keys/signing.pub",
}

func TestInit(t *testing.T) {
	w := newWorld(t)
	made, created := w.init("new/site")
	if made.Root != w.path("new/site") {
		t.Errorf("the workspace is %q", made.Root)
	}
	if diff := cmp.Diff(everything, created); diff != "" {
		t.Errorf("created (-want +got)\n%s", diff)
	}
	want := map[string]string{
		"froyo.cue": "-rw-r--r--", "inventory.cue": "-rw-r--r--", "site.star": "-rw-r--r--",
		"policies": "drwxr-xr-x", "policies/README.md": "-rw-r--r--",
		"data": "drwx------", "data/.gitignore": "-rw-r--r--", "data/blobs": "drwx------", "data/keys": "drwx------",
		"data/keys/agekey": "-rw-------", "data/keys/signing": "-rw-------", "data/keys/signing.pub": "-rw-r--r--",
	}
	if diff := cmp.Diff(want, w.tree("new/site")); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	inv, err := source.Load(t.Context(), made.Inventory(), source.Options{Trust: made.Trust})
	if err != nil {
		t.Fatal(err)
	}
	if h := inv.Host("localhost"); h == nil || h.Connection != inventory.Local {
		t.Errorf("the inventory has %+v", inv.Hosts())
	}
}

func TestInitKeys(t *testing.T) {
	w := newWorld(t)
	w.init("site")
	identities, err := age.ParseIdentities(strings.NewReader(w.read("site/data/keys/agekey")))
	if err != nil || len(identities) != 1 {
		t.Errorf("agekey holds %d identities: %v", len(identities), err)
	}
	private, _ := pem.Decode([]byte(w.read("site/data/keys/signing")))
	public, _ := pem.Decode([]byte(w.read("site/data/keys/signing.pub")))
	if private == nil || public == nil {
		t.Fatal("the signing keys are no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	half, err := x509.ParsePKIXPublicKey(public.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if signing, ok := key.(ed25519.PrivateKey); !ok || !signing.Public().(ed25519.PublicKey).Equal(half) {
		t.Error("the keys do not belong together")
	}
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	w := newWorld(t)
	w.file("site/site.star", "mine")
	w.file("site/notes.txt", "mine")
	if _, created := w.init("site"); len(created) != len(everything)-1 {
		t.Errorf("created %v", created)
	}
	before := w.read("site/data/keys/agekey")
	w.remove("site/data/keys/signing.pub")
	_, created := w.init("site")
	if diff := cmp.Diff([]string{"data/keys/signing.pub"}, created); diff != "" {
		t.Errorf("the second time created (-want +got)\n%s", diff)
	}
	if w.read("site/site.star") != "mine" || w.read("site/notes.txt") != "mine" || w.read("site/data/keys/agekey") != before {
		t.Error("a file that was there has changed")
	}
	if _, created := w.init("site"); len(created) != 0 {
		t.Errorf("the third time created %v", created)
	}
}

func TestInitRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want string
	}{
		{"a directory that others can write to", func(w *world) { w.dir("site"); w.chmod("site", 0o777) }, "/site can be written by everybody"},
		{"a file in its place", func(w *world) { w.file("site", "") }, "mkdir /site: not a directory"},
		{"a damaged signing key", func(w *world) { w.file("site/data/keys/signing", "x"); w.chmod("site/data/keys/signing", 0o600) }, "/site/data/keys/signing is damaged: it holds no key in PEM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.do(w)
			_, _, err := workspace.Init(w.path("site"), w.env)
			w.expect(err, tt.want)
		})
	}
}

func TestInitLeavesNoTemporaryFiles(t *testing.T) {
	w := newWorld(t)
	w.init("site")
	for name := range w.tree("site") {
		if base := filepath.Base(name); strings.HasPrefix(base, ".") && base != ".gitignore" {
			t.Errorf("left behind: %s", name)
		}
	}
}

func TestSealer(t *testing.T) {
	w := newWorld(t)
	seal := func(dir string) string {
		t.Helper()
		f, err := w.find(dir).Sealer()
		if err != nil {
			t.Fatal(err)
		}
		return f([]byte("secret"))
	}
	w.file("a/froyo.cue", "")
	w.file("b/froyo.cue", "")
	first := seal("a")
	if seal("a") != first {
		t.Error("the digest of a workspace changes")
	}
	if seal("b") == first {
		t.Error("two workspaces have the same key")
	}
	if mode := w.tree("a")["data/keys/digest"]; mode != "-rw-------" {
		t.Errorf("the key's mode is %s", mode)
	}
	w.chmod("a/data/keys/digest", 0o644)
	_, err := w.find("a").Sealer()
	w.expect(err, "the workspace's digest key: /a/data/keys/digest can be read by others (mode 0644)")
	for _, damaged := range []string{"abc", strings.Repeat("x", 64)} {
		w.file("b/data/keys/digest", damaged)
		w.chmod("b/data/keys/digest", 0o600)
		_, err := w.find("b").Sealer()
		w.expect(err, "the workspace's digest key: /b/data/keys/digest is damaged")
	}
}
