// Package sysfile reads files of the system, such as those below /proc and /sys,
// whose length is not known in advance.
//
// It imports the standard library only.
package sysfile

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
)

// maxSize bounds what is read of a file.
const maxSize = 64 << 10

// Read returns a file's content, refusing one that is too long or not a regular file.
func Read(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the path is ours; a FIFO is not waited for
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New(path + " is not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSize {
		return "", errors.New(path + " is larger than " + strconv.Itoa(maxSize) + " bytes")
	}
	return string(content), nil
}

// ReadStart returns the beginning of a file, or "" where it cannot be read.
func ReadStart(path string) string {
	f, err := os.Open(path) //nolint:gosec // the path is ours
	if err != nil {
		return ""
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, maxSize)) // what was read before it failed is right
	return string(data)
}
