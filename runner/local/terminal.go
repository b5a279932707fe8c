package local

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// openTerminal opens a terminal, which neither echoes nor changes what is written. Both ends of stderr
// are those of a pipe that is closed already, so that it is empty.
func openTerminal() (*streams, error) {
	// Opened so that Close ends a Read, which os.File's Fd would undo.
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_NONBLOCK | unix.O_CLOEXEC
	master, err := unix.Open("/dev/ptmx", flags, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /dev/ptmx", err)
	}
	s := &streams{terminal: true}
	s.ours[1] = os.NewFile(uintptr(master), "/dev/ptmx")
	fail := func(err error) (*streams, error) {
		closeAll(s.ours)
		closeAll(s.theirs)
		return nil, err
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		return fail(os.NewSyscallError("ioctl", err))
	}
	name := "/dev/pts/" + strconv.Itoa(number)
	for i := range s.theirs {
		if s.theirs[i], err = os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
			return fail(err)
		}
	}
	modes, err := unix.IoctlGetTermios(int(s.theirs[0].Fd()), unix.TCGETS)
	if err != nil {
		return fail(err)
	}
	modes.Lflag &^= unix.ECHO | unix.ECHONL | unix.ISIG
	modes.Oflag &^= unix.OPOST
	modes.Iflag &^= unix.IXON | unix.ICRNL
	if err := unix.IoctlSetTermios(int(s.theirs[0].Fd()), unix.TCSETS, modes); err != nil {
		return fail(err)
	}
	// Each stream is closed on its own.
	in, err := unix.FcntlInt(uintptr(master), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	s.ours[0] = os.NewFile(uintptr(in), "/dev/ptmx")
	stderr, w, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	s.ours[2] = stderr
	return s, w.Close()
}

// terminalOutput is what is written to a terminal. Where its last writer is gone, reading it fails.
type terminalOutput struct{ master *os.File }

func (t terminalOutput) Read(p []byte) (int, error) {
	n, err := t.master.Read(p)
	if errors.Is(err, syscall.EIO) {
		err = io.EOF
	}
	return n, err
}
