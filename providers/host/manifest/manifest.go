// Package manifest reads what a package of resource types says of itself: its
// types, and what its guest may do. It decides whether an op is within that.
//
// It imports providers/abi, providers/host/grant, providers/host/printable, providers/yamlfault and runner/op.
package manifest

import (
	"fmt"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/grant"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/providers/yamlfault"
	"github.com/openfroyo/froyo/runner/op"
)

// File is the name of a package's manifest in its file system.
const File = "manifest.yaml"

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
	// Arguments are the unit's arguments that name what its ops are about: the
	// path, package or service of an op must be one of them. None binds to nothing.
	Arguments []string
	// Reads are the programs it may run while it only looks at the target, Probes
	// those that do not count as a change; Runs binds all others, if there are any.
	// For exec only.
	Reads, Probes, Runs []grant.Grant
}

var (
	packageName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	typeName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	definition  = regexp.MustCompile(`^#[A-Z][A-Za-z0-9_]{0,63}$`)
	version     = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]{1,64})?$`)
)

// Parse reads a manifest, which is in a file of that name. Keys it does not know, and anything that it
// cannot hold a guest to, are errors that name file and line.
func Parse(file string, data []byte) (*Manifest, error) {
	if len(data) > maxManifest {
		return nil, fmt.Errorf("%s: has %d bytes, more than %d", file, len(data), maxManifest)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s:%s", file, unread(err))
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

// unread says where and why a text is no YAML.
func unread(err error) string {
	f := yamlfault.Of(err)[0]
	return fmt.Sprintf("%d: this is no YAML: %s", max(f.Line, 1), printable.Line(f.Text))
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
			return at(key, "type %q must be a name of lower case letters, digits and underscores", printable.Line(key.Value))
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
