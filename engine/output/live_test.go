package output_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/secret"
)

// TestLive gives a program's output in pieces; whatever they are, a secret in it never comes out.
func TestLive(t *testing.T) {
	secret.Given("swordfish")
	secret.Given("-----KEY\nline\n-----END")
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"lines", "a\nb\r\n\nc", []string{"a", "b", "", "c"}},
		{"a secret", "the swordfish!\n", []string{"the (sensitive)!"}},
		{"of many lines", "x-----KEY\nline\n-----ENDy\n", []string{"x(sensitive)y"}},
		{"what only begins as one", "sword\n-----KEY\nlineage\n", []string{"sword", "-----KEY", "lineage"}},
		{"one after what begins as one", "swswordfish\n", []string{"sw(sensitive)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for size := 1; size <= len(tt.text); size++ {
				var l output.Live
				var got []string
				for rest := tt.text; rest != ""; {
					n := min(size, len(rest))
					got = append(got, l.Add(rest[:n], 0)...)
					rest = rest[n:]
				}
				got = append(got, l.Flush()...)
				if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%d bytes at a time: want -, got +:\n%s", size, diff)
				}
			}
		})
	}
	t.Run("a gap", func(t *testing.T) {
		var l output.Live
		got := l.Add("the sword", 0)
		got = append(got, l.Add("fish!\n", 12)...)
		if diff := cmp.Diff([]string{"the (sensitive)", "(12 bytes left out here)", "(sensitive)!"}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
	t.Run("a line without an end", func(t *testing.T) {
		var l output.Live
		n := 0
		for range 100 {
			for _, line := range l.Add(strings.Repeat("x", 1000), 0) {
				n += len(line)
			}
		}
		if n < 90_000 {
			t.Errorf("%d bytes of 100000 were given, the rest is held back", n)
		}
	})
}
