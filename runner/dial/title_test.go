package dial

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
)

// TestTitle: an op is named in one line that is not long, whatever its program is.
func TestTitle(t *testing.T) {
	for shell, want := range map[string]string{
		"true":                    "exec true",
		"set -e\necho x\necho y":  "exec set -e ...",
		strings.Repeat("x", 3000): "exec " + strings.Repeat("x", 155) + " ...",
	} {
		if got := title(op.Op{Exec: &op.Exec{Shell: shell}}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
