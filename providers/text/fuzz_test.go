package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/textfile"
)

// FuzzINI edits files of a host: a second edit changes nothing more.
func FuzzINI(f *testing.F) {
	for _, text := range []string{"[a]\nb = c\n", "b=1\n[a]\n#b = 2\n b = 3\n  4\n", "[a", "[]\n=\n", "[a]\r\nb\r\n"} {
		f.Add(text, "a", "b", "c")
	}
	f.Fuzz(func(t *testing.T, text, section, name, value string) {
		if strings.TrimSpace(section) != section || strings.TrimSpace(name) != name || strings.TrimSpace(value) != value || name == "" || value == "" ||
			strings.ContainsAny(section+name+value, "\r\n[]=:#;\x00") {
			return // the schema refuses these, or they are read as something else
		}
		file := &iniFile{lines: textfile.Lines(text), end: "\n"}
		ini := Ini{Section: section, Option: name, Value: value}
		values, _ := ini.values()
		file.set(ini, values)
		once := slices.Clone(file.lines)
		file.lines = textfile.Lines(strings.Join(once, ""))
		file.set(ini, values)
		if !slices.Equal(once, file.lines) {
			t.Errorf("%q becomes %q", once, file.lines)
		}
	})
}
