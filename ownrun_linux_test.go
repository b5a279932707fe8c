package main

import (
	"os"
	"runtime"
	"syscall"
)

// ownRun gives this goroutine, and the programs that it starts, a /run of their own: one run at a time has a host, by a
// lock that is there, and scripts side by side would wait for each other. Only root can have one; for others, and where
// a container forbids it, scripts wait. The goroutine's thread ends with it.
func ownRun() error {
	if os.Getuid() != 0 {
		return nil
	}
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		if err == syscall.EPERM {
			return nil
		}
		return os.NewSyscallError("unshare", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return os.NewSyscallError("mount --make-rprivate", err)
	}
	return os.NewSyscallError("mount", syscall.Mount("froyo-test", "/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755"))
}
