// Package codecache keeps what is costly to make of guests: their metered
// modules and their machine code.
//
// It imports the standard library and providers/host/meter.
package codecache

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Cache keeps what is costly to make of a guest: its metered module and its
// machine code, an entry for each guest. Code from it is run as it is, so the
// directory must be the user's own.
type Cache struct {
	dir string // "" where nothing is kept
}

// Open makes the directory where it is missing and refuses one that others
// could have written to.
func Open(dir string) (Cache, *Error) {
	if dir == "" {
		return Cache{}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Cache{}, &Error{Message: "find the cache of compiled providers", Cause: err}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Cache{}, &Error{Message: "make the cache of compiled providers", Cause: err, Advice: "choose another cache directory"}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return Cache{}, &Error{Message: "look at the cache of compiled providers", Cause: err}
	}
	if problem, hint := distrust(dir, info); problem != "" {
		return Cache{}, &Error{Message: fmt.Sprintf("the cache of compiled providers, %s, %s", dir, problem), Advice: hint}
	}
	return Cache{dir: dir}, nil
}

// distrust says why code from a directory must not be run, and what to do.
func distrust(dir string, info fs.FileInfo) (problem, hint string) {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link", "choose the directory it points to"
	case !info.IsDir():
		return "is not a directory", "choose another cache directory"
	case !owned(info):
		return "belongs to another user", "choose another cache directory, or remove this one"
	case shared(info):
		return fmt.Sprintf("is open to others (mode %04o)", info.Mode().Perm()),
			"chmod 700 " + dir + " after removing what is in it"
	}
	return "", ""
}

// Error is a directory that cannot be used as a cache.
type Error struct {
	Message string // what is wrong, or what failed for Cause
	Advice  string // what to do, or ""
	Cause   error  // or nil
}
