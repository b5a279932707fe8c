package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/openfroyo/froyo/engine/secret/store"
)

// FuzzGet: a file that was written by anyone gives the secret of its name, or an error.
func FuzzGet(f *testing.F) {
	dir := f.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(id.String()+"\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(""))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+\n-----END AGE ENCRYPTED FILE-----\n"))
	f.Add([]byte("age-encryption.org/v1\n-> froyo-secret v1 a\n\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef"))
	f.Add([]byte("<<<<<<< HEAD\n"))
	secrets := filepath.Join(dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(secrets, "a.age"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if value, err := store.Open(secrets, store.Identities{Files: []string{key}}, nil).Get(t.Context(), "a"); err == nil {
			t.Errorf("it gave %q", value)
		}
	})
}

// FuzzParseRecipient: a line is a key that reads as it is written, or refused without being shown.
func FuzzParseRecipient(f *testing.F) {
	for _, line := range []string{
		"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudqqqqqqqqqqqq # x", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice",
		"AGE-SECRET-KEY-1DANS5J2QLMVZPEHR6JHFN6WP6E8ZJUKS9FSLVVG9PKM4E7S9RR3Q7KXKDQ", "# comment", "",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := store.ParseRecipient(line)
		if err != nil {
			if len(line) > 12 && strings.Contains(err.Error(), strings.TrimSpace(line)) {
				t.Errorf("shows what it was given: %v", err)
			}
			return
		}
		if again, err := store.ParseRecipient(r.String()); err != nil || again != r {
			t.Errorf("%q becomes %+v, %v", r, again, err)
		}
	})
}
