package cli

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/providers/host"
)

// packages are the resource types at hand and the guests that answer for them.
type packages struct {
	runtime *host.Runtime
	schemas []*schema.Package
	types   []*schema.Type
	modules map[string]*host.Module // by type
	warming sync.WaitGroup
}

// loadPackages loads the built-in packages: their schemas now, each guest when it is first used.
func loadPackages(ctx context.Context, cacheDir string) (*packages, error) {
	rt, err := host.New(ctx, host.Options{CacheDir: cacheDir})
	if err != nil {
		return nil, err
	}
	p := &packages{runtime: rt, modules: map[string]*host.Module{}}
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err != nil {
			return nil, err
		}
		if err := p.load(ctx, files); err != nil {
			return nil, fmt.Errorf("package %s: %w", name, err)
		}
	}
	return p, nil
}

func (p *packages) load(ctx context.Context, files fs.FS) error {
	module, err := p.runtime.Load(ctx, files)
	if err != nil {
		return err
	}
	m := module.Manifest()
	pkg, err := schema.Load(files, m.Name, m.Types)
	if err != nil {
		return err
	}
	pkg.Version = m.Version
	for _, t := range pkg.Types {
		p.types = append(p.types, t)
		p.modules[t.Name] = module
	}
	p.schemas = append(p.schemas, pkg)
	return nil
}

// provider gives the guest of a resource type.
func (p *packages) provider(_ context.Context, typ string) (plan.Provider, error) {
	m := p.modules[typ]
	if m == nil {
		return nil, fmt.Errorf("no package has the resource type %s", typ)
	}
	return m, nil
}

// schemaOf gives a resource type's schema.
func (p *packages) schemaOf(typ string) *schema.Type {
	for _, t := range p.types {
		if t.Name == typ {
			return t
		}
	}
	return nil
}

// warm loads the guests of the types in use beside other work, such as
// connecting to hosts. What goes wrong is told where a guest is first used.
func (p *packages) warm(ctx context.Context, uses func(typ string) bool) {
	seen := map[*host.Module]bool{}
	for typ, m := range p.modules {
		if uses(typ) && !seen[m] {
			seen[m] = true
			p.warming.Go(func() { _ = m.Prepare(ctx) })
		}
	}
}

func (p *packages) close(ctx context.Context) error {
	p.warming.Wait()
	return p.runtime.Close(ctx)
}
