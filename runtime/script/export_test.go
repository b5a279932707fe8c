package script

import "strings"

// ForeignWords are the words of other tools that there is no type for.
func ForeignWords() []string {
	var all []string
	for _, f := range foreigners {
		all = append(all, strings.Fields(f.words)...)
	}
	return all
}
