// Package memfile makes files that are nowhere but in memory.
//
// It imports the standard library only.
package memfile

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// memfdCreate holds the numbers of memfd_create(2), which package syscall does not have.
var memfdCreate = map[string]uintptr{"amd64": 319, "arm64": 279, "arm": 385, "386": 356, "riscv64": 279}

// New makes a file that is nowhere but in memory, and gone with the last
// process that has it open.
func New(name string) (*os.File, error) {
	const closeOnExec = 1
	number, ok := memfdCreate[runtime.GOARCH]
	if !ok {
		return nil, errors.New("memory files are not known on " + runtime.GOARCH)
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(text)), closeOnExec, 0) //nolint:gosec // how a system call takes a string
	if errno != 0 {
		return nil, os.NewSyscallError("memfd_create", errno)
	}
	return os.NewFile(fd, name), nil
}
