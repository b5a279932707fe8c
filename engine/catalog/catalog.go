// Package catalog is the installed resource types: of each its schema, and the guest that answers
// for it. A type is loaded from its package: manifest, CUE files and WASM module.
//
// It imports engine/schema, engine/contract, engine/secret and providers/host.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/openfroyo/froyo/engine/contract"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/providers/host"
)

// Catalog is the resource types at hand and the guests that answer for them.
type Catalog struct {
	runtime *host.Runtime
	schemas []*schema.Package
	types   []*schema.Type
	modules map[string]*host.Module       // by type
	held    map[string]*contract.Provider // the same, held to their types
	checker check.Checker                 // of arguments that are known only later
	warming sync.WaitGroup
}

// Source is a package of types: its name, for errors, and its files.
type Source struct {
	Name  string
	Files fs.FS
}

// Open loads packages: their schemas now, each guest when it is first used. What guests are
// compiled to is kept in cacheDir, or nowhere where that is "".
func Open(ctx context.Context, cacheDir string, packages ...Source) (*Catalog, error) {
	rt, err := host.New(ctx, host.Options{CacheDir: cacheDir})
	if err != nil {
		return nil, err
	}
	c := &Catalog{runtime: rt, modules: map[string]*host.Module{}, held: map[string]*contract.Provider{}}
	for _, p := range packages {
		if err := c.load(ctx, p.Files); err != nil {
			return nil, fmt.Errorf("package %s: %w", p.Name, errors.Join(err, rt.Close(ctx)))
		}
	}
	return c, nil
}

func (c *Catalog) load(ctx context.Context, files fs.FS) error {
	module, err := c.runtime.Load(ctx, files)
	if err != nil {
		return err
	}
	m := module.Manifest()
	pkg, err := schema.Load(files, m.Name, m.Types)
	if err != nil {
		return err
	}
	pkg.Version = m.Version
	held := contract.New(module, pkg.Types)
	for _, t := range pkg.Types {
		if other := c.Type(t.Name); other != nil {
			return fmt.Errorf("it has the type %s, which package %s has already: types of packages that are used together need names of their own", t.Name, other.Package)
		}
		c.types = append(c.types, t)
		c.modules[t.Name], c.held[t.Name] = module, held
	}
	c.schemas = append(c.schemas, pkg)
	return nil
}

// Provider gives the guest of a resource type.
func (c *Catalog) Provider(_ context.Context, typ string) (inspect.Provider, error) {
	held := c.held[typ]
	if held == nil {
		return nil, fmt.Errorf("no package has the resource type %s", typ)
	}
	return held, nil
}

// Types are the schemas of all types, as runbooks use them.
func (c *Catalog) Types() []*schema.Type { return c.types }

// Packages are the schemas by package.
func (c *Catalog) Packages() []*schema.Package { return c.schemas }

// Type gives a resource type's schema, or nil.
func (c *Catalog) Type(typ string) *schema.Type {
	for _, t := range c.types {
		if t.Name == typ {
			return t
		}
	}
	return nil
}

// KeyIsPath reports whether units of a type are told apart by a path on their host.
func (c *Catalog) KeyIsPath(typ string) bool {
	t := c.Type(typ)
	return t != nil && t.KeyIsPath()
}

// Warm loads the guests of the types in use beside other work, such as
// connecting to hosts. What goes wrong is told where a guest is first used.
func (c *Catalog) Warm(ctx context.Context, uses func(typ string) bool) {
	seen := map[*host.Module]bool{}
	for typ, m := range c.modules {
		if uses(typ) && !seen[m] {
			seen[m] = true
			c.warming.Go(func() { _ = m.Prepare(ctx) })
		}
	}
}

// Close ends the guests.
func (c *Catalog) Close(ctx context.Context) error {
	c.warming.Wait()
	return c.runtime.Close(ctx)
}
