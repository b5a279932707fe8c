package answers

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Groups are texts, each with the hosts of which it is.
type Groups struct {
	texts []string
	hosts map[string][]string
}

// Add gives a host its text.
func (g *Groups) Add(host, text string) {
	if g.hosts == nil {
		g.hosts = map[string][]string{}
	}
	if g.hosts[text] == nil {
		g.texts = append(g.texts, text)
	}
	g.hosts[text] = append(g.hosts[text], host)
}

// Text has the texts that most hosts have in common first, then in the order of the hosts.
func (g *Groups) Text(style ui.Style) string {
	slices.SortStableFunc(g.texts, func(x, y string) int { return len(g.hosts[y]) - len(g.hosts[x]) })
	var b strings.Builder
	for _, text := range g.texts {
		hosts := g.hosts[text]
		names := ui.Readable(inventory.FoldNames(hosts))
		if len(hosts) > 1 {
			names = wording.Plural(len(hosts), "host") + ": " + names
		}
		b.WriteString(style.Wrap(ui.Bold, names, 0, 2) + "\n")
		for line := range strings.SplitSeq(text, "\n") {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}
