package workspace_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/workspace"
)

// outside is a directory that is no workspace.
func outside(t *testing.T) *workspace.Workspace {
	t.Helper()
	w, err := workspace.Find(t.TempDir(), workspace.Env{Home: t.TempDir(), UID: os.Getuid(), SudoUID: -1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func planKeys(t *testing.T, w *workspace.Workspace) []ed25519.PublicKey {
	t.Helper()
	keys, err := w.PlanKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestTheSigningKeyIsMadeOnce(t *testing.T) {
	w := outside(t)
	if keys := planKeys(t, w); len(keys) != 0 {
		t.Errorf("%d keys before any was made", len(keys))
	}
	key, err := w.Signer()
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Signer()
	if err != nil || !key.Equal(again) {
		t.Errorf("the second time another key, or %v", err)
	}
	if keys := planKeys(t, w); len(keys) != 1 || !keys[0].Equal(key.Public()) {
		t.Errorf("its plans are checked with %v", keys)
	}
	info, err := os.Stat(filepath.Join(w.StateDir(), "keys", "signing"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key has %v, %v", info.Mode(), err)
	}
}

func TestKeysOfOthersAreTrustedByPuttingThemThere(t *testing.T) {
	w, other := outside(t), outside(t)
	key, err := other.Signer()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(other.StateDir(), "keys", "signing.pub"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(w.StateDir(), "keys", "trusted", "other.pub")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{name, filepath.Join(filepath.Dir(name), "README")} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if keys := planKeys(t, w); len(keys) != 1 || !keys[0].Equal(key.Public()) {
		t.Errorf("trusted are %v", keys)
	}
}

func TestBadSigningKeysAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"readable by others", "", 0o644, "can be read by others (mode 0644)"},
		{"no PEM", "hello", 0o600, "is damaged: it holds no key in PEM"},
		{"no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600, "is damaged: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := outside(t)
			name := filepath.Join(w.StateDir(), "keys", "signing")
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Signer(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("signing: got %v, want %q", err, tt.want)
			}
			if _, err := w.PlanKeys(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("checking: got %v, want %q", err, tt.want)
			}
		})
	}
}
