package key

import (
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
)

// TestProved: only the very key proves that a host takes it.
func TestProved(t *testing.T) {
	t.Parallel()
	const hint = "see where its sshd reads keys: sshd -T | grep authorizedkeysfile; an agent or a password may come first: leave it out"
	for by, want := range map[string]bool{"ssh-ed25519 SHA256:abc": true, "ssh-ed25519 SHA256:abd": false, "password": false, "": false, "SHA256:abc by an agent": false} {
		err := proved("web1", by, "SHA256:abc")
		if (err == nil) != want || err != nil && diag.Of(err).Hint != hint {
			t.Errorf("%q: %v", by, err)
		}
	}
	if err := proved("web1", "password", ""); err != nil {
		t.Error(err)
	}
}
