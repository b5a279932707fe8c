package diag

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ReadFailed says in plain words why a file or directory that an operator named cannot be read.
// what is how it was named, such as "-e @vars.yaml".
func ReadFailed(what string, err error) *Error {
	why, hint := fileReason(err)
	if hint == "" {
		hint = "name a file that can be read"
	}
	return &Error{Summary: what + ": " + why, Hint: hint, Cause: err}
}

// WriteFailed says in plain words why the file name, which an operator named, cannot be written.
// what is how it was named, such as "--out plan.json".
func WriteFailed(what, name string, err error) *Error {
	why, hint := fileReason(err)
	switch dir := filepath.Dir(name); {
	case errors.Is(err, fs.ErrNotExist):
		why, hint = "there is no directory "+dir, "mkdir -p "+dir
	case errors.Is(err, fs.ErrExist):
		why = "it is a directory" // all that a file cannot be put in the place of
	}
	if hint == "" {
		hint = "name a file that can be written"
	}
	return &Error{Summary: what + ": " + why, Hint: hint, Cause: err}
}

// fileReason is why a file could not be used, and what to do about it, "" where that depends.
func fileReason(err error) (why, hint string) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file", "check the name; one without / at its beginning starts in the current directory"
	case errors.Is(err, syscall.EISDIR):
		return "it is a directory", ""
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of its path is no directory", "check the name"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied", "check the owner and mode of the file and of its directory: ls -ld"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "no space left on the disk", "make room on it"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only", ""
	}
	if inPath, ok := errors.AsType[*fs.PathError](err); ok {
		return inPath.Err.Error(), ""
	}
	if moved, ok := errors.AsType[*os.LinkError](err); ok {
		return moved.Err.Error(), ""
	}
	return err.Error(), ""
}
