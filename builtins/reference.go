package builtins

import (
	"fmt"
	"io"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/builtins/std"
)

// Reference writes the reference of the language's builtins as Markdown.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\n# Builtins\n\nWhat the language has beyond Starlark and the resource types.\n")
	for _, builtin := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s%s\n\n    %s\n", builtin.Name, builtin.Doc, params(builtin.Params), strings.ReplaceAll(builtin.Example, "\n", "\n    "))
	}
	if err := modules(&b); err != nil {
		return err
	}
	limits(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// params lists the arguments of a method.
func params(all []eval.Param) string {
	if len(all) == 0 {
		return ""
	}
	words := make([]string, len(all))
	for i, p := range all {
		words[i] = "`" + p.Name + "` (" + p.Kind + ")"
		if p.Optional {
			words[i] = "`" + p.Name + "` (" + p.Kind + ", optional)"
		}
	}
	return "\n\nArguments: " + strings.Join(words, ", ") + "."
}

// modules writes what each module of @std defines.
func modules(b *strings.Builder) error {
	b.WriteString("\n## Modules of @std\n\nLoaded as `load(\"@std//yaml.star\", \"yaml\")`, then `yaml.loads(text)`. They are pure: none reads a file, a clock or a network.\n\n" +
		"| Module | Names |\n|---|---|\n")
	for _, file := range std.Names() {
		names, _, err := std.Load(file)
		if err != nil {
			return err
		}
		for name, v := range names {
			fmt.Fprintf(b, "| `%s` | `%s.%s` |\n", file, name, strings.Join(v.(starlark.HasAttrs).AttrNames(), "`, `"+name+"."))
		}
	}
	return nil
}

// limits writes what an evaluation may take.
func limits(b *strings.Builder) {
	functions, methods, operators := bounds.Guarded()
	b.WriteString("\n## Limits\n\nExceeding a limit is an error with its place, before the memory is allocated.\n\n| What | Limit |\n|---|---|\n")
	for _, l := range [][2]string{
		{"One value", mib(bounds.MaxValue) + ", an element of a list counting 16 bytes, an entry of a dict or set 64"},
		{"A whole number", fmt.Sprintf("%d bits; `int()` reads at most %d characters", bounds.MaxIntBits, bounds.MaxDigits)},
		{"Arguments of `all`, `any`, `max` and `min`", fmt.Sprintf("%d elements", bounds.MaxElements)},
		{"A text that a module parses (`json.decode`, `yaml`, `csv`, `re`)", mib(bounds.MaxParse)},
		{"A value that becomes an argument of a unit or a variable of a template", mib(plain.MaxSize) + fmt.Sprintf(" as plain data, %d levels; for a larger file use `source`", plain.MaxDepth)},
		{"A key of a dict, an element of a set", fmt.Sprintf("%d levels of tuples and structs, %d parts", bounds.MaxDepth, bounds.MaxKeyParts)},
		{"A unit's name", fmt.Sprintf("%d bytes", resource.MaxName)},
		{"Prints of an evaluation", mib(eval.MaxPrinted)},
		{"A Starlark file, a template", mib(bounds.MaxSource) + ", " + mib(bounds.MaxTemplate)},
		{"The output of a template", "16 MiB, within " + jinja.DefaultLimit.String() + "; its steps count as those of the evaluation"},
		{"An evaluation", "100000000 steps; 1 GiB of heap growth, or half of the free memory of the machine, checked every 20 ms"},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", l[0], l[1])
	}
	fmt.Fprintf(b, "\nThe size of the result is checked in advance by the builtins `%s`, `print`; by the methods `%s`; by the operators `%s`, in place, too; "+
		"by `json.encode`, `json.indent`, `re.sub` and `sub` of a compiled expression. Values that grow step by step are limited by the heap.\n",
		strings.Join(functions, "`, `"), strings.Join(methods, "`, `"), strings.Join(operators, "`, `"))
	b.WriteString("\nCtrl-C and SIGTERM end an evaluation within 100 ms, and within a second during a call of a library, which is then abandoned.\n")
}

func mib(n int) string { return fmt.Sprintf("%d MiB", n>>20) }
