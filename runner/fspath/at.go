package fspath

import (
	"path"
	"runtime"
	"syscall"
	"unsafe"
)

// sysStatx is the number of the system call statx, which package syscall does not know.
var sysStatx = statxNumber()

func statxNumber() uintptr {
	switch runtime.GOARCH {
	case "amd64":
		return 332
	case "386":
		return 383
	case "arm":
		return 397
	}
	return 291 // of all platforms that are newer
}

// Readlink returns where a link leads.
func (n *Node) Readlink() (string, error) {
	buf := make([]byte, maxLinkTarget)
	empty := [1]byte{}
	size, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(n.fd), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(buf[:size]), nil
}

// Symlink makes a symbolic link in a directory.
func (n *Node) Symlink(target, name string) error {
	return withNames(target, name, func(target, name *byte) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(target)), uintptr(n.fd), uintptr(unsafe.Pointer(name)))
		return errno
	})
}

// Link gives a file another name, in the directory n.
func (n *Node) Link(file *Node, name string) error {
	return withNames(procFD("self", file.fd), name, func(from, name *byte) syscall.Errno {
		cwd := atFdCwd
		_, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, uintptr(cwd), uintptr(unsafe.Pointer(from)), uintptr(n.fd),
			uintptr(unsafe.Pointer(name)), atSymlinkFollow, 0)
		return errno
	})
}

// Remove removes a name from a directory. A directory is removed only where dir is set, and it is empty.
func (n *Node) Remove(name string, dir bool) error { return unlinkat(n.fd, name, dir) }

func unlinkat(dirfd int, name string, dir bool) error {
	flags := uintptr(0)
	if dir {
		flags = atRemoveDir
	}
	return withNames(name, "", func(name, _ *byte) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dirfd), uintptr(unsafe.Pointer(name)), flags)
		return errno
	})
}

// Rename gives what a directory holds under one name another one, in the place of what has it.
func (n *Node) Rename(from, to string) error { return syscall.Renameat(n.fd, from, n.fd, to) }

// Mkdir makes a directory.
func (n *Node) Mkdir(name string, perm uint32) error { return syscall.Mkdirat(n.fd, name, perm) }

// Chown gives the node an owner; -1 keeps.
func (n *Node) Chown(uid, gid int) error { return syscall.Fchownat(n.fd, "", uid, gid, atEmptyPath) }

// Chmod goes through /proc, since the system call for handles is newer than many kernels.
func (n *Node) Chmod(mode uint32) error {
	err := syscall.Chmod(procFD("self", n.fd), mode)
	if err == syscall.ENOENT {
		return errNoProc
	}
	return err
}

func parentOf(p string) string { return path.Dir(strip(p)) }

// withNames calls the kernel with two strings, until it is not interrupted.
func withNames(a, b string, call func(a, b *byte) syscall.Errno) error {
	first, err := syscall.BytePtrFromString(a)
	if err != nil {
		return err
	}
	second, err := syscall.BytePtrFromString(b)
	if err != nil {
		return err
	}
	for {
		errno := call(first, second)
		switch errno {
		case 0:
			return nil
		case syscall.EINTR:
			continue
		}
		return errno
	}
}

// syncfs holds the numbers of syncfs(2), which package syscall does not have.
var syncfs = map[string]uintptr{"amd64": 306, "arm64": 267, "arm": 373, "386": 344, "riscv64": 267}

// SyncFS makes all that was written to the file system of the directory n durable, at once.
func SyncFS(n *Node) error {
	f, err := n.Open(syscall.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	number, known := syncfs[runtime.GOARCH]
	if !known {
		syscall.Sync()
		return nil
	}
	if _, _, errno := syscall.Syscall(number, f.Fd(), 0, 0); errno != 0 && errno != syscall.ENOSYS {
		return errno
	}
	return nil
}
