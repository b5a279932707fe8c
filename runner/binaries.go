// Package runner carries the compiled runner for every platform it is built
// for, compressed, so that the controller has something to push. It imports
// the standard library only; what a runner is stands in the packages below.
package runner

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:generate ./build.sh

// dist holds, for each platform, froyo-runner-OS-ARCH.gz and .sum beside it
// with the SHA-256 and the size of what is inside. A fresh clone has neither.
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

// Binary returns the runner for a platform, named as Go names platforms: its
// gzip-compressed bytes, which must not be changed, and the SHA-256 in hex and
// the size of what they unpack to. Without one the error is an *UnbuiltError.
func Binary(goos, goarch string) (gz []byte, sum string, size int64, err error) {
	return binary(dist, goos, goarch)
}

func binary(files fs.FS, goos, goarch string) (gz []byte, sum string, size int64, err error) {
	name := "dist/froyo-runner-" + goos + "-" + goarch
	gz, err = fs.ReadFile(files, name+".gz")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, "", 0, &UnbuiltError{OS: goos, Arch: goarch, Others: platforms(files)}
	}
	if err != nil {
		return nil, "", 0, fmt.Errorf("read the runner for %s/%s: %w", goos, goarch, err)
	}
	about, err := fs.ReadFile(files, name+".sum")
	if err != nil {
		return nil, "", 0, fmt.Errorf("read the digest of the runner for %s/%s: %w", goos, goarch, err)
	}
	sum, digits, _ := strings.Cut(strings.TrimSpace(string(about)), " ")
	size, err = strconv.ParseInt(digits, 10, 64)
	if err != nil || size <= 0 || len(sum) != 64 {
		return nil, "", 0, fmt.Errorf("%s.sum is damaged, expected a SHA-256 and a size", name)
	}
	return gz, sum, size, nil
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
