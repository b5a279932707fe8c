//go:build unix

package codecache

import (
	"io/fs"
	"os"
	"syscall"
)

// owned reports whether a file belongs to the user of this process.
func owned(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// shared reports whether others than its owner may use a directory.
func shared(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
