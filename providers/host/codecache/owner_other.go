//go:build !unix

package codecache

import "io/fs"

// owned is true where files say nothing of their owner; directorys of the user's
// profile are the user's own there.
func owned(fs.FileInfo) bool { return true }

// shared is false where modes do not say who may use a directory.
func shared(fs.FileInfo) bool { return false }
