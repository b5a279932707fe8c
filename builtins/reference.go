package builtins

import (
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/builtins/std"
)

// Reference writes the reference of the language's builtins as Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\n# Builtins\n\nWhat the language has beyond Starlark and the resource types.\n")
	for _, builtin := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n    %s\n", builtin.Name, builtin.Doc, strings.ReplaceAll(builtin.Example, "\n", "\n    "))
	}
	fmt.Fprintf(&b, "\n## Modules of @std\n\nLoaded as `load(\"@std//yaml.star\", \"yaml\")`: `%s`.\n", strings.Join(std.Names(), "`, `"))
	_, err := io.WriteString(w, b.String())
	return err
}
