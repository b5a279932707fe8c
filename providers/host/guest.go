package host

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/openfroyo/froyo/providers/host/wasi"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxPages bounds a guest's memory: 64 MiB.
const maxPages = 1 << 10

// guest is a compiled module with its instances: at most as many as slots has
// room for. They are made when they are needed, because each takes some MiB.
type guest struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	slots    chan *instance // nil is room for a new one
}

// newGuest compiles a metered module. The code is kept in dir, unless that is "".
func newGuest(ctx context.Context, metered []byte, dir string, instances int) (_ *guest, err error) {
	g := &guest{slots: make(chan *instance, instances)}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(ctx))
		}
	}()
	if g.cache, err = compilationCache(dir); err != nil {
		return nil, err
	}
	// No SIMD and nothing newer: the meter does not know it.
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 &^ api.CoreFeatureSIMD).
		WithMemoryLimitPages(maxPages).
		WithMemoryCapacityFromMax(true). // reserved, not used: growing would copy all of it
		WithCompilationCache(g.cache)
	g.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := wasi.Instantiate(ctx, g.runtime); err != nil {
		return nil, err
	}
	ctx = experimental.WithCompilationWorkers(ctx, runtime.NumCPU())
	if g.compiled, err = g.runtime.CompileModule(ctx, metered); err != nil {
		return nil, err
	}
	for range instances {
		g.slots <- nil
	}
	return g, nil
}

// opening is held while a cache is opened: wazero finds out its own version
// then, and keeps it in a variable that it does not guard.
var opening sync.Mutex

// compilationCache opens the cache in dir, or one in memory where that is "".
func compilationCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	opening.Lock()
	defer opening.Unlock()
	return wazero.NewCompilationCacheWithDir(dir)
}

// close ends the instances; none may be in use.
func (g *guest) close(ctx context.Context) error {
	if g == nil {
		return nil
	}
	var errs []error
	if g.runtime != nil {
		errs = append(errs, g.runtime.Close(ctx))
	}
	if g.cache != nil {
		errs = append(errs, g.cache.Close(ctx))
	}
	return errors.Join(errs...)
}

// take waits for an instance. A fresh one has answered nothing before.
func (g *guest) take(ctx context.Context, fresh bool) (*instance, error) {
	// A run that has ended takes nothing, even if it could.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var i *instance
	select {
	case i = <-g.slots:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if i != nil && (!fresh || i.calls == 0) {
		return i, nil
	}
	if i != nil {
		i.close(ctx)
	}
	i, err := newInstance(ctx, g)
	if err != nil {
		g.slots <- nil
	}
	return i, err
}

// give puts an instance back for the next one.
func (g *guest) give(i *instance) { g.slots <- i }

// discard ends an instance that cannot be trusted any more.
func (g *guest) discard(ctx context.Context, i *instance) {
	i.close(ctx)
	g.slots <- nil
}
