package jinja_test

import (
	"fmt"
	"slices"
	"strings"
)

// kind is what a part of a template can be replaced by.
type kind int

const (
	expression kind = iota
	statement       // text, a tag with what belongs to it, or an output
	body            // statements
	detail          // what cannot be replaced
)

// node is a part of a generated template. Its parts are strings and nodes.
type node struct {
	kind  kind
	parts []any
}

func (n *node) write(b *strings.Builder) {
	for _, p := range n.parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case *node:
			p.write(b)
		}
	}
}

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

// children are the nodes within a node.
func (n *node) children() []*node {
	var out []*node
	for _, p := range n.parts {
		if c, ok := p.(*node); ok {
			out = append(out, c)
		}
	}
	return out
}

// within lists the nodes of a kind within a node, the largest first.
func (n *node) within(k kind) []*node {
	var out []*node
	for _, c := range n.children() {
		if c.kind == k {
			out = append(out, c)
		}
	}
	for _, c := range n.children() {
		out = append(out, c.within(k)...)
	}
	return out
}

// testCase is a generated template with the files that it names.
type testCase struct {
	root      *node
	named     map[string]*node
	said, got outcome
}

func (c *testCase) text() string { return c.root.String() }

func (c *testCase) files() map[string]string {
	out := map[string]string{}
	for name, n := range c.named {
		out[name] = n.String()
	}
	return out
}

func (c *testCase) String() string {
	text := fmt.Sprintf("%q", c.text())
	for name, file := range c.files() {
		if strings.Contains(text, name) || len(c.named) == 1 || strings.Contains(fmt.Sprint(c.files()), name) {
			text += fmt.Sprintf("\n  %s: %q", name, file)
		}
	}
	return text
}

// shrink makes a case smaller as long as it still differs.
func (c *testCase) shrink(differs func() bool) {
	roots := []*node{c.root}
	for _, name := range sortedKeys(c.named) {
		roots = append(roots, c.named[name])
	}
	for again := true; again; {
		again = false
		for _, root := range roots {
			again = smaller(root, differs) || again
		}
	}
}

func sortedKeys(m map[string]*node) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// smaller replaces a node, or nodes within it, by smaller ones.
func smaller(n *node, differs func() bool) bool {
	was := n.parts
	try := func(parts []any) bool {
		n.parts = parts
		if len(fmt.Sprint(parts)) < len(fmt.Sprint(was)) && differs() {
			return true
		}
		n.parts = was
		return false
	}
	switch n.kind {
	case expression:
		for _, c := range n.within(expression) {
			if try(c.parts) {
				smaller(n, differs)
				return true
			}
		}
		if len(n.children()) > 0 {
			for _, simple := range []string{"1", "'a'", "none", "l", "d"} {
				if try([]any{simple}) {
					return true
				}
			}
		}
	case statement:
		for _, c := range append(n.within(body), n.within(statement)...) {
			if try(c.parts) {
				smaller(n, differs)
				return true
			}
		}
	case body:
		for i := range n.parts {
			if try(slices.Delete(slices.Clone(n.parts), i, i+1)) {
				smaller(n, differs)
				return true
			}
		}
	case detail:
	}
	found := false
	for _, c := range n.children() {
		found = smaller(c, differs) || found
	}
	return found
}
