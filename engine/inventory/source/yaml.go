package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory/literal"
	"github.com/openfroyo/froyo/providers/yamlfault"
)

// yamlParser reads Ansible's YAML: groups with hosts, children and vars, nested.
type yamlParser struct {
	draft *draft
	file  string
	json  bool // the text is JSON, whose values have types of their own
}

func (d *draft) parseYAML(file string, src []byte) {
	p := &yamlParser{draft: d, file: file}
	root := p.document(src)
	if root == nil {
		return
	}
	p.each(root, "the inventory", func(key, value *yaml.Node) {
		if g := p.draft.declare(key.Value, p.pos(key)); g != nil {
			p.group(g, value)
		}
	})
}

// document parses src and returns its one value, nil where it is empty or broken.
func (p *yamlParser) document(src []byte) *yaml.Node {
	if p.json = json.Valid(src); p.json {
		return p.jsonDocument(src)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		p.broken(err)
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	// Decoding checks what walking the nodes does not: names that occur twice or
	// are no text, anchors that hold themselves, aliases that grow without bound.
	var whole any
	if err := doc.Content[0].Decode(&whole); err != nil {
		p.broken(err)
		return nil
	}
	if whole == nil {
		return nil
	}
	return doc.Content[0]
}

// jsonDocument is document for JSON.
func (p *yamlParser) jsonDocument(src []byte) *yaml.Node {
	root, err := literal.JSON(src)
	if e, ok := errors.AsType[*literal.SyntaxError](err); ok {
		p.draft.problem(diag.Pos{File: p.file, Line: e.Line, Col: e.Col}, "%s", e.Msg)
		return nil
	}
	if root.Tag == "!!null" {
		return nil
	}
	return root
}

// broken reports what the YAML library says, at its line.
func (p *yamlParser) broken(err error) {
	for _, f := range yamlfault.Of(err) {
		p.draft.problem(diag.Pos{File: p.file, Line: f.Line}, "%s", f.Text)
	}
}

func (p *yamlParser) pos(n *yaml.Node) diag.Pos {
	return diag.Pos{File: p.file, Line: n.Line, Col: n.Column}
}

// each ranges over the fields of a mapping, as fieldsOf lists them. An empty value is an empty mapping.
func (p *yamlParser) each(n *yaml.Node, what string, yield func(key, value *yaml.Node)) {
	n = target(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.draft.problem(p.pos(n), "%s: want a mapping, got %s", what, kindOf(n))
		return
	}
	for _, f := range fieldsOf(n) {
		yield(f.key, f.value)
	}
}

// field is a name in a mapping and what it stands for.
type field struct{ key, value *yaml.Node }

// fieldsOf lists the fields of a mapping, the weakest first: those merged into
// it with << come before its own.
func fieldsOf(n *yaml.Node) []field {
	var merged, own []field
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], target(n.Content[i+1])
		if key.Tag != "!!merge" {
			own = append(own, field{target(key), value})
			continue
		}
		sources := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			sources = value.Content
		}
		for _, source := range slices.Backward(sources) {
			merged = append(merged, fieldsOf(target(source))...)
		}
	}
	return append(merged, own...)
}

// target follows aliases.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}

var groupFields = []string{"hosts", "children", "vars"}

func (p *yamlParser) group(g *groupDraft, n *yaml.Node) {
	what := fmt.Sprintf("group %q", g.name)
	p.each(n, what, func(key, value *yaml.Node) {
		switch key.Value {
		case "hosts":
			p.members(value, "hosts of "+what, func(key, value *yaml.Node) { p.host(g, key, value) })
		case "children":
			p.members(value, "children of "+what, func(key, value *yaml.Node) {
				child := p.draft.declare(key.Value, p.pos(key))
				if child == nil {
					return
				}
				g.children = append(g.children, reference{child.name, p.pos(key)})
				p.group(child, value)
			})
		case "vars":
			p.settings(value, "vars of "+what, g.vars)
		default:
			err := p.draft.problem(p.pos(key), "%s: unknown field %q", what, key.Value)
			if err.Hint = "allowed are hosts, children, vars"; diag.Nearest(key.Value, groupFields) != "" {
				err.Hint = fmt.Sprintf("did you mean %q?", diag.Nearest(key.Value, groupFields))
			}
		}
	})
}

// members ranges over the hosts or children of a group: a mapping, or the name
// of a single one.
func (p *yamlParser) members(n *yaml.Node, what string, yield func(key, value *yaml.Node)) {
	if name := target(n); name.Kind == yaml.ScalarNode && name.Tag == "!!str" && name.Value != "" {
		yield(name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: name.Line, Column: name.Column})
		return
	}
	p.each(n, what, yield)
}

func (p *yamlParser) host(g *groupDraft, key, value *yaml.Node) {
	vars := settings{}
	p.settings(value, fmt.Sprintf("host %q", key.Value), vars)
	for _, h := range p.draft.hostsOf(key.Value, p.pos(key)) {
		h.groups[g.name] = true
		h.vars.add(vars)
	}
}

// settings reads variables into a set.
func (p *yamlParser) settings(n *yaml.Node, what string, into settings) {
	p.each(n, what, func(key, value *yaml.Node) {
		v, err := p.plain(value, 0)
		if errors.Is(err, errVault) {
			p.draft.warn(p.pos(value), "%s: variable %q is left out: a part of it is %v", what, key.Value, err)
			return
		}
		if err != nil {
			p.draft.problem(p.pos(value), "%s: variable %q: %w", what, key.Value, err)
			return
		}
		name, err := p.key(key)
		if err != nil {
			p.draft.problem(p.pos(key), "%s: %w", what, err)
			return
		}
		into.set(name, variable{value: v, pos: p.pos(key)})
	})
}

// maxDepth bounds how deeply values are nested.
const maxDepth = 64

// plain turns a YAML value into plain data. Dates stay text.
func (p *yamlParser) plain(n *yaml.Node, depth int) (any, error) {
	n = target(n)
	switch {
	case depth > maxDepth:
		return nil, errors.New("the value is nested too deeply")
	case n.Tag == "!vault", n.Tag == "!vault-encrypted":
		return p.draft.vaulted(n.Value, p.pos(n)), nil
	case p.json && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "__ansible_vault":
		return p.draft.vaulted(target(n.Content[1]).Value, p.pos(n)), nil
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			var err error
			if list[i], err = p.element(e, depth); err != nil {
				return nil, err
			}
		}
		return list, nil
	case n.Kind == yaml.MappingNode:
		return p.plainMap(n, depth)
	}
	return literal.Scalar(n, p.json)
}

// element is plain for a value within another one.
func (p *yamlParser) element(n *yaml.Node, depth int) (any, error) {
	v, err := p.plain(n, depth+1)
	if _, ok := v.(vaulted); ok && p.draft.vault == nil {
		return nil, errVault
	}
	return v, err
}

func (p *yamlParser) plainMap(n *yaml.Node, depth int) (any, error) {
	fields := map[string]any{}
	for _, f := range fieldsOf(n) {
		v, err := p.element(f.value, depth)
		if err != nil {
			return nil, err
		}
		name, err := p.key(f.key)
		if err != nil {
			return nil, err
		}
		fields[name] = v
	}
	return fields, nil
}

// key is the name of a field, as Ansible writes it in JSON: that of yes is true.
func (p *yamlParser) key(n *yaml.Node) (string, error) {
	v, err := literal.Scalar(n, p.json)
	if err != nil {
		return "", err
	}
	name, err := literal.Key(v)
	if err == nil && name != n.Value {
		p.draft.warn(p.pos(n), "the name %s is read as %s, as in Ansible", n.Value, name).WithHint("write it in quotes: %q", n.Value)
	}
	return name, err
}
