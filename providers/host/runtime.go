// Package host runs providers: it loads packages, checks their manifests, and
// calls their guests, WebAssembly modules that can do nothing but compute. A
// guest answers a request, or asks for ops; the host has them performed and asks
// again with the results. Everything a guest says is checked before it is
// passed on, and one that runs away, crashes or talks nonsense costs the unit
// at work its answer, never its neighbours theirs.
//
// It may import runner/op, runner/codec and providers/abi. It never imports
// the code of a provider.
package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"runtime"
	"sync"

	"github.com/openfroyo/froyo/providers/host/codecache"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/providers/host/meter"
)

// Options say how a Runtime works.
type Options struct {
	// CacheDir is where compiled guests are kept, a directory of the user's own;
	// it is made where it is missing. "" keeps nothing: every guest that is used
	// is compiled anew, which takes about a second.
	CacheDir string
	// Instances bounds how many instances of a guest there are at once; 0 is one for each processor.
	Instances int
	// Verify has every request answered a second time, by a fresh instance, and
	// fails those whose answers differ. It is for tests of providers: it takes much more time.
	Verify bool
}

// Runtime holds the packages that were loaded. Its methods may be called
// concurrently, except Close.
type Runtime struct {
	options Options
	cache   codecache.Cache

	mu      sync.Mutex // guards what follows
	modules []*Module
	guests  map[[sha256.Size]byte]*shared // by the digest of their file
}

// shared is a guest of all packages that have the same file.
type shared struct {
	once    sync.Once // guards what follows
	guest   *guest
	problem string // what is wrong with it, "" where it cannot be read
	err     error
}

// New returns a Runtime, or an [*Error] where the cache's directory cannot be trusted.
func New(_ context.Context, options Options) (*Runtime, error) {
	if options.Instances <= 0 {
		options.Instances = runtime.NumCPU()
	}
	cache, err := codecache.Open(options.CacheDir)
	if err != nil {
		return nil, &Error{Message: err.Message, Cause: err.Cause, hint: err.Advice}
	}
	return &Runtime{options: options, cache: cache, guests: map[[sha256.Size]byte]*shared{}}, nil
}

// Load reads a package's manifest. Its guest is read and compiled when it is
// first used, so a package of which only the schemas are needed costs nothing more.
func (r *Runtime) Load(_ context.Context, fsys fs.FS) (*Module, error) {
	data, err := fs.ReadFile(fsys, manifest.File)
	if err != nil {
		return nil, &Error{Message: "the package's manifest, " + manifest.File + ", cannot be read", Cause: inPath(err)}
	}
	parsed, err := manifest.Parse(manifest.File, data)
	if err != nil {
		return nil, &Error{Message: "the package's manifest is not valid", Cause: err}
	}
	m := &Module{manifest: parsed, files: fsys, runtime: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.modules = append(r.modules, m)
	return m, nil
}

// guest compiles the module with a digest, or takes what it was compiled to before, and says what is wrong with it where
// that fails, "" where it cannot be read.
func (r *Runtime) guest(ctx context.Context, digest [sha256.Size]byte, read func() ([]byte, error)) (g *guest, problem string, err error) {
	r.mu.Lock()
	s := r.guests[digest]
	if s == nil {
		s = &shared{}
		r.guests[digest] = s
	}
	r.mu.Unlock()
	s.once.Do(func() { s.guest, s.problem, s.err = r.compile(ctx, digest, read) })
	return s.guest, s.problem, s.err
}

func (r *Runtime) compile(ctx context.Context, digest [sha256.Size]byte, read func() ([]byte, error)) (g *guest, problem string, err error) {
	entry := r.cache.Entry(digest)
	metered := entry.Metered
	if metered == nil {
		module, err := read()
		if err == nil && sha256.Sum256(module) != digest {
			err = errors.New("it is being replaced")
		}
		if err != nil {
			entry.Drop()
			return nil, "", err
		}
		if metered, err = meter.Meter(module, rules()); err != nil {
			entry.Drop()
			return nil, "its guest is refused", err
		}
	}
	g, err = newGuest(ctx, metered, entry.Dir, r.options.Instances)
	if err != nil && entry.Dir != "" {
		// The cache may be what failed, and must not keep a guest from working.
		entry.Drop()
		entry = codecache.None()
		g, err = newGuest(ctx, metered, "", r.options.Instances)
	}
	if err != nil {
		return nil, "its guest is not valid WebAssembly", err
	}
	if err := entry.Keep(metered); err != nil {
		entry.Drop() // it will be compiled again, that is all
	}
	return g, "", nil
}

// Close ends all guests. No call may be under way or follow.
func (r *Runtime) Close(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, m := range r.modules {
		m.close()
	}
	for _, s := range r.guests {
		errs = append(errs, s.guest.close(ctx))
	}
	r.modules, r.guests = nil, nil
	return errors.Join(errs...)
}
