package facts

import (
	"fmt"
	"io"
	"strings"
)

// Reference writes the reference of all facts as Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\n# Facts\n\nWhat a host reports about itself, read as `host.facts.NAMESPACE.FIELD`. A namespace is gathered when a runbook first reads it,\n" +
		"once per host and run; `os.basic` is known in every run.\n")
	for _, n := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nWorks on: %s.\n\n| Fact | Kind | |\n|---|---|---|\n", n.Name, n.Doc, n.Systems)
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
