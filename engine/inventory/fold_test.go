package inventory_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/inventory"
)

func numbered(format string, from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprintf(format, n))
	}
	return list
}

func TestFoldNames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		names []string
		want  string
	}{
		{"none", nil, ""},
		{"one", []string{"h1"}, "h1"},
		{"twice", []string{"h1", "h1"}, "h1"},
		{"range", numbered("h%d", 1, 18), "h[1-18]"},
		{"gap", []string{"h1", "h2", "h3", "h10"}, "h[1-3,10]"},
		{"out of order", []string{"h10", "h2", "h3", "h1"}, "h[1-3,10]"},
		{"leading zeros", numbered("web%02d", 1, 18), "web[01-18]"},
		{"leading zeros run out", numbered("web%02d", 8, 101), "web[08-99,100-101]"},
		{"with and without zeros", []string{"h1", "h2", "h01", "h02"}, "h[1-2,01-02]"},
		{"zero", []string{"h0", "h1", "h00"}, "h[0-1,00]"},
		{"several prefixes", []string{"web1", "db1", "web2", "lb", "db2"}, "web[1-2],db[1-2],lb"},
		{"number in the middle", numbered("web%d.dc2.example.com", 1, 3), "web[1-3].dc2.example.com"},
		{"number varies that most share", []string{"web1.dc1", "web2.dc1", "web3.dc1", "web1.dc2"}, "web[1-3].dc1,web1.dc2"},
		{"addresses", append(numbered("10.0.0.%d", 7, 12), "10.0.1.1"), "10.0.0.[7-12],10.0.1.1"},
		{"IPv6 stays", []string{"fe80::1", "fe80::2"}, "fe80::1,fe80::2"},
		{"long numbers stay", []string{"i-12345678901", "i-12345678902"}, "i-12345678901,i-12345678902"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := inventory.FoldNames(tt.names); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestFoldNamesRoundTrip checks that a folded list selects just its hosts.
func TestFoldNamesRoundTrip(t *testing.T) {
	name := rapid.OneOf(
		rapid.StringMatching(`(h|web|db-)[0-2]{1,3}`),
		rapid.StringMatching(`(a|b)[0-9]{1,2}\.dc(0[12]|[1-3])(x[01])?`),
		rapid.StringMatching(`10\.0\.[01]\.[0-9]{1,2}`),
		rapid.StringMatching(`fe80::[1-9]`),
	)
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(name, 1, 60, rapid.ID[string]).Draw(t, "all")
		chosen := slices.DeleteFunc(slices.Clone(all), func(string) bool { return rapid.Bool().Draw(t, "leave out") })
		if len(chosen) == 0 {
			return
		}
		var hosts []*inventory.Host
		for _, n := range all {
			hosts = append(hosts, &inventory.Host{Name: n})
		}
		folded := inventory.FoldNames(chosen)
		found, err := inventory.New(hosts).Select(folded)
		if err != nil {
			t.Fatalf("%s: %v", folded, err)
		}
		var got []string
		for _, h := range found {
			got = append(got, h.Name)
		}
		if !slices.Equal(got, chosen) {
			t.Errorf("%v folds to %s, which selects %v", chosen, folded, got)
		}
	})
}

func ExampleFoldNames() {
	fmt.Println(inventory.FoldNames([]string{"h1", "h2", "h3", "h10", "web01", "web02"}))
	// Output: h[1-3,10],web[01-02]
}

func BenchmarkFoldNames(b *testing.B) {
	list := numbered("web%05d.example.com", 1, 10_000)
	for b.Loop() {
		inventory.FoldNames(list)
	}
}
