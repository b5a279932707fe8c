package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// TestDamaged: what is in a file is the secret of its name, whole, or an error.
func TestDamaged(t *testing.T) {
	dir, alice := t.TempDir(), newOperator(t, "alice")
	s := opened(dir, alice)
	set(t, s, "a", "value")
	set(t, s, "b", "other")
	whole, other := read(t, filepath.Join(dir, "a.age")), read(t, filepath.Join(dir, "b.age"))
	lines := strings.Split(whole, "\n")
	var plain bytes.Buffer
	id, err := age.ParseX25519Recipient(alice.public.Key)
	if err != nil {
		t.Fatal(err)
	}
	w, err := age.Encrypt(&plain, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const anew = "restore it from the repository or a backup, or set it anew: froyo secret set a"
	for name, test := range map[string]struct{ text, words, hint string }{
		"empty": {"", "cut off or changed", anew}, "cut": {whole[:len(whole)/2], "cut off or changed", anew},
		"cut at a line":       {strings.Join(lines[:3], "\n"), "cut off or changed", anew},
		"a byte":              {flipped(whole), "cut off or changed", anew},
		"more behind":         {whole + "x", "cut off or changed", anew},
		"not age":             {"hunter2", "cut off or changed", anew},
		"a merge":             {"<<<<<<< HEAD\n" + whole + "=======\n" + other + ">>>>>>> b\n", "merge conflict", anew},
		"another secret's":    {other, "holds the secret b", anew},
		"another program's":   {plain.String(), "another program wrote it", "write it anew: age -d -i KEY " + filepath.Join(dir, "a.age") + " | froyo secret set a"},
		"far too large":       {strings.Repeat("x", 3<<20), "larger than", "look at it: ls -ld"},
		"with CRLF, as whole": {strings.ReplaceAll(whole, "\n", "\r\n"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(dir, "a.age"), test.text, 0o644)
			if test.words == "" {
				get(t, s, "a", "value")
				return
			}
			_, err := s.Get(t.Context(), "a")
			refused(t, err, test.words, test.hint)
			found, err := s.List(t.Context())
			if err != nil || len(found) != 2 || found[0].Readable && name != "a byte" && name != "more behind" || found[0].Problem == "" && !found[0].Readable {
				t.Errorf("list: %+v %v", found, err)
			}
			unchanged(t, dir, func() error { _, _, err := s.AddRecipients(t.Context(), newOperator(t, "x").public); return err }, "the recipients stay as they are", test.words)
		})
	}
	set(t, s, "a", "again") // as the hint says
	get(t, s, "a", "again")
	write(t, filepath.Join(dir, "-x.age"), "", 0o644)
	unchanged(t, dir, func() error { _, _, err := s.AddRecipients(t.Context(), newOperator(t, "x").public); return err },
		"the recipients stay as they are", "its name: it begins with -", "look at the file, and remove it: ls -l "+filepath.Join(dir, "-x.age"))
}

// flipped has another byte at the end of its data.
func flipped(text string) string {
	at := strings.LastIndex(text, "\n-----END") - 6
	c := byte('A')
	if text[at] == c {
		c = 'B'
	}
	return text[:at] + string(c) + text[at+1:]
}

// TestHostileDirectory: nothing is read or written through what others can put there.
func TestHostileDirectory(t *testing.T) {
	alice := newOperator(t, "alice")
	victim := filepath.Join(t.TempDir(), "victim")
	for name, test := range map[string]struct {
		prepare func(dir string) error
		words   string
	}{
		"the file is a link":      {func(dir string) error { return os.Symlink(victim, filepath.Join(dir, "db", "x.age")) }, "a link"},
		"the file is a directory": {func(dir string) error { return os.Mkdir(filepath.Join(dir, "db", "x.age"), 0o755) }, "a directory"},
		"the directory is a link": {func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, "db"), filepath.Join(dir, "elsewhere")), os.Symlink("elsewhere", filepath.Join(dir, "db")))
		}, "a link"},
		"the list is a link": {func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "recipients")), os.Symlink(victim, filepath.Join(dir, "recipients")))
		}, "a link"},
		"the stage is a link": {func(dir string) error { return os.Symlink(filepath.Dir(victim), filepath.Join(dir, ".recipients.new")) }, "a link"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := opened(dir, alice)
			set(t, s, "db/y", "1")
			write(t, victim, alice.public.Key+"\n", 0o644)
			if err := test.prepare(dir); err != nil {
				t.Fatal(err)
			}
			unchanged(t, dir, func() error { return s.Set(t.Context(), "db/x", []byte("2")) }, test.words, "look at it: ls -ld ", "; links and the files of others are not touched")
			if got := read(t, victim); got != alice.public.Key+"\n" {
				t.Errorf("the victim: %s", got)
			}
		})
	}
	t.Run("a draft is a link", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(victim, filepath.Join(dir, ".x.age.new")); err != nil {
			t.Fatal(err)
		}
		set(t, opened(dir, alice), "x", "1")
		get(t, opened(dir, alice), "x", "1")
		if got := read(t, victim); got != alice.public.Key+"\n" {
			t.Errorf("the victim: %s", got)
		}
	})
	t.Run("secrets is a link", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "secrets")
		if err := os.Symlink(t.TempDir(), dir); err != nil {
			t.Fatal(err)
		}
		refused(t, opened(dir, alice).Set(t.Context(), "x", nil), "a link")
		_, err := opened(dir, alice).Get(t.Context(), "x")
		refused(t, err, "a link")
	})
	t.Run("what is not trusted", func(t *testing.T) {
		dir := t.TempDir()
		set(t, opened(dir, alice), "x", "1")
		s := store.Open(dir, store.Identities{Own: alice.file}, func(path string, info os.FileInfo) error {
			if filepath.Base(path) == "x.age" {
				return (&diag.Error{Summary: "not trusted"}).WithHint("-")
			}
			return nil
		})
		_, err := s.Get(t.Context(), "x")
		refused(t, err, "not trusted")
	})
}
