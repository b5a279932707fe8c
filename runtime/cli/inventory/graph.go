package inventory

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/console"
)

type graphCommand struct{ Flags }

// Help gives the command's example.
func (*graphCommand) Help() string {
	return `Prints the groups and hosts as ansible-inventory --graph does.

Examples:
  froyo inventory graph
  froyo inventory graph -i hosts.ini -l db`
}

// Run prints the tree.
func (c *graphCommand) Run(ctx context.Context, e *console.Console) error {
	f, err := c.Load(ctx, e)
	if err != nil {
		return err
	}
	t := &groupTree{groups: f.Read.Tree(), full: c.Limit == "", shown: map[string]bool{}, seen: map[string]bool{}, left: map[string]bool{}}
	for _, h := range f.Hosts {
		t.shown[h.Name] = true
	}
	if c.JSON {
		return e.WriteJSON(t.answer())
	}
	var b strings.Builder
	t.write(&b, "all", 0)
	_, err = io.WriteString(e.Stdout, b.String())
	return err
}

// groupTree prints groups, of a limited inventory those that have hosts left.
type groupTree struct {
	groups map[string]inventory.Group
	full   bool
	shown  map[string]bool // hosts
	seen   map[string]bool // groups that were written
	left   map[string]bool // groups → whether they have hosts left
}

// has reports whether the group is to be shown. Groups never contain themselves.
func (t *groupTree) has(name string) bool {
	if has, known := t.left[name]; known || t.full {
		return has || t.full
	}
	g := t.groups[name]
	t.left[name] = slices.ContainsFunc(g.Hosts, func(h string) bool { return t.shown[h] }) || slices.ContainsFunc(g.Children, t.has)
	return t.left[name]
}

func (t *groupTree) write(b *strings.Builder, name string, depth int) {
	g := t.groups[name]
	again := t.seen[name] && len(g.Children)+len(g.Hosts) > 0
	t.seen[name] = true
	t.line(b, "@"+name+":", depth)
	if again {
		t.line(b, "(as above)", depth+1)
		return
	}
	for _, child := range g.Children {
		if t.has(child) {
			t.write(b, child, depth+1)
		}
	}
	for _, h := range g.Hosts {
		if t.shown[h] {
			t.line(b, h, depth+1)
		}
	}
}

func (t *groupTree) line(b *strings.Builder, text string, depth int) {
	if depth > 0 {
		text = "  " + strings.Repeat("|  ", depth-1) + "|--" + text
	}
	fmt.Fprintln(b, text)
}

// answer is the tree as JSON.
func (t *groupTree) answer() map[string]inventory.Group {
	out := map[string]inventory.Group{}
	for name, g := range t.groups {
		if t.has(name) {
			g.Children = slices.DeleteFunc(slices.Clone(g.Children), func(c string) bool { return !t.has(c) })
			g.Hosts = slices.DeleteFunc(slices.Clone(g.Hosts), func(h string) bool { return !t.shown[h] })
			out[name] = g
		}
	}
	return out
}
