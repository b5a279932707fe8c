package endpoint_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory/endpoint"
)

// FuzzEndpoint: no name of a user that is read begins with a dash, and ports are ports.
func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{"a", "u@a:22", "[::1]:2222", "-oProxyCommand=x@a", "a:0", "fe80::1%eth0", "[a", "@", "a:b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := endpoint.Parse(text)
		if err == nil && (strings.HasPrefix(e.User, "-") || e.Port < 0 || e.Port > 65535) {
			t.Errorf("%+v", e)
		}
	})
}
