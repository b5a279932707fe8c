package store_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// operator is one who has a key.
type operator struct {
	file   string
	public store.Recipient
}

func newOperator(t *testing.T, name string) operator {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	write(t, file, id.String()+"\n", 0o600)
	return operator{file, store.Recipient{Key: id.Recipient().String(), Name: name}}
}

// newSSH is one whose key is that of OpenSSH, with a passphrase unless that is "".
func newSSH(t *testing.T, name, passphrase string) operator {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, name, []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	write(t, file, string(pem.EncodeToMemory(block)), 0o600)
	return operator{file, store.Recipient{Key: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), Name: name}}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), mode)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// opened is a store of an operator whose key is the workspace's own.
func opened(dir string, o operator) *store.Store {
	return store.Open(dir, store.Identities{Own: o.file, Name: "own key"}, nil)
}

func set(t *testing.T, s *store.Store, name, value string) {
	t.Helper()
	if err := s.Set(t.Context(), name, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *store.Store, name, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || string(got) != want {
		t.Fatalf("%s: %q, %v; want %q", name, got, err, want)
	}
}

// refused wants an error with all of the words in its text, detail or hint.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	d, is := errors.AsType[*diag.Error](err)
	if !is {
		t.Fatalf("want an error for people with %q, got %v", words, err)
	}
	if d.Hint == "" {
		t.Errorf("no hint: %v", err)
	}
	text := d.Error() + "\n" + d.Detail + "\n" + d.Hint
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
}

// files are all files of a directory, with what they hold.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.Type().IsRegular():
			all[rel] = read(t, path)
		default:
			all[rel] = d.Type().String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged runs something that is to fail and to leave all as it is.
func unchanged(t *testing.T, dir string, do func() error, words ...string) {
	t.Helper()
	before := files(t, dir)
	refused(t, do(), words...)
	if after := files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("changed:\n%v\nwas\n%v", after, before)
	}
}

func TestSetAndGet(t *testing.T) {
	dir, alice := filepath.Join(t.TempDir(), "secrets"), newOperator(t, "alice")
	s := opened(dir, alice)
	var notices []string
	s.Notice = func(text string) { notices = append(notices, text) }
	if _, err := s.Get(t.Context(), "db/password"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	for _, value := range []string{"", "hunter2", "hunter2\n", "\x00\xff\r\n", strings.Repeat("x", store.MaxSize)} {
		set(t, s, "db/password", value)
		get(t, s, "db/password", value)
	}
	set(t, s, "plain", "p")
	if len(notices) != 1 || !strings.Contains(notices[0], "own key") {
		t.Errorf("said %q", notices)
	}
	unchanged(t, dir, func() error { return s.Set(t.Context(), "db/password", make([]byte, store.MaxSize+1)) },
		"are the most", "encrypt a large file by itself, and keep its key as a secret: froyo secret set db/password")
	found, err := s.List(t.Context())
	if err != nil || len(found) != 2 || found[0].Name != "db/password" || !found[0].Readable || found[1].Name != "plain" || found[1].Size == 0 {
		t.Errorf("list: %+v, %v", found, err)
	}
	if err := s.Remove(t.Context(), "db/password"); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(func(yield func(string) bool) {
		for f := range files(t, dir) {
			if !yield(f) {
				return
			}
		}
	}); !slices.Equal(got, []string{".", "plain.age", "recipients"}) {
		t.Errorf("left: %q", got)
	}
	_, err = s.Get(t.Context(), "plian")
	refused(t, err, "there is no secret plian", "did you mean plain?")
	refused(t, s.Remove(t.Context(), "other/name"), "froyo secret set other/name")
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "db/password", "A_b.c-9/x/y", "x..y", "recipients2", strings.Repeat("a", 200)} {
		if err := store.CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", ".a", "a/.b", "-a", "a b", "a\n", "ä", "a\x00", "a:b", `a\b`, "a*",
		"recipients", "recipients/a", "a.age", "a.AGE/b", strings.Repeat("a", 201), strings.Repeat("a/", 300) + "a",
	} {
		refused(t, store.CheckName(name), "is no name of a secret", "a name is like db/password: letters, digits and _ . - in parts between slashes")
	}
}

// TestNamesThatClash: a name never means two things, on any file system.
func TestNamesThatClash(t *testing.T) {
	dir := t.TempDir()
	s := opened(dir, newOperator(t, "alice"))
	set(t, s, "db/password", "1")
	set(t, s, "top", "2")
	write(t, filepath.Join(dir, "README"), "no secret", 0o644)
	set(t, s, "README", "3")
	for name, words := range map[string]string{
		"db/Password": "beside db/password: they differ in case alone", "DB/password": "beside db: they differ in case alone", "TOP": "beside top: they differ in case",
		"Db": "they differ in case", "db": "beside db/: one name cannot be a part of another", "top/x": "beside top: one name cannot be a part",
	} {
		unchanged(t, dir, func() error { return s.Set(t.Context(), name, []byte("x")) }, words, "take another name; froyo secret list shows those that there are")
		if _, err := s.Get(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentities(t *testing.T) {
	dir := t.TempDir()
	alice, bob, carol := newOperator(t, "alice"), newSSH(t, "bob", ""), newSSH(t, "carol", "open sesame")
	s := opened(dir, alice)
	set(t, s, "a", "1")
	added, names, err := s.AddRecipients(t.Context(), bob.public, carol.public, bob.public)
	if err != nil || len(added) != 2 || !slices.Equal(names, []string{"a"}) {
		t.Fatalf("%v %v %v", added, names, err)
	}
	set(t, s, "b", "2")
	for _, name := range []string{"a", "b"} {
		want := map[string]string{"a": "1", "b": "2"}[name]
		get(t, store.Open(dir, store.Identities{SSH: []string{bob.file, "/nowhere"}}, nil), name, want)
		get(t, store.Open(dir, store.Identities{Files: []string{bob.file}}, nil), name, want)
	}
	asked := 0
	locked := store.Open(dir, store.Identities{SSH: []string{carol.file}, Passphrase: func(string) ([]byte, error) { asked++; return []byte("open sesame"), nil }}, nil)
	if found, err := locked.List(t.Context()); err != nil || !found[0].Readable || asked != 0 {
		t.Errorf("%+v %v, asked %d times", found, err, asked)
	}
	get(t, locked, "a", "1")
	get(t, locked, "b", "2")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	both := store.Open(dir, store.Identities{Own: alice.file, SSH: []string{carol.file}, Passphrase: func(string) ([]byte, error) { t.Error("asked"); return nil, nil }}, nil)
	get(t, both, "a", "1")
	if r, err := both.Recipients(t.Context()); err != nil || len(r) != 3 || !r[0].Mine || r[1].Mine || !r[2].Mine || r[1].Name != "bob" {
		t.Errorf("%+v %v", r, err)
	}
	const another = "another identity can be named: --identity FILE, or FROYO_IDENTITY"
	_, err = store.Open(dir, store.Identities{SSH: []string{carol.file}}, nil).Get(t.Context(), "a")
	refused(t, err, "no terminal", another)
	_, err = store.Open(dir, store.Identities{SSH: []string{carol.file}, Passphrase: func(string) ([]byte, error) { return []byte("no"), nil }}, nil).Get(t.Context(), "a")
	refused(t, err, "the passphrase is wrong", another)
	mallory := newOperator(t, "mallory")
	_, err = opened(dir, mallory).Get(t.Context(), "a")
	refused(t, err, "no key of yours opens it", "recipient: bob", "recipient: carol", "have one who can read it run: froyo secret recipients add "+mallory.public.Key)
	// What the hint says helps.
	if _, _, err := s.AddRecipients(t.Context(), mallory.public); err != nil {
		t.Fatal(err)
	}
	get(t, opened(dir, mallory), "a", "1")
}

func TestBadIdentities(t *testing.T) {
	dir, alice := t.TempDir(), newOperator(t, "alice")
	set(t, opened(dir, alice), "a", "1")
	at := t.TempDir()
	write(t, filepath.Join(at, "open"), read(t, alice.file), 0o644)
	write(t, filepath.Join(at, "text"), "AGE-SECRET-KEY-1TYPO\n", 0o600)
	write(t, filepath.Join(at, "pem"), "-----BEGIN OPENSSH PRIVATE KEY-----\nSEKRET\n-----END OPENSSH PRIVATE KEY-----\n", 0o600)
	write(t, filepath.Join(at, "sealed"), "-----BEGIN AGE ENCRYPTED FILE-----\n", 0o600)
	write(t, filepath.Join(at, "plugin"), "AGE-PLUGIN-YUBIKEY-1SEKRET\n", 0o600)
	for file, words := range map[string]string{
		"missing": "there is no such file", "open": "can be read by others (mode 0644)", "text": "no identity", "pem": "no private key that can be used",
		"sealed": "encrypted itself", "plugin": "plugin",
	} {
		_, err := store.Open(dir, store.Identities{Files: []string{filepath.Join(at, file)}}, nil).Get(t.Context(), "a")
		refused(t, err, words)
		if strings.Contains(err.Error(), "SEKRET") || strings.Contains(err.Error(), "TYPO") {
			t.Errorf("shows the key: %v", err)
		}
	}
	_, err := store.Open(dir, store.Identities{Files: []string{filepath.Join(at, "text")}}, nil).Get(t.Context(), "a")
	refused(t, err, "an identity is a file of age-keygen, or a private key of OpenSSH of the kind ed25519 or rsa")
	_, err = store.Open(dir, store.Identities{SSH: []string{filepath.Join(at, "pem")}}, nil).Get(t.Context(), "a")
	refused(t, err, "not used: ", "name a key that opens it: --identity FILE; or make one of this workspace, to be added by one who can read it: froyo init")
	_, err = store.Open(dir, store.Identities{Files: []string{filepath.Join(at, "open")}}, nil).Get(t.Context(), "a")
	refused(t, err, "chmod 600 "+filepath.Join(at, "open"))
	if err := os.Chmod(filepath.Join(at, "open"), 0o600); err != nil { // as the hint says: chmod 600
		t.Fatal(err)
	}
	get(t, store.Open(dir, store.Identities{Files: []string{filepath.Join(at, "open")}}, nil), "a", "1")
}

// TestSetsSideBySide: each is whole, whichever was last.
func TestSetsSideBySide(t *testing.T) {
	dir, alice := filepath.Join(t.TempDir(), "secrets"), newOperator(t, "alice")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s := opened(dir, alice)
			for j := range 5 {
				if err := errors.Join(s.Set(context.Background(), "same", fmt.Append(nil, i)), s.Set(context.Background(), fmt.Sprintf("n/%d-%d", i, j), []byte("v"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	found, err := opened(dir, alice).List(t.Context())
	if err != nil || len(found) != 41 || slices.ContainsFunc(found, func(f store.Secret) bool { return !f.Readable }) {
		t.Errorf("%d secrets, %v", len(found), err)
	}
	if r, err := opened(dir, alice).Recipients(t.Context()); err != nil || len(r) != 1 {
		t.Errorf("%v %v", r, err)
	}
}

// TestCreate: of several that make a secret at once one does, and none replaces another's.
func TestCreate(t *testing.T) {
	dir, o := filepath.Join(t.TempDir(), "secrets"), newOperator(t, "alice")
	var wg sync.WaitGroup
	var made atomic.Int32
	for i := range 8 {
		wg.Go(func() {
			created, err := opened(dir, o).Create(t.Context(), "db/password", fmt.Append(nil, "value ", i))
			if err != nil {
				t.Error(err)
			}
			if created {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
	if created, err := opened(dir, o).Create(t.Context(), "db/Password", []byte("x")); created || err == nil {
		t.Error("one that differs in case was made")
	}
}

func TestReplace(t *testing.T) {
	s := opened(t.TempDir(), newOperator(t, "alice"))
	set(t, s, "a", "1")
	if err := s.Replace(t.Context(), "a", []byte("1"), []byte("2")); err != nil {
		t.Fatal(err)
	}
	err := s.Replace(t.Context(), "a", []byte("1"), []byte("3"))
	refused(t, err, "changed by another process", "see what it is now: froyo secret edit a")
	if !errors.Is(err, store.ErrChanged) {
		t.Error(err)
	}
	get(t, s, "a", "2")
}
