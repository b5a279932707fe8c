package endpoint_test

import (
	"testing"

	"github.com/openfroyo/froyo/engine/inventory/endpoint"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]endpoint.Endpoint{
		"h1": {Name: "h1"}, "h1:22": {Name: "h1", Port: 22}, "ops@h1": {User: "ops", Name: "h1"}, "me@corp@h1:2222": {User: "me@corp", Name: "h1", Port: 2222},
		"::1": {Name: "::1"}, "[::1]": {Name: "::1"}, "[::1]:22": {Name: "::1", Port: 22}, "h[1:3]": {Name: "h[1:3]"}, "h[1:3]:22": {Name: "h[1:3]", Port: 22},
	} {
		if got, err := endpoint.Parse(in); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"h:", "h:0", "h:65536", "h:x", "[::1]x", "[::1]:", "@h", "-x@h", "a b@h"} {
		if got, err := endpoint.Parse(in); err == nil {
			t.Errorf("%s: got %+v, want an error", in, got)
		}
	}
}
