package ssh

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkResolve resolves a thousand hosts by a file that has a block for each.
func BenchmarkResolve(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "Host web%d web%d.example\n  HostName 10.0.%d.%d\n  User ops\n  IdentityFile ~/.ssh/k%d\n", i, i, i/250, i%250, i%7)
	}
	text.WriteString("Host *\n  ProxyJump gate\n  UserKnownHostsFile ~/.ssh/known\n")
	path := filepath.Join(b.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d := NewDialer(Options{Home: "/home/ops", User: "ops", ConfigFiles: []string{path}})
		for i := range 1000 {
			if _, err := d.resolve(b.Context(), Host{Name: fmt.Sprintf("web%d", i)}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
