// Package yamlload reads YAML as PyYAML's SafeLoader does: what a scalar means is YAML 1.1.
//
// It imports a YAML parser, package pytime and what that imports.
package yamlload

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// maxDepth is how deeply lists and mappings may be nested.
const maxDepth = 250

// Load reads the one document of a YAML text as PyYAML's SafeLoader does. Mappings keep their order; of a key that is
// given twice the last value counts. step is called for each value.
func Load(text string, step func(n int) error) (py.Value, error) {
	docs, err := LoadAll(text, step)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return starlark.None, nil
	case len(docs) > 1:
		return nil, py.Errorf("the YAML has %d documents, expected one: from_yaml_all reads several", len(docs))
	}
	return docs[0], nil
}

// LoadAll reads all documents of a YAML text.
func LoadAll(text string, step func(n int) error) ([]py.Value, error) {
	if err := bounds.Parsable("from_yaml", starlark.String(text)); err != nil {
		return nil, err
	}
	for i, r := range text {
		if !readable(r) || r == 0xfeff && i > 0 {
			return nil, py.Errorf("the YAML has the character U+%04X, which cannot stand in it", r)
		}
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	var out []py.Value
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, py.Errorf("this is no YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		if err := distinctAnchors(doc.Content[0], map[string]bool{}); err != nil {
			return nil, err
		}
		l := &loader{step: step, made: map[*yaml.Node]py.Value{}}
		v, err := l.value(doc.Content[0], 0)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

// distinctAnchors reports, as an error, an anchor that is given twice, which PyYAML refuses.
func distinctAnchors(n *yaml.Node, seen map[string]bool) error {
	if n.Kind == yaml.AliasNode {
		return nil
	}
	if n.Anchor != "" {
		if seen[n.Anchor] {
			return wrong(n, "the anchor %s is there twice", n.Anchor)
		}
		seen[n.Anchor] = true
	}
	for _, item := range n.Content {
		if err := distinctAnchors(item, seen); err != nil {
			return err
		}
	}
	return nil
}

// loader makes values of nodes. A node that is named again is the same value again.
type loader struct {
	step func(n int) error
	made map[*yaml.Node]py.Value // nil while it is being made
}

func wrong(n *yaml.Node, format string, args ...any) error {
	return py.Errorf("YAML, line %d: %s", n.Line, fmt.Sprintf(format, args...))
}

func (l *loader) value(n *yaml.Node, depth int) (py.Value, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if v, begun := l.made[n]; begun {
		if v == nil {
			return nil, wrong(n, "the value %s holds itself", n.Anchor)
		}
		return v, nil
	}
	if depth > maxDepth {
		return nil, wrong(n, "nested more than %d levels deep", maxDepth)
	}
	if err := l.step(1); err != nil {
		return nil, err
	}
	l.made[n] = nil
	v, err := l.make(n, depth)
	if err != nil {
		return nil, err
	}
	l.made[n] = v
	return v, nil
}

func (l *loader) make(n *yaml.Node, depth int) (py.Value, error) {
	tag := ""
	if n.Style&yaml.TaggedStyle != 0 {
		tag = n.ShortTag()
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if tag != "" && tag != "!!seq" {
			return nil, wrong(n, "the tag %s of a list is not known", tag)
		}
		items := make([]py.Value, len(n.Content))
		for i, item := range n.Content {
			var err error
			if items[i], err = l.value(item, depth+1); err != nil {
				return nil, err
			}
		}
		return starlark.NewList(items), nil
	case yaml.MappingNode:
		if tag != "" && tag != "!!map" {
			return nil, wrong(n, "the tag %s of a mapping is not known", tag)
		}
		pairs, err := l.flatten(n, depth)
		if err != nil {
			return nil, err
		}
		return l.mapping(pairs, depth)
	}
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch {
	case tag == "" && plain:
		tag = implicit(n.Value)
	case tag == "":
		tag = "!!str"
	}
	v, err := scalar(tag, n.Value)
	if err != nil {
		return nil, wrong(n, "%v", err)
	}
	return v, nil
}

type pair struct{ key, value *yaml.Node }

// flatten are the pairs of a mapping, those that << brings first.
func (l *loader) flatten(n *yaml.Node, depth int) ([]pair, error) {
	if depth > maxDepth {
		return nil, wrong(n, "nested more than %d levels deep, or a mapping merges itself", maxDepth)
	}
	var merged, own []pair
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !isMerge(k) {
			own = append(own, pair{k, v})
			continue
		}
		if v.Kind == yaml.AliasNode {
			v = v.Alias
		}
		var sources []*yaml.Node
		switch v.Kind {
		case yaml.MappingNode:
			sources = []*yaml.Node{v}
		case yaml.SequenceNode:
			for _, item := range v.Content {
				sources = append([]*yaml.Node{item}, sources...)
			}
		default:
			return nil, wrong(v, "expected a mapping or list of mappings for merging")
		}
		for _, s := range sources {
			if s.Kind == yaml.AliasNode {
				s = s.Alias
			}
			if s.Kind != yaml.MappingNode {
				return nil, wrong(s, "expected a mapping for merging")
			}
			pairs, err := l.flatten(s, depth+1)
			if err != nil {
				return nil, err
			}
			if err := l.step(len(pairs)); err != nil {
				return nil, err
			}
			merged = append(merged, pairs...)
		}
	}
	return append(merged, own...), nil
}

func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0 || k.Style&yaml.TaggedStyle != 0 && k.ShortTag() == "!!merge"
}

func (l *loader) mapping(pairs []pair, depth int) (py.Value, error) {
	out := starlark.NewDict(len(pairs))
	for _, p := range pairs {
		k, err := l.key(p.key, depth)
		if err != nil {
			return nil, err
		}
		v, err := l.value(p.value, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.SetKey(sameKey(out, k), v); err != nil {
			return nil, wrong(p.key, "%v", err)
		}
	}
	return out, nil
}

func (l *loader) key(n *yaml.Node, depth int) (py.Value, error) {
	if n.Kind == yaml.ScalarNode && n.Style == 0 && n.Value == "=" {
		return starlark.String("="), nil
	}
	k, err := l.value(n, depth+1)
	if err != nil {
		return nil, err
	}
	if err := py.Hashable(k); err != nil {
		return nil, wrong(n, "found unhashable key")
	}
	return k, nil
}

// sameKey is the key of a dict that a key equals: in Python True, 1 and 1.0 are one.
func sameKey(d *starlark.Dict, k py.Value) py.Value {
	n, ok := py.Number(k)
	if !ok {
		return k
	}
	for _, b := range []starlark.Bool{true, false} {
		number, _ := py.Number(b)
		if same, err := py.Equal(n, number); err != nil || !same {
			continue
		}
		for _, other := range []py.Value{b, number} {
			if _, found, err := d.Get(other); err == nil && found {
				return other
			}
		}
	}
	return k
}
