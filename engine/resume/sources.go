package resume

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// SourceChange is how a file that a run goes by differs from the present one.
type SourceChange struct {
	File string
	// Gone is that there is none that can be read.
	Gone bool
	// Added and Removed count lines.
	Added, Removed int
}

// SourceChanges compares the files that a run goes by with the present ones.
func SourceChanges(kept map[string]string, now fs.FS) []SourceChange {
	var all []SourceChange
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		text, err := fs.ReadFile(now, name)
		switch {
		case err != nil:
			all = append(all, SourceChange{File: name, Gone: true})
		case string(text) != kept[name]:
			c := SourceChange{File: name}
			lines := strings.Split(string(diff.Diff("then", []byte(kept[name]), "now", text)), "\n")
			for _, line := range lines[min(3, len(lines)):] { // behind the names of the files
				switch {
				case strings.HasPrefix(line, "+"):
					c.Added++
				case strings.HasPrefix(line, "-"):
					c.Removed++
				}
			}
			all = append(all, c)
		}
	}
	return all
}
