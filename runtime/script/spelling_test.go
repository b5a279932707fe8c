package script_test

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAnySpellingIsOneUnit declares one path twice, spelled in any two ways.
func TestAnySpellingIsOneUnit(t *testing.T) {
	slash := rapid.SampledFrom([]string{"/", "//", "/./", "///", "/.//"})
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[a-z.]{0,2}[a-z]`), 1, 4).Draw(rt, "parts")
		spell := func() string {
			var b strings.Builder
			for _, part := range parts {
				b.WriteString(slash.Draw(rt, "slash") + part)
			}
			return b.String() + rapid.SampledFrom([]string{"", "/", "/.", "//"}).Draw(rt, "end")
		}
		text := "file(" + strconv.Quote(spell()) + ", state = \"directory\")\nfile(path = " + strconv.Quote(spell()) + ", state = \"directory\")\n"
		e, err := evaluate(t, text, "web1", &fakeReader{})
		if err != nil {
			rt.Fatalf("%s%v", text, err)
		}
		units := e.Plays[0].Units
		want := "/" + strings.Join(parts, "/")
		if len(units) != 1 || units[0].ID.Key != want || !strings.Contains(string(units[0].Args), `"path":`+strconv.Quote(want)) {
			rt.Fatalf("%s%d units, the first %s %s", text, len(units), units[0].ID, units[0].Args)
		}
	})
}
