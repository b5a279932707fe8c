package facts

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Reference writes the reference of all facts as Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\n# Facts\n\nWhat a host reports about itself, read as `host.facts.NAMESPACE.FIELD`. A namespace is gathered when a runbook first reads it,\n" +
		"once per host and run; `os.basic` is known in every run. [facts.md](facts.md) tells how to collect and compare them, of\n" +
		"`--where`, and of facts of a workspace's own.\n")
	for _, n := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nWorks on: %s. Kept for %s.\n\n| Fact | Kind | |\n|---|---|---|\n", n.Name, n.Doc, n.Systems, shortTime(n.TTL))
		rows(&b, "", n.Fields)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rows lists fields, and those of the records in them.
func rows(b *strings.Builder, at string, fields []Field) {
	for i := range fields {
		f := &fields[i]
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", at+f.Name, f.Kind, strings.ReplaceAll(f.Doc, "|", `\|`))
		rows(b, at+f.Name+map[Form]string{List: "[i].", Dict: "[name]."}[f.Form], f.Fields)
	}
}

// shortTime is a time without the units that are 0.
func shortTime(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
