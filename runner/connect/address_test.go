package connect

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// FuzzParseAddress compares with the standard library's reader, which is more
// generous with zones alone.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"127.0.0.1", "010.0.0.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "", "::", "::1", "1::", "1::2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
		"::1:2:3:4:5:6:7", "1::2:3:4:5:6:7:8", "1::2::3", ":::", ":1", "1:", "::ffff:1.2.3.4", "1.2.3.4::", "::1.2.3.4:1", "12345::", "fe80::1%eth0",
		"fe80::1%", "::%a/b", "g::", "+1::", "1.2.3.4%eth0", "::1%a%b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := netip.ParseAddr(s)
		got, ok := parseAddress(s)
		if _, zone, _ := strings.Cut(s, "%"); strings.ContainsAny(zone, "/.") {
			if ok {
				t.Fatalf("%q: the zone leads elsewhere", s)
			}
			return
		}
		if ok != (err == nil) {
			t.Fatalf("%q: got %+v, %v, expected %v, %v", s, got, ok, want, err)
		}
		if !ok {
			return
		}
		ip := want.As16()
		if want.Is4() {
			ip[10], ip[11] = 0, 0 // ours is not mapped into version 6
		}
		if got.ip != ip || got.v4 != want.Is4() || got.zone != want.Zone() {
			t.Fatalf("%q: got %+v, expected %v", s, got, want)
		}
	})
}

func FuzzResolverLines(f *testing.F) {
	f.Add("::1  STREAM localhost\n::1 DGRAM\n127.0.0.1 STREAM\n")
	f.Add(strings.Repeat("\x00\xff 1.2.3.4\n", 100))
	f.Fuzz(func(t *testing.T, text string) {
		if n := len(resolverLines(text)); n > maxAddresses {
			t.Errorf("%d addresses", n)
		}
		if n := len(hostsEntries(text, "localhost")); n > maxAddresses {
			t.Errorf("%d addresses", n)
		}
	})
}

func mustParse(t *testing.T, texts ...string) []address {
	t.Helper()
	var out []address
	for _, text := range texts {
		a, ok := parseAddress(text)
		if !ok {
			t.Fatalf("%s is no address", text)
		}
		out = append(out, a)
	}
	return out
}

func TestResolve(t *testing.T) {
	m := newMachine(t)
	m.Root = t.TempDir() + "/"
	dir := m.Root + "etc"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	performtest.Put(t, dir+"/hosts", "# comment\n10.0.0.1 web Web.Example # 10.9.9.9 db\n10.0.0.2\tdb web.example\nnonsense db\n10.0.0.2 db\n", 0o600)
	tests := []struct{ name, want string }{
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "::1"},
		{"localhost", "127.0.0.1 ::1"},
		{"LocalHost.", "127.0.0.1 ::1"},
		{"WEB.example.", "10.0.0.1 10.0.0.2"},
		{"db", "10.0.0.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := m.resolve(t.Context(), tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(mustParse(t, strings.Fields(tt.want)...), got, cmp.AllowUnexported(address{})); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
	for _, tt := range []struct{ name, code, message string }{
		{"froyo-test.invalid", "noname", "the name froyo-test.invalid is unknown"},
		{"-h", "noname", `"-h" is neither a name nor an IP address`},
		{"a b", "noname", `"a b" is neither`},
		{"1.2.3.4/24", "noname", "is neither"},
		{"fe80::1%lost", "enodev", `there is no network interface "lost"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := performtest.Refused(t, m, op.Op{Connect: &op.Connect{Address: tt.name, Port: 1}}, tt.code)
			if !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %q, expected %q", e.Message, tt.message)
			}
		})
	}
}
