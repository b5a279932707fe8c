package wording

import (
	"fmt"
	"time"

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
