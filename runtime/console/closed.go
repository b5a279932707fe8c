package console

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// readerPause is how often it is checked whether the output is still read, in milliseconds.
const readerPause = 200

// WatchReaders takes it as an interrupt when whoever reads standard output or standard error by a pipe has gone,
// until end is called. That a terminal is closed is told by SIGHUP.
func (c *Console) WatchReaders() (end func()) {
	var watched []unix.PollFd
	for _, f := range []*os.File{c.Process.Stdout, c.Process.Stderr} {
		if !IsTerminal(f) {
			watched = append(watched, unix.PollFd{Fd: int32(f.Fd())}) //nolint:gosec // a descriptor is a small number
		}
	}
	if len(watched) == 0 {
		return func() {}
	}
	stop := make(chan struct{})
	go func() {
		for {
			n, err := unix.Poll(watched, readerPause)
			select {
			case <-stop:
				return
			default:
			}
			gone := func(f unix.PollFd) bool { return f.Revents&(unix.POLLERR|unix.POLLHUP) != 0 }
			switch {
			case n > 0 && slices.ContainsFunc(watched, gone):
				c.interrupts.leave(byReader)
				return
			case n > 0, err != nil && !errors.Is(err, unix.EINTR):
				return // it cannot be known here; writing tells it
			}
		}
	}()
	return func() { close(stop) }
}

// OutputClosed reports whether an error is that standard output is no longer read.
func OutputClosed(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	return ok && failed.Path == os.Stdout.Name() && (errors.Is(failed, syscall.EPIPE) || errors.Is(failed, syscall.EIO))
}
