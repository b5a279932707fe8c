// Package pages makes the pages that froyo docs prints, from schemas and code.
package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runtime/wire"
)

// Write writes the reference: resource types, facts, the language, and what works on which systems.
func Write(ctx context.Context, w io.Writer) error {
	p, err := wire.Types(ctx, "")
	if err != nil {
		return err
	}
	err = reference.Markdown(w, p.Packages(), resource.MetaFields())
	if err == nil {
		err = facts.Reference(w)
	}
	if err == nil {
		err = builtins.Reference(w)
	}
	if err == nil {
		err = writeSystems(w, p.Packages())
	}
	return errors.Join(err, p.Close(ctx))
}

// writeSystems writes what works on which systems, with the hosts that this froyo carries a runner for.
func writeSystems(w io.Writer, pkgs []*schema.Package) error {
	var namespaces []reference.Namespace
	for _, n := range facts.All() {
		namespaces = append(namespaces, reference.Namespace{Name: n.Name, Systems: n.Systems})
	}
	return reference.Systems(w, runner.Platforms(), pkgs, namespaces)
}

// Section cuts what is about one name out of the reference.
func Section(page, name string) (string, error) {
	title := name
	switch name {
	case "std":
		title = "Modules of @std"
	case "systems":
		title = reference.SystemsHeading
	}
	names := Pages()
	for i, part := range strings.Split(page, heading) {
		found, rest, _ := strings.Cut(part, "\n")
		if i == 0 {
			continue // before the first heading
		}
		if found == title {
			rest, _, _ = strings.Cut(rest, "\n# ") // the next part of the page
			return "## " + found + "\n" + strings.TrimRight(rest, "\n") + "\n", nil
		}
		names = append(names, found)
	}
	err := &diag.Error{Summary: fmt.Sprintf("froyo docs: nothing is named %q", name)}
	if near := diag.Nearest(name, names); near != "" {
		return "", err.WithHint("did you mean %q?", near)
	}
	return "", err.WithHint("froyo docs prints all; its headings are the names")
}

// heading begins the section about a name.
const heading = "\n## "

// Pages are the names that are no heading of the reference.
func Pages() []string { return []string{"reference", "events", "std", "systems", "templates"} }

// Names lists what froyo docs prints something about: its pages, types, facts and builtins. Prose has headings as well, of
// more than one word.
func Names(ctx context.Context) ([]string, error) {
	var page strings.Builder
	if err := Write(ctx, &page); err != nil {
		return nil, err
	}
	names := Pages()
	for _, part := range strings.Split(page.String(), heading)[1:] {
		name, _, _ := strings.Cut(part, "\n")
		if !strings.Contains(name, " ") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}
