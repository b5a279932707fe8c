package live

import "testing"

// TestEmptied: a table that was added is emptied, whether there was another before or none; one that was there is left to what was
// kept of it.
func TestEmptied(t *testing.T) {
	filter := "# now\n*filter\n:INPUT DROP [12:345]\n:own - [0:0]\n-A INPUT -j own\nCOMMIT\n"
	raw := "*raw\n:PREROUTING ACCEPT [1:2]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -j DROP\nCOMMIT\n"
	noRaw := "*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n"
	for _, tt := range []struct{ before, now, want string }{
		{"", "", ""},
		{filter, filter, ""},
		{filter, filter + raw, noRaw},
		{"", filter + raw, "*filter\n:INPUT ACCEPT\nCOMMIT\n" + noRaw},
		{filter + raw, filter, ""},
	} {
		if got := emptied(tt.before, tt.now); got != tt.want {
			t.Errorf("%q -> %q: %q, want %q", tt.before, tt.now, got, tt.want)
		}
	}
}
