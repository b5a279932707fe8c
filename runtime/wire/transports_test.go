package wire

import (
	"slices"
	"testing"
)

// TestWithoutOwn: the programs of ssh_config get the operator's environment, and no passwords of froyo's.
func TestWithoutOwn(t *testing.T) {
	environ := []string{"PATH=/bin", "FROYO_SSH_PASSWORD=x", "SSH_AUTH_SOCK=/s", "FROYO_BECOME_PASSWORD=y", "NO_FROYO_=z"}
	before := slices.Clone(environ)
	if got := withoutOwn(environ); !slices.Equal(got, []string{"PATH=/bin", "SSH_AUTH_SOCK=/s", "NO_FROYO_=z"}) {
		t.Errorf("got %q", got)
	}
	if !slices.Equal(environ, before) {
		t.Errorf("what was given is changed: %q", environ)
	}
}
