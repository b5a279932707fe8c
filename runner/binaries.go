// Package runner carries the compiled runner and the compiled guard for every platform
// they are built for, compressed, so that the controller has something to push. It imports
// the standard library and runner/signed only; what a runner is stands in the packages below.
package runner

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/runner/signed"
)

//go:generate ./build.sh

// dist holds, for each platform, froyo-runner-OS-ARCH.gz and .sum beside it
// with the SHA-256 and the size of what is inside, and .zst where zstd was there
// to make it; froyo-guard-OS-ARCH.gz and .sum; and what the build signed of these and of the guests. A fresh clone has none
// of them.
//
//go:embed all:dist
var dist embed.FS

// UnbuiltError is a platform that this froyo carries no runner for.
type UnbuiltError struct {
	OS, Arch string
	Others   []string // the platforms that it carries, as "linux-amd64"
}

func (e *UnbuiltError) Error() string {
	text := "this froyo carries no runner for " + e.OS + "/" + e.Arch
	if len(e.Others) > 0 {
		text += ", only for " + strings.Join(e.Others, ", ")
	}
	return text
}

// Hint says what to do about it.
func (e *UnbuiltError) Hint() string {
	if len(e.Others) == 0 {
		return "build froyo with `make`, which builds the runners first"
	}
	return "run froyo against machines of these platforms, or build it with `make` after adding the platform to runner/platforms.txt"
}

// Packed is the runner for a platform. Its bytes must not be changed.
type Packed struct {
	Gzip []byte // compressed
	Zstd []byte // the same by zstd, nil where this froyo was built without it
	Sum  string // SHA-256 of what they unpack to, in hex, as it was signed
	Size int64  // of the same, in bytes

	name  string
	parts *signed.Parts
}

// Check says that what is about to be sent, Gzip or Zstd, is not what was signed. What they unpack to is held against Sum.
func (p *Packed) Check(data []byte) error {
	ext := ".gz"
	if len(data) > 0 && bytes.Equal(data, p.Zstd) {
		ext = ".zst"
	}
	return p.parts.Check(p.name+ext, sha256.Sum256(data))
}

// Files are the files that the build left: the runners, and what was signed.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a good one
	}
	return files
}

// Signed is what the build signed, which is read once.
var Signed = sync.OnceValues(func() (*signed.Parts, error) { return signed.Read(Files()) })

// Binary returns the runner for a platform, named as Go names platforms. Without one the error is an *UnbuiltError; one
// that was not signed is a *signed.Error.
func Binary(goos, goarch string) (Packed, error) {
	return binary(dist, Signed, "froyo-runner", goos, goarch)
}

// Guard returns the guard for a platform, unpacked. Without one the error is an *UnbuiltError.
func Guard(goos, goarch string) ([]byte, error) {
	packed, err := binary(dist, Signed, "froyo-guard", goos, goarch)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed.Gzip))
	if err != nil {
		return nil, fmt.Errorf("unpack the guard for %s/%s: %w", goos, goarch, err)
	}
	program, err := io.ReadAll(io.LimitReader(r, packed.Size+1))
	if err != nil {
		return nil, fmt.Errorf("unpack the guard for %s/%s: %w", goos, goarch, err)
	}
	if sum := sha256.Sum256(program); hex.EncodeToString(sum[:]) != packed.Sum {
		return nil, fmt.Errorf("the guard for %s/%s is damaged: it is not what its digest says", goos, goarch)
	}
	return program, nil
}

func binary(files fs.FS, parts func() (*signed.Parts, error), program, goos, goarch string) (Packed, error) {
	short := program + "-" + goos + "-" + goarch
	name := "dist/" + short
	gz, err := fs.ReadFile(files, name+".gz")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return Packed{}, &UnbuiltError{OS: goos, Arch: goarch, Others: platforms(files)}
	}
	if err != nil {
		return Packed{}, fmt.Errorf("read the runner for %s/%s: %w", goos, goarch, err)
	}
	zst, err := fs.ReadFile(files, name+".zst")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Packed{}, fmt.Errorf("read the runner for %s/%s: %w", goos, goarch, err)
	}
	about, err := fs.ReadFile(files, name+".sum")
	if err != nil {
		return Packed{}, fmt.Errorf("read the digest of the runner for %s/%s: %w", goos, goarch, err)
	}
	sum, digits, _ := strings.Cut(strings.TrimSpace(string(about)), " ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || size <= 0 || len(sum) != 64 {
		return Packed{}, fmt.Errorf("%s.sum is damaged, expected a SHA-256 and a size", name)
	}
	p := Packed{Gzip: gz, Zstd: zst, Sum: sum, Size: size, name: short}
	if p.parts, err = parts(); err != nil {
		return Packed{}, err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != sha256.Size {
		return Packed{}, fmt.Errorf("%s.sum is damaged, expected a SHA-256 and a size", name)
	}
	return p, p.parts.Check(short, [sha256.Size]byte(raw))
}

// built lists the platforms that build.sh builds the runner for.
//
//go:embed platforms.txt
var built string

// Platforms lists those that the runner is built for, sorted, as "linux-amd64".
func Platforms() []string {
	out := strings.Fields(built)
	slices.Sort(out)
	return out
}

// platforms lists what is there, sorted.
func platforms(files fs.FS) []string {
	names, err := fs.Glob(files, "dist/froyo-runner-*.gz")
	if err != nil {
		return nil // only a bad pattern gives an error, and this one is good
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(name, "dist/froyo-runner-"), ".gz")
	}
	return names
}
