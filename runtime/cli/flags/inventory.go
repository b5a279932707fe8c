package flags

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory/source"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Read reads the sources that flags or the workspace name. This machine is the
// target only where neither names any.
func (f *Target) Read(c *console.Console, w *workspace.Workspace) (*inventory.Inventory, error) {
	sources := f.Inventory
	if len(sources) == 0 {
		sources = w.Inventory()
	}
	var inv *inventory.Inventory
	switch {
	case len(sources) > 0:
		var err error
		if inv, err = Load(c, w, sources); err != nil {
			return nil, err
		}
	case f.Limit != "":
		return nil, (&diag.Error{Summary: "--limit is given, but no inventory to limit"}).
			WithHint("name one with -i FILE or -i h1,h2, or make inventory.cue in the workspace")
	default:
		inv = inventory.Localhost()
	}
	c.Errors.Warnings(inv.Warnings())
	return inv, nil
}

// Files are the inventory's files that flags name, as absolute paths.
func (f *Target) Files() ([]string, error) {
	var files []string
	for _, source := range f.Inventory {
		if strings.Contains(source, ",") {
			continue // a list of names
		}
		file, err := filepath.Abs(source)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Load reads the inventory's sources, those in the workspace under its rules.
func Load(c *console.Console, w *workspace.Workspace, sources []string) (*inventory.Inventory, error) {
	trust := func(name string) error { return trusted(w, name) }
	return source.Load(sources, source.Options{Home: c.Getenv("HOME"), Trust: trust})
}

// trusted applies the workspace's rules to files of the inventory that lie in it;
// one that the operator names elsewhere is their own affair.
func trusted(w *workspace.Workspace, name string) error {
	if w.Root == "" {
		return nil
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(w.Root, abs); err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // not below the workspace
	}
	return w.Trust(abs)
}

// WithDefaults fills in what flags and the workspace's settings say of hosts where
// the inventory says nothing.
func (f *Target) WithDefaults(inv *inventory.Inventory, w *workspace.Workspace) *inventory.Inventory {
	hosts := inv.Hosts()
	for i, h := range hosts {
		h := *h
		if h.Become == nil && (f.Become || w.Settings.Become) {
			h.Become = new(true)
		}
		h.User = cmp.Or(h.User, f.User, w.Settings.User)
		hosts[i] = &h
	}
	return inventory.New(hosts, slices.Sorted(maps.Keys(inv.Groups()))...)
}
