package host

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// ManifestFile is the name of a package's manifest in its file system.
const ManifestFile = "manifest.yaml"

// Limits of a manifest.
const (
	maxManifest = 64 << 10 // bytes
	maxTypes    = 100
	maxOps      = 100
	maxGlobs    = 100
)

// Manifest says what a package brings and what its guest may do.
type Manifest struct {
	Name        string
	Version     string
	Description string
	License     string
	ABI         int
	// Types gives the CUE definition of each resource type, by the type's name.
	Types map[string]string
	// Capabilities are the ops that the guest may ask for.
	Capabilities []Capability
}

// Capability lets a guest ask for ops of one kind.
type Capability struct {
	Kind op.Kind
	// Paths are globs of the paths it may name; none is any path, for ops that read.
	Paths []string
	// Programs are globs of the programs it may run, for exec only.
	Programs []string
	// Hosts are globs of the hosts it may probe, by the name or address in the op.
	Hosts []string
}

var (
	packageName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	typeName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	definition  = regexp.MustCompile(`^#[A-Z][A-Za-z0-9_]{0,63}$`)
	version     = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]{1,64})?$`)
)

// ParseManifest reads a manifest. Keys it does not know, and anything that it
// cannot hold a guest to, are errors that name file and line.
func ParseManifest(file string, data []byte) (*Manifest, error) {
	if len(data) > maxManifest {
		return nil, fmt.Errorf("%s: has %d bytes, more than %d", file, len(data), maxManifest)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %s", file, oneLine(err.Error()))
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("%s: is empty", file)
	}
	m := &Manifest{Types: map[string]string{}}
	if err := m.fill(doc.Content[0]); err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	return m, nil
}

// fill takes the manifest from the top of the document.
func (m *Manifest) fill(top *yaml.Node) error {
	err := mapping(top, []string{"name", "version", "abi", "types", "capabilities"}, map[string]func(*yaml.Node) error{
		"name":         matching(&m.Name, packageName, "a name of lower case letters, digits and dashes"),
		"version":      matching(&m.Version, version, "a version such as 1.2.3"),
		"description":  text(&m.Description),
		"license":      text(&m.License),
		"abi":          m.abi,
		"types":        m.types,
		"capabilities": m.capabilities,
	})
	if err != nil {
		return err
	}
	if len(m.Types) == 0 {
		return at(top, "types names no type")
	}
	return nil
}

func (m *Manifest) abi(n *yaml.Node) error {
	number, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		return at(n, "abi must be a number")
	}
	if number != abi.Version {
		return at(n, "speaks abi %d, this froyo speaks %d", number, abi.Version)
	}
	m.ABI = number
	return nil
}

func (m *Manifest) types(n *yaml.Node) error {
	return pairs(n, maxTypes, func(key, value *yaml.Node) error {
		if !typeName.MatchString(key.Value) {
			return at(key, "type %q must be a name of lower case letters, digits and underscores", oneLine(key.Value))
		}
		var def string
		err := matching(&def, definition, "a CUE definition such as #File")(value)
		m.Types[key.Value] = def
		return err
	})
}

func (m *Manifest) capabilities(n *yaml.Node) error {
	return mapping(n, nil, map[string]func(*yaml.Node) error{
		"ops": func(n *yaml.Node) error {
			return list(n, maxOps, func(item *yaml.Node) error {
				c, err := capability(item)
				m.Capabilities = append(m.Capabilities, c)
				return err
			})
		},
	})
}

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
			return at(key, "unknown key %q; known are %s", oneLine(key.Value), strings.Join(names, ", "))
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
			return at(key, "%q is there twice", oneLine(key.Value))
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
