package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/openfroyo/froyo/providers/abi"
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
	guest *guest    // of all packages with the same file
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
	read := func() ([]byte, error) { return fs.ReadFile(m.files, PluginFile) }
	digest, err := m.digest()
	if err != nil {
		return nil, m.unreadable(err)
	}
	if s, ok := m.files.(signer); ok {
		if err := s.Signed(digest); err != nil {
			return nil, &Error{Provider: m.manifest.Name, Message: "its guest is refused", Cause: err}
		}
	}
	g, problem, err := m.runtime.guest(ctx, digest, read)
	switch {
	case err == nil:
		return g, nil
	case problem == "":
		return nil, m.unreadable(err)
	}
	return nil, m.faulty(problem, err)
}

// signer is a package that knows the digest which its guest has to have. It is asked before what was compiled of it is used.
type signer interface {
	Signed(digest [sha256.Size]byte) error
}

func (m *Module) unreadable(err error) *Error {
	return m.fault("its guest, "+PluginFile+", cannot be read", inPath(err))
}

// digest names the guest. Where it was compiled before, its megabytes need not be in memory.
func (m *Module) digest() (sum [sha256.Size]byte, err error) {
	file, err := m.files.Open(PluginFile)
	if err != nil {
		return sum, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	_, err = io.CopyBuffer(hash, struct{ io.Reader }{file}, make([]byte, 64<<10))
	hash.Sum(sum[:0])
	return sum, err
}

// rules are what a guest's binary must keep to.
func rules() meter.Rules {
	return meter.Rules{
		Imports: wasi.Imports(),
		Exports: []string{exportStart, exportABI, exportBuf, exportCall, exportMark},
		Start:   abi.MaxSteps,
	}
}

// close keeps the package from being used; its guest is the runtime's.
func (m *Module) close() {
	m.once.Do(func() { m.err = m.fault("was closed", nil) })
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
