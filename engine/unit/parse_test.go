package unit_test

import (
	"testing"

	"github.com/openfroyo/froyo/engine/unit"
)

func TestParseLocal(t *testing.T) {
	for _, tt := range []struct {
		name, local string
		want        unit.ID
	}{
		{"plain", "file[/etc/motd]", unit.ID{Host: "h1", Type: "file", Key: "/etc/motd"}},
		{"brackets in the key", "cmd[ls [a]]", unit.ID{Host: "h1", Type: "cmd", Key: "ls [a]"}},
		{"empty key", "cmd[]", unit.ID{Host: "h1", Type: "cmd"}},
		{"no brackets", "facts", unit.ID{Host: "h1", Type: "facts"}},
		{"not closed", "cmd[x", unit.ID{Host: "h1", Type: "cmd[x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := unit.ParseLocal("h1", tt.local); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
