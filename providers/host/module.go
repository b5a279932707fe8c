package host

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/codecache"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/providers/host/meter"
	"github.com/openfroyo/froyo/providers/host/wasi"
)

// PluginFile is the name of a package's guest in its file system.
const PluginFile = "plugin.wasm"

// Exports that a guest must have, beside its memory.
const (
	exportStart = "_initialize"
	exportABI   = "froyo_abi"
	exportBuf   = "froyo_buf"
	exportCall  = "froyo_call"
	exportMark  = "froyo_mark"
)

// Module is a package that was loaded.
type Module struct {
	manifest *manifest.Manifest
	files    fs.FS
	runtime  *Runtime

	once  sync.Once // guards what follows
	guest *guest
	err   error
}

// Manifest says what the package brings and what its guest may do.
func (m *Module) Manifest() *manifest.Manifest { return m.manifest }

// Prepare reads and compiles the guest, which the first call does otherwise.
// What went wrong once is returned again.
func (m *Module) Prepare(ctx context.Context) error {
	m.once.Do(func() {
		// The outcome is for all callers, so this one's end must not cut it short.
		m.guest, m.err = m.compile(context.WithoutCancel(ctx))
	})
	return m.err
}

func (m *Module) compile(ctx context.Context) (*guest, error) {
	module, err := fs.ReadFile(m.files, PluginFile)
	if err != nil {
		return nil, m.fault("its guest, "+PluginFile+", cannot be read", inPath(err))
	}
	entry := m.runtime.cache.Entry(module)
	metered := entry.Metered
	if metered == nil {
		if metered, err = meter.Meter(module, rules()); err != nil {
			entry.Drop()
			return nil, m.faulty("its guest is refused", err)
		}
	}
	g, err := newGuest(ctx, metered, entry.Dir, m.runtime.options.Instances)
	if err != nil && entry.Dir != "" {
		// The cache may be what failed, and must not keep a guest from working.
		entry.Drop()
		entry = codecache.None()
		g, err = newGuest(ctx, metered, "", m.runtime.options.Instances)
	}
	if err != nil {
		return nil, m.faulty("its guest is not valid WebAssembly", err)
	}
	if err := entry.Keep(metered); err != nil {
		entry.Drop() // it will be compiled again, that is all
	}
	return g, nil
}

// rules are what a guest's binary must keep to.
func rules() meter.Rules {
	return meter.Rules{
		Imports: wasi.Imports(),
		Exports: []string{exportStart, exportABI, exportBuf, exportCall, exportMark},
		Start:   abi.MaxSteps,
	}
}

func (m *Module) close(ctx context.Context) error {
	m.once.Do(func() { m.err = m.fault("was closed", nil) })
	return m.guest.close(ctx)
}

// fault makes an error of the package.
func (m *Module) fault(message string, cause error) *Error {
	return &Error{Provider: m.manifest.Name, Message: message, Cause: cause}
}

// faulty is a fault that only the package's author can correct.
func (m *Module) faulty(message string, cause error) *Error {
	e := m.fault(message, cause)
	e.hint = hintAuthor
	return e
}

// inPath is why a file of the package cannot be read, without its name.
func inPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
