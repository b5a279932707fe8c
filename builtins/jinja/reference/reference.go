// Package reference writes the page about the language of templates: what there is, and what differs from Ansible.
package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/library"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
)

// Write writes the page as Markdown.
func Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString(language)
	lib := library.New()
	part(&b, "Filters", filtersAbout, lib.Filters())
	part(&b, "Tests", "`value is name`, `value is name(argument)`, `value is not name argument`; by name in `select`, `reject`, `selectattr` and `rejectattr`.", lib.Tests())
	part(&b, "Functions", "", lib.Functions())
	lookups(&b)
	leftOut(&b)
	rows(&b, "Differences from Ansible", differencesIntro, [2]string{"What differs", "Why"}, differences)
	rows(&b, "Limits", limitsIntro, [2]string{"What", "Limit"}, limits())
	b.WriteString(additions)
	_, err := io.WriteString(w, b.String())
	return err
}

// part writes the filters, tests or functions of Jinja and those of Ansible.
func part(b *strings.Builder, title, about string, entries []library.Entry) {
	fmt.Fprintf(b, "\n## %s\n", title)
	if about != "" {
		fmt.Fprintf(b, "\n%s\n", about)
	}
	for _, of := range []struct{ name, collection string }{
		{"Jinja's own", ""},
		{"Ansible's", "ansible.builtin"},
		{"Those of `ansible.utils`", "ansible.utils"},
		{"Those of `ansible.netcommon`", "ansible.netcommon"},
		{"Those of `community.general`", "community.general"},
	} {
		var lines strings.Builder
		for _, e := range entries {
			if e.Jinja && of.collection == "" || !e.Jinja && e.Collection == of.collection {
				fmt.Fprintf(&lines, "| %s | %s | %s |\n", code(e.Name), code(e.Func.Params.String()), cell(e.Func.Doc))
			}
		}
		if lines.Len() > 0 {
			fmt.Fprintf(b, "\n%s:\n\n| Name | Parameters | What it gives |\n|---|---|---|\n%s", of.name, lines.String())
		}
	}
}

func lookups(b *strings.Builder) {
	b.WriteString(lookupsIntro)
	b.WriteString("\n| Name | Parameters | What it gives |\n|---|---|---|\n")
	for _, l := range lookup.All() {
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(l.Name), code(l.Params.String()), cell(l.Doc))
	}
}

// leftOut writes the names of Ansible that there are not.
func leftOut(b *strings.Builder) {
	b.WriteString(leftOutIntro)
	b.WriteString("\n| Kind | Name | Why, and what to write |\n|---|---|---|\n")
	for _, r := range library.Refusals() {
		fmt.Fprintf(b, "| %s | %s | %s: %s |\n", r.Kind, code(r.Name), cell(r.Reason), cell(r.Instead))
	}
	for _, l := range lookup.AllLeftOut() {
		fmt.Fprintf(b, "| lookup | %s | %s |\n", code(l.Name), cell(l.Why))
	}
}

func rows(b *strings.Builder, title, about string, head [2]string, of [][2]string) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| %s | %s |\n|---|---|\n", title, about, head[0], head[1])
	for _, r := range of {
		fmt.Fprintf(b, "| %s | %s |\n", cell(r[0]), cell(r[1]))
	}
}

// code is a text as code in a cell of a table; nothing stays nothing.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
