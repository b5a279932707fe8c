package wording

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/inventory"
)

// When shows a time as the clock on the wall has it.
func When(t time.Time) string { return t.Local().Format(time.DateTime) }

// Plural counts things: "1 unit", "3 units".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// PlayName is a play's name; the implicit play has none of its own.
func PlayName(name string) string {
	if name == "" {
		return "(implicit)"
	}
	return name
}

// On names hosts: "h3", "18 hosts: h[1-18]".
func On(hosts []string) string {
	switch len(hosts) {
	case 0:
		return "no hosts"
	case 1:
		return hosts[0]
	}
	return fmt.Sprintf("%d hosts: %s", len(hosts), inventory.FoldNames(hosts))
}

// NotText is where text has a byte that no text has, which would arrive on a host as another one; -1 for nowhere.
func NotText(text string) int {
	for i, r := range text {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return -1
}
