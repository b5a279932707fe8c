package schema

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

// Reference writes the reference of all resource types as Markdown. meta are
// the arguments that every type takes besides its own.
func Reference(w io.Writer, pkgs []*Package, meta []Field) error {
	p := &page{}
	p.line("# Resource types")
	p.line("This page is made by `froyo docs` from the schemas of the types; edit those instead.")
	for _, pkg := range pkgs {
		for _, t := range pkg.Types {
			p.resource(t)
		}
	}
	if len(meta) > 0 {
		p.line("## Arguments of every type")
		p.line("Beside its own arguments every type takes these.")
		p.arguments(meta, nil)
	}
	_, err := io.WriteString(w, strings.TrimSuffix(p.String(), "\n"))
	return err
}

// page is Markdown in the making.
type page struct{ strings.Builder }

// line adds a block of its own.
func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteString("\n\n")
}

func (p *page) resource(t *Type) {
	p.line("## %s", t.Name)
	p.WriteString(t.Doc + "\n\n")
	p.line("    %s", signature(t))
	p.line("The unit is named after %s. Package: `%s`.", t.named(), t.Package)
	p.arguments(t.Fields, t.rules)
	if len(t.Outputs) > 0 {
		p.line("What the unit offers to later ones, in `later(...)` and `when`:")
		p.outputs(t.Outputs)
	}
}

// named says which arguments name the unit.
func (t *Type) named() string {
	text := "`" + t.Key + "`"
	if t.KeyWith != "" {
		text += " and `" + t.KeyWith + "`"
	}
	if t.KeyAlias != "" {
		text += ", or after `" + t.KeyAlias + "` where that is given"
	}
	return text
}

// signature shows a call with the arguments that must be given.
func signature(t *Type) string {
	args := []string{t.Key}
	for _, f := range t.Fields {
		if f.Required && !f.Key {
			args = append(args, f.Name+" = ...")
		}
	}
	return t.Name + "(" + strings.Join(append(args, "..."), ", ") + ")"
}

// arguments lists fields; rules are those of the fields, or nil.
func (p *page) arguments(fields []Field, rules []rule) {
	p.WriteString("| Argument | Kind | Default | |\n|---|---|---|---|\n")
	for i, f := range fields {
		text := []string{f.Doc}
		if rules != nil {
			text = append(text, notes(fields, i, &rules[i])...)
		}
		p.row("`"+f.Name+"`", wantCell(&f, rules, i), preset(&f), strings.Join(text, " "))
	}
	p.WriteString("\n")
}

func (p *page) outputs(fields []Field) {
	p.WriteString("| Output | Kind | |\n|---|---|---|\n")
	for _, f := range fields {
		p.row("`"+f.Name+"`", kindCell(&f), f.Doc)
	}
	p.WriteString("\n")
}

// row adds a row to a table, its text made fit for cells.
func (p *page) row(cells ...string) {
	for _, cell := range cells {
		p.WriteString("| " + cellText.Replace(cell) + " ")
	}
	p.WriteString("|\n")
}

var cellText = strings.NewReplacer("|", `\|`, "\n\n", "<br>", "\n", " ", "<", "&lt;")

// wantCell says what an argument wants beside its kind, where the type has words for it.
func wantCell(f *Field, rules []rule, i int) string {
	if rules == nil || rules[i].expect == "" {
		return kindCell(f)
	}
	return kindCell(f) + ": " + rules[i].expect
}

func kindCell(f *Field) string {
	if f.Enum != nil {
		return strings.Join(quoted(f.Enum), ", ")
	}
	return f.Kind
}

// preset tells what stands where an argument is left out.
func preset(f *Field) string {
	switch {
	case f.HasDefault:
		return "`" + shape.Repr(f.Default) + "`"
	case f.Required:
		return "must be given"
	}
	return ""
}

// notes says what a field's attributes mean to the reader.
func notes(fields []Field, at int, r *rule) []string {
	var out []string
	f := &fields[at]
	always := func(c condition) bool { return containsCondition(r.needs, c) && containsCondition(r.required, c) }
	for _, c := range r.needs {
		if always(c) {
			out = append(out, "Given with "+spelt(fields, c)+", and only then.")
		} else {
			out = append(out, "Only with "+spelt(fields, c)+".")
		}
	}
	for _, c := range r.required {
		if !always(c) {
			out = append(out, "Must be given with "+spelt(fields, c)+".")
		}
	}
	for _, name := range r.conflicts {
		out = append(out, "Not together with `"+name+"`.")
	}
	if f.Host {
		out = append(out, "A host, such as `host`, not its name.")
	}
	if f.Later {
		out = append(out, "May be `later(...)`.")
	}
	if f.Result {
		out = append(out, "May be a lambda of the unit's result.")
	}
	return out
}

func containsCondition(all []condition, c condition) bool {
	return slices.ContainsFunc(all, func(other condition) bool { return reflect.DeepEqual(other, c) })
}

func spelt(fields []Field, c condition) string {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == c.field })
	var values []string
	for _, text := range c.values {
		values = append(values, "`"+shape.Repr(conditionValue(fields[i].Kind, text))+"`")
	}
	return "`" + c.field + "` = " + joinWords(values, "or")
}

func quoted(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, "`"+shape.Repr(text)+"`")
	}
	return out
}
