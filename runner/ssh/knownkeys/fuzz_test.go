package knownkeys_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh/knownkeys"
)

// FuzzKnownHosts reads files of known hosts and of revoked keys that anyone may have written.
func FuzzKnownHosts(f *testing.F) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	for _, text := range []string{
		"h1,[h2]:22,!h3,* " + key, "@cert-authority *.example.com " + key, "@revoked h1 " + key, "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= " + key,
		"# comment\n\nh1 ssh-rsa AAAA\nh1", "|1|x|y " + key, "[h]:99999 " + key, key,
	} {
		f.Add([]byte(text))
	}
	name := filepath.Join(f.TempDir(), "known_hosts")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := knownkeys.Read([]string{name})
		if err != nil {
			t.Fatal(err) // a line that is broken is kept for its hosts
		}
		_ = known.Revoke([]string{name})
	})
}
