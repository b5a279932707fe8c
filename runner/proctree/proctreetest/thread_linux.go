package proctreetest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// child is the stage of the first process of a goroutine's PID namespace.
const child = "child"

// Thread gives the programs that this goroutine starts from now on a PID namespace and a mount namespace of their own,
// in which /run is empty: what one test leaves running, or locks, is not seen by those that run beside it. Only root
// can have them; for others, and where a container forbids it, Thread does nothing. The goroutine keeps its thread,
// which ends with it. The caller calls end when the programs are done: it kills what is left of them. The program must
// call [Enter] first in its TestMain.
func Thread() (end func(), err error) {
	if os.Getuid() != 0 {
		return func() {}, nil
	}
	// Once in a process os starts a child to find out what the kernel can do. It must not be the namespace's first, with
	// whose end there can be no other.
	if _, err := os.FindProcess(os.Getpid()); err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS | syscall.CLONE_NEWPID); err != nil {
		if errors.Is(err, syscall.EPERM) {
			return func() {}, nil
		}
		return nil, os.NewSyscallError("unshare", err)
	}
	if err := errors.Join(
		os.NewSyscallError("mount --make-rprivate", syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, "")),
		os.NewSyscallError("mount /run", syscall.Mount("froyo-test", "/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755")),
	); err != nil {
		return nil, err
	}
	return firstChild()
}

// firstChild starts the first process of the namespace, without which there can be no other, and waits until it has
// mounted /proc.
func firstChild() (end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), stage+"="+child)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	ready, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() {
		hold.Close()
		cmd.Process.Kill() //nolint:errcheck // it may have ended at the pipe's end
		cmd.Wait()         //nolint:errcheck // killed
	}
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		end()
		return nil, errors.New("the first process of a PID namespace: " + err.Error())
	}
	return end, nil
}

// initialChild is the first process of a goroutine's namespace: it collects what has ended, until it is killed.
func initialChild() int {
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		fail(err)
	}
	if _, err := os.Stdout.Write([]byte{1}); err != nil {
		fail(err)
	}
	go collect()
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
	return 0
}

// collect waits for all processes that have ended.
func collect() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 && !errors.Is(err, syscall.EINTR) {
				break
			}
		}
	}
}
