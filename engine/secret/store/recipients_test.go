package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/engine/secret/store"
)

// Hints.
const (
	listed  = "froyo secret recipients list"
	lockout = "add another key of yours before, or have another one of the recipients remove this one: froyo secret recipients list"
	which   = "name the key, of those that froyo secret recipients list shows"
)

// TestRemovedRecipient cannot read what is written from then on.
func TestRemovedRecipient(t *testing.T) {
	dir, alice, bob := t.TempDir(), newOperator(t, "alice"), newSSH(t, "bob", "")
	s := opened(dir, alice)
	set(t, s, "db/password", "1")
	set(t, s, "other", "2")
	if _, _, err := s.AddRecipients(t.Context(), bob.public); err != nil {
		t.Fatal(err)
	}
	his := store.Open(dir, store.Identities{SSH: []string{bob.file}}, nil)
	get(t, his, "db/password", "1")
	list := filepath.Join(dir, "recipients")
	write(t, list, "# reviewed\n\n"+read(t, list), 0o644)
	gone, names, err := s.RemoveRecipients(t.Context(), "bob")
	if err != nil || len(gone) != 1 || gone[0].Key != bob.public.Key || !slices.Equal(names, []string{"db/password", "other"}) {
		t.Fatalf("%v %v %v", gone, names, err)
	}
	set(t, s, "other", "3")
	for _, name := range names {
		_, err := his.Get(t.Context(), name)
		refused(t, err, "no key of yours opens it")
	}
	get(t, s, "db/password", "1")
	get(t, s, "other", "3")
	if text := read(t, list); !strings.HasPrefix(text, "# reviewed\n\nage1") || strings.Contains(text, "bob") {
		t.Errorf("the list: %s", text)
	}
	if left := files(t, dir); len(left) != 5 {
		t.Errorf("left: %v", left)
	}
	_, _, err = s.RemoveRecipients(t.Context(), "bob")
	refused(t, err, "no such recipient", listed)
	_, _, err = s.RemoveRecipients(t.Context(), "own kei")
	refused(t, err, `did you mean "own key"?`)
	unchanged(t, dir, func() error { _, _, err := s.RemoveRecipients(t.Context(), alice.public.Key); return err },
		"no key of yours could read", lockout)
	_, _, err = s.RemoveRecipients(t.Context(), read(t, alice.file))
	refused(t, err, "a private key is no recipient", listed)
	if strings.Contains(err.Error(), "AGE-SECRET") {
		t.Error("shows the key")
	}
	twin := bob.public
	twin.Name = "twin"
	carol := newOperator(t, "twin")
	if _, _, err := s.AddRecipients(t.Context(), twin, carol.public); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.RemoveRecipients(t.Context(), "twin")
	refused(t, err, "2 recipients are called twin", which)
	if _, _, err := s.RemoveRecipients(t.Context(), carol.public.Key); err != nil {
		t.Fatal(err)
	}
	// Several are removed all or none, however a shell has split them.
	if _, _, err := s.AddRecipients(t.Context(), carol.public); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir, func() error {
		_, _, err := s.RemoveRecipients(t.Context(), carol.public.Key, "nowhere")
		return err
	}, `no such recipient: "nowhere"`, listed)
	words := append(strings.Fields(bob.public.Key), carol.public.Key, "twin")
	if gone, _, err := s.RemoveRecipients(t.Context(), words[:3]...); err != nil || len(gone) != 2 {
		t.Errorf("%v %v", gone, err)
	}
}

func TestParseRecipient(t *testing.T) {
	alice, bob := newOperator(t, "alice"), newSSH(t, "bob", "")
	for line, name := range map[string]string{
		alice.public.Key: "", alice.public.Key + "  # Alice of Ops": "Alice of Ops", " " + alice.public.Key + " alice\r\n": "alice",
		bob.public.Key: "", bob.public.Key + " bob@laptop": "bob@laptop", bob.public.Key + " # bob": "bob", alice.public.Key + " # a\x1b[31m": "",
	} {
		r, err := store.ParseRecipient(line)
		if err != nil || r.Name != name || r.Key != alice.public.Key && r.Key != bob.public.Key {
			t.Errorf("%s: %+v %v", line, r, err)
		}
		if again, err := store.ParseRecipient(r.String()); err != nil || again != r {
			t.Errorf("%s: %+v %v", r, again, err)
		}
	}
	secret := strings.TrimSpace(read(t, alice.file))
	for line, words := range map[string]string{
		secret: "PRIVATE", strings.ToLower(secret): "PRIVATE", "x " + secret: "PRIVATE", "-----BEGIN OPENSSH PRIVATE KEY-----": "PRIVATE",
		"": "no public key", "hunter2": "no public key", "age1x": "mistyped", alice.public.Key[:40]: "mistyped", "age1pq1abc": "not supported",
		"ssh-ed25519": "mistyped", "ssh-ed25519 AAAA": "mistyped",
		"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg= x": "ecdsa-sha2-nistp256",
	} {
		_, err := store.ParseRecipient(line)
		if err == nil || !strings.Contains(err.Error(), words) || len(line) > 8 && strings.Contains(err.Error(), line) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestBadLists(t *testing.T) {
	dir, alice := t.TempDir(), newOperator(t, "alice")
	s := opened(dir, alice)
	set(t, s, "a", "1")
	list := filepath.Join(dir, "recipients")
	good, secret := read(t, list), read(t, alice.file)
	for text, words := range map[string]string{
		good + secret: "recipients:2: it is a PRIVATE key", good + "\nage1typo\n": "recipients:3: a key that begins with age1",
		"<<<<<<< HEAD\n" + good: "recipients:1: it has the marks of a merge conflict", strings.Repeat("x", 3<<20): "larger than",
	} {
		write(t, list, text, 0o644)
		unchanged(t, dir, func() error { return s.Set(t.Context(), "a", []byte("2")) }, words)
		_, err := s.Recipients(t.Context())
		refused(t, err, words)
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("shows the key: %v", err)
		}
		get(t, s, "a", "1")
	}
	write(t, list, good+"x\n", 0o644)
	_, err := s.Recipients(t.Context())
	refused(t, err, "a line is a public key, age1... or ssh-ed25519 AAAA..., and whose it is; correct or remove it, then add it again: froyo secret recipients add KEY")
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir, func() error { return s.Set(t.Context(), "a", []byte("2")) },
		"names no recipients", "restore the file from the repository, or begin it anew: froyo secret recipients add KEY")
	if _, _, err := s.AddRecipients(t.Context(), newOperator(t, "bob").public); err != nil { // as the hint says
		t.Fatal(err)
	}
	get(t, s, "a", "1")
	if r, err := s.Recipients(t.Context()); err != nil || len(r) != 2 || !r[0].Mine {
		t.Errorf("%+v %v", r, err)
	}
	none := store.Open(filepath.Join(t.TempDir(), "secrets"), store.Identities{Own: "/nowhere"}, nil)
	refused(t, none.Set(t.Context(), "a", nil), "no one to encrypt for", "froyo init makes the workspace's key; another one is added by: froyo secret recipients add KEY")
}

// TestInterrupted: a change of the recipients that was killed is undone, or completed.
func TestInterrupted(t *testing.T) {
	prepare := func(t *testing.T) (dir string, s *store.Store, said *[]string, staged func(names ...string)) {
		dir, other := t.TempDir(), t.TempDir()
		alice, bob := newOperator(t, "alice"), newOperator(t, "bob")
		said = &[]string{}
		s = opened(dir, alice)
		set(t, s, "db/a", "1")
		set(t, s, "b", "2")
		s.Notice = func(text string) { *said = append(*said, text) }
		there := opened(other, alice)
		set(t, there, "db/a", "1")
		set(t, there, "b", "2")
		if _, _, err := there.AddRecipients(t.Context(), bob.public); err != nil {
			t.Fatal(err)
		}
		return dir, s, said, func(names ...string) {
			for _, n := range names {
				text := ""
				if n != "complete" {
					text = read(t, filepath.Join(other, n))
				}
				write(t, filepath.Join(dir, ".recipients.new", n), text, 0o644)
			}
		}
	}
	check := func(t *testing.T, dir string, s *store.Store, recipients int) {
		get(t, s, "db/a", "1") // before anything is completed, too
		get(t, s, "b", "2")
		set(t, s, "c", "3")
		get(t, s, "db/a", "1")
		get(t, s, "b", "2")
		if r, err := s.Recipients(t.Context()); err != nil || len(r) != recipients {
			t.Errorf("%v %v", r, err)
		}
		if left := files(t, dir); len(left) != 6 {
			t.Errorf("left: %v", left)
		}
	}
	t.Run("before it is complete", func(t *testing.T) {
		dir, s, said, staged := prepare(t)
		staged("db/a.age", "b.age", "recipients")
		check(t, dir, s, 1)
		if len(*said) != 1 || !strings.Contains((*said)[0], "it is undone, and has to be made again") {
			t.Errorf("said %q", *said)
		}
	})
	for name, left := range map[string][]string{
		"none is in place": {"db/a.age", "b.age", "recipients", "complete"}, "one is in place": {"db/a.age", "recipients", "complete"}, "the list is left": {"recipients", "complete"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, s, said, staged := prepare(t)
			staged(left...)
			check(t, dir, s, 2)
			if len(*said) != 1 || !strings.Contains((*said)[0], "is completed now") {
				t.Errorf("said %q", *said)
			}
		})
	}
	t.Run("while it is cleaned up", func(t *testing.T) {
		dir, s, said, _ := prepare(t)
		write(t, filepath.Join(dir, ".recipients.old", "complete"), "", 0o644)
		check(t, dir, s, 1)
		if len(*said) != 0 {
			t.Errorf("said %q", *said)
		}
	})
	t.Run("Ctrl-C", func(t *testing.T) {
		dir, s, _, _ := prepare(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := len(files(t, dir))
		if _, _, err := s.AddRecipients(ctx, newOperator(t, "x").public); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if after := files(t, dir); len(after) != before {
			t.Errorf("left: %v", after)
		}
	})
	t.Run("a file cannot be moved", func(t *testing.T) {
		dir, s, _, staged := prepare(t)
		staged("db/a.age", "recipients", "complete")
		at := filepath.Join(dir, "db", "a.age")
		old := read(t, at)
		if err := errors.Join(os.Remove(at), os.Mkdir(at, 0o755)); err != nil {
			t.Fatal(err)
		}
		refused(t, s.Set(t.Context(), "c", nil), "a directory")
		if err := os.Remove(at); err != nil { // its cause
			t.Fatal(err)
		}
		write(t, at, old, 0o644)
		check(t, dir, s, 2)
	})
}

// TestHalfMoved: where a file cannot be moved into place, the next change moves it.
func TestHalfMoved(t *testing.T) {
	dir, bob := t.TempDir(), newOperator(t, "bob")
	s := opened(dir, newOperator(t, "alice"))
	set(t, s, "a", "1")
	set(t, s, "db/a", "2")
	db := filepath.Join(dir, "db")
	if err := syscall.Mount(db, db, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("it takes root to mount a directory: %v", err)
	}
	_, _, err := s.AddRecipients(t.Context(), bob.public)
	refused(t, err, "could not all be moved into place", "remove the cause; the next change of the directory moves the others, such as: froyo secret recipients add KEY")
	get(t, s, "a", "1")
	get(t, s, "db/a", "2")
	if err := syscall.Unmount(db, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AddRecipients(t.Context(), bob.public); err != nil { // as the hint says
		t.Fatal(err)
	}
	for _, name := range []string{"a", "db/a"} {
		get(t, opened(dir, bob), name, map[string]string{"a": "1", "db/a": "2"}[name])
	}
}

// smallDisk is a file system of its own, with room for 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("froyo-test", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("it takes root to mount a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: the old value stays, and nothing is left.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := opened(dir, newOperator(t, "alice"))
	set(t, s, "db/password", "old")
	big := make([]byte, 100<<10)
	unchanged(t, dir, func() error { return s.Set(t.Context(), "db/password", big) }, "no space left on the disk", "make room on it")
	unchanged(t, dir, func() error { return s.Set(t.Context(), "new/one", big) }, "no space left on the disk")
	set(t, s, "half", strings.Repeat("x", 16<<10))
	fill, err := os.Create(filepath.Join(dir, "fill"))
	for err == nil {
		_, err = fill.Write(make([]byte, 4096))
	}
	fill.Close()
	unchanged(t, dir, func() error { _, _, err := s.AddRecipients(t.Context(), newOperator(t, "bob").public); return err }, "no space left on the disk")
	get(t, s, "db/password", "old")
}

// TestUnwritable: it is said where, and of what kind.
func TestUnwritable(t *testing.T) {
	dir := smallDisk(t)
	s := opened(dir, newOperator(t, "alice"))
	set(t, s, "a", "1")
	if err := syscall.Mount("froyo-test", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir, func() error { return s.Set(t.Context(), "a", []byte("2")) }, "a.age: the file system is read-only")
	unchanged(t, dir, func() error { return s.Set(t.Context(), "b/c", []byte("2")) }, "the file system is read-only")
	refused(t, s.Remove(t.Context(), "a"), "the file system is read-only")
	get(t, s, "a", "1")
}
