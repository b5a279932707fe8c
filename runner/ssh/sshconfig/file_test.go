package sshconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{
		"Host a\n User b\n", "Match final all\n", "Include *\n", "Host\n=\n\"\n", "Host \"a b\"\nUser=\"x", "\x00", "Host !*\nPort 1 # x\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			t.Skip("reads other files")
		}
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		readConfig(t.TempDir(), []string{path}).lookup("h1")
	})
}
