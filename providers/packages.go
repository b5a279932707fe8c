// Package providers holds the packages of resource types that come with
// froyo. They are loaded as any other package is, from a file system with a
// manifest, CUE definitions and a guest; only their files are embedded here,
// the code of their types is not linked in.
//
// It imports the standard library, runner and runner/signed.
package providers

import (
	"crypto/sha256"
	"embed"
	"io/fs"
	"slices"

	"github.com/openfroyo/froyo/runner"
)

//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath "-ldflags=-s -w" -o dist/base.wasm ./wasm/base
//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath "-ldflags=-s -w" -o dist/text.wasm ./wasm/text
//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath "-ldflags=-s -w" -o dist/accounts.wasm ./wasm/accounts
//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath "-ldflags=-s -w" -o dist/structured.wasm ./wasm/structured
//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath "-ldflags=-s -w" -o dist/transfer.wasm ./wasm/transfer
//go:generate env GOOS= GOARCH= go run ../runner/signed/froyo-sign ..

// Plugin is the name of a package's guest in its file system.
const Plugin = "plugin.wasm"

//go:embed all:dist
//go:embed linux/manifest.yaml linux/*.cue
//go:embed probe/manifest.yaml probe/*.cue
//go:embed text/manifest.yaml text/*.cue
//go:embed units/manifest.yaml units/*.cue
//go:embed accounts/manifest.yaml accounts/*.cue
//go:embed system/manifest.yaml system/*.cue
//go:embed repository/manifest.yaml repository/*.cue
//go:embed structured/manifest.yaml structured/*.cue
//go:embed transfer/manifest.yaml transfer/*.cue
//go:embed languages/manifest.yaml languages/*.cue
//go:embed network/manifest.yaml network/*.cue
//go:embed availability/manifest.yaml availability/*.cue
//go:embed sshd/manifest.yaml sshd/*.cue
var files embed.FS

// packages are the built-in packages, in order. Half of a guest is Go's own runtime, so packages share one as long as it
// stays small: it is compiled, and read from the cache, once for all of them. What each may do its own manifest says.
var packages = []struct{ name, guest string }{
	{"linux", "base"},
	{"probe", "base"},
	{"text", "text"},
	{"units", "base"},
	{"accounts", "accounts"},
	{"system", "base"},
	{"repository", "base"},
	{"structured", "structured"},
	{"transfer", "transfer"},
	{"languages", "transfer"},
	{"network", "transfer"},
	{"availability", "transfer"},
	{"sshd", "accounts"},
}

// Names returns the names of the built-in packages, in order.
func Names() []string {
	var names []string
	for _, p := range packages {
		names = append(names, p.name)
	}
	return names
}

// Package returns the files of a built-in package: manifest.yaml, *.cue, and
// plugin.wasm, whose opening fails with a [*NotBuiltError] where the guest was not
// built before froyo was.
func Package(name string) (fs.FS, error) {
	at := slices.IndexFunc(packages, func(p struct{ name, guest string }) bool { return p.name == name })
	if at < 0 {
		return nil, &fs.PathError{Op: "open package", Path: name, Err: fs.ErrNotExist}
	}
	dir, err := fs.Sub(files, name)
	if err != nil {
		return nil, err
	}
	return builtin{FS: dir, name: name, guest: packages[at].guest}, nil
}

// builtin shows the guest, which the build leaves in dist, among its package's files.
type builtin struct {
	fs.FS
	name, guest string
}

func (b builtin) Open(name string) (fs.File, error) {
	if name != Plugin {
		return b.FS.Open(name)
	}
	file, err := files.Open("dist/" + b.guest + ".wasm")
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: &NotBuiltError{Package: b.name}}
	}
	return file, nil
}

// Signed says that the guest, by its digest, is not what was signed when froyo was built.
func (b builtin) Signed(sum [sha256.Size]byte) error {
	parts, err := runner.Signed()
	if err != nil {
		return err
	}
	return parts.Check(b.guest+".wasm", sum)
}

// Guests are the files of the guests, for who checks all of them.
func Guests() fs.FS {
	guests, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // the name is a good one
	}
	return guests
}

// NotBuiltError is a built-in package whose guest is not in this binary.
type NotBuiltError struct {
	Package string
}

func (e *NotBuiltError) Error() string {
	return "the guest of provider " + e.Package + " was not built into this froyo"
}

// Hint says what to do about it.
func (e *NotBuiltError) Hint() string { return "run make, or go generate ./... and build froyo again" }

// Is makes the error one of files that do not exist.
func (e *NotBuiltError) Is(target error) bool { return target == fs.ErrNotExist }
