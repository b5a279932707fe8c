package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/providers/host/printable"
	"go.yaml.in/yaml/v3"
)

// at makes an error about a place in a manifest; the caller puts the file's name before it.
func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: %s", n.Line, fmt.Sprintf(format, args...))
}

// mapping reads a mapping whose keys are all known and of which some must be there.
func mapping(n *yaml.Node, needed []string, known map[string]func(*yaml.Node) error) error {
	var seen []string
	err := pairs(n, len(known), func(key, value *yaml.Node) error {
		read, ok := known[key.Value]
		if !ok {
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			return at(key, "unknown key %q; known are %s", printable.Line(key.Value), strings.Join(names, ", "))
		}
		seen = append(seen, key.Value)
		return read(value)
	})
	if err != nil {
		return err
	}
	for _, name := range needed {
		if !slices.Contains(seen, name) {
			return at(n, "%s is missing", name)
		}
	}
	return nil
}

// pairs reads a mapping of at most limit keys, each there once.
func pairs(n *yaml.Node, limit int, read func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "must be a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			return at(key, "a key must be a name")
		case seen[key.Value]:
			return at(key, "%q is there twice", printable.Line(key.Value))
		}
		if err := read(key, value); err != nil {
			return err
		}
		if seen[key.Value] = true; len(seen) > limit {
			return at(key, "more than %d entries", limit)
		}
	}
	return nil
}

// list reads a sequence of at most limit items.
func list(n *yaml.Node, limit int, read func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return at(n, "must be a list")
	}
	if len(n.Content) > limit {
		return at(n, "more than %d entries", limit)
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// text reads a string without control characters.
func text(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
			return at(n, "must be a string; put it in quotes")
		}
		if strings.ContainsFunc(n.Value, unicode.IsControl) {
			return at(n, "must not contain control characters")
		}
		*to = n.Value
		return nil
	}
}

// program reads a shell command, which may have several lines.
func program(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		one := *n
		one.Value = strings.ReplaceAll(n.Value, "\n", " ")
		err := text(to)(&one)
		*to = n.Value
		return err
	}
}

// truth reads true or false.
func truth(to *bool) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			return at(n, "must be true or false")
		}
		return n.Decode(to)
	}
}

// matching reads a string of a given form.
func matching(to *string, form *regexp.Regexp, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if err := text(to)(n); err != nil {
			return err
		}
		if !form.MatchString(*to) {
			return at(n, "%q is not %s", *to, what)
		}
		return nil
	}
}
