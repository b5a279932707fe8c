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
		{"on another host", "lb1:cmd[drain: [web1]]", unit.ID{Host: "h1", Delegate: "lb1", Type: "cmd", Key: "drain: [web1]"}},
		{"on an address", "fe80::1:cmd[x]", unit.ID{Host: "h1", Delegate: "fe80::1", Type: "cmd", Key: "x"}},
		{"a colon in the key", "tcp[db:5432]", unit.ID{Host: "h1", Type: "tcp", Key: "db:5432"}},
		{"no brackets", "facts", unit.ID{Host: "h1", Type: "facts"}},
		{"not closed", "cmd[x", unit.ID{Host: "h1", Type: "cmd[x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := unit.ParseLocal("h1", tt.local)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if host, local := unit.SplitSent("to", got.Sent()); tt.want.Delegate != "" && host != "h1" || tt.want.Delegate == "" && host != "to" || local != got.Local() {
				t.Errorf("sent as %q it is %q of %q", got.Sent(), local, host)
			}
			if again := got.Local(); tt.want.Key != "" && again != tt.local {
				t.Errorf("%q became %q", tt.local, again)
			}
		})
	}
}
