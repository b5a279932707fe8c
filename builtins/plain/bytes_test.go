package plain_test

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/secret"
)

// TestBytes refuses bytes in which a secret's marker stands: nothing that looks into bytes knows of it.
func TestBytes(t *testing.T) {
	if v, err := plain.Bytes([]byte("\xffabc")); err != nil || v != starlark.Bytes("\xffabc") {
		t.Errorf("got %v, %v", v, err)
	}
	if v, err := plain.Bytes([]byte("\xff" + secret.Given("lambda-value"))); err == nil {
		t.Errorf("bytes with a secret became %v", v)
	}
}
