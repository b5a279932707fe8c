package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cache keeps what is costly to make of a guest: its metered module and its
// machine code, an entry for each guest. Code from it is run as it is, so the
// folder must be the user's own.
type cache struct {
	dir string // "" where nothing is kept
}

// openCache makes the folder where it is missing and refuses one that others
// could have written to.
func openCache(dir string) (cache, error) {
	if dir == "" {
		return cache{}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return cache{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return cache{}, &Error{Message: "make the cache of compiled providers", Cause: err, hint: "choose another cache directory"}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return cache{}, &Error{Message: "look at the cache of compiled providers", Cause: err}
	}
	if problem, hint := distrust(dir, info); problem != "" {
		return cache{}, &Error{Message: fmt.Sprintf("the cache of compiled providers, %s, %s", dir, problem), hint: hint}
	}
	return cache{dir: dir}, nil
}

// distrust says why code from a folder must not be run, and what to do.
func distrust(dir string, info fs.FileInfo) (problem, hint string) {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link", "choose the folder it points to"
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
