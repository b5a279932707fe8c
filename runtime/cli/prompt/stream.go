package prompt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// answerTime is how long a terminal has to say where its cursor is.
const answerTime = 2 * time.Second

// where asks the terminal where its cursor is, cursorAt is the answer.
const where = "\x1b[6n"

var (
	cursorAt = regexp.MustCompile(`\x1b\[[0-9]+;[0-9]+R`)
	colours  = regexp.MustCompile(`\x1b\[[0-9;]*m`)
)

// errMute is that the terminal does not say where its cursor is.
var errMute = errors.New("the terminal does not say where its cursor is")

// stream stands between the editor and the terminal. The editor asks the terminal where its cursor is before each
// key, drops what was typed just then, and waits without end for a terminal that does not answer. So the stream asks
// for it, on a terminal of its own that the editor takes for standard input; keys come from the real one.
type stream struct {
	stdin, stdout *os.File // as they were found

	in     int // the real terminal
	state  *term.State
	master *os.File
	slave  *os.File
	output *os.File // what the editor writes to
	done   chan struct{}
	mute   func()      // called once where the terminal does not answer
	stuck  atomic.Bool // the editor waits for an answer for ever
	plain  bool        // no colours
}

// openStream begins to stand between.
func openStream(mute func()) (*stream, error) {
	s := &stream{stdin: os.Stdin, stdout: os.Stdout, in: int(os.Stdin.Fd()), mute: mute, plain: os.Getenv("NO_COLOR") != "", done: make(chan struct{})}
	var err error
	if s.master, s.slave, err = openTerminal(); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, s.master.Close(), s.slave.Close())
	}
	if s.state, err = term.MakeRaw(s.in); err == nil {
		_, err = term.MakeRaw(int(s.slave.Fd()))
	}
	if err != nil {
		return nil, errors.Join(err, s.master.Close(), s.slave.Close(), r.Close(), w.Close())
	}
	outputOn(s.in) // so that a line feed of the editor begins a line
	s.output = w
	os.Stdin, os.Stdout = s.slave, w
	go s.pump(r)
	return s, nil
}

// outputOn keeps a raw terminal making line feeds whole.
func outputOn(fd int) {
	if t, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		t.Oflag |= unix.OPOST
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, t)
	}
}

// close shows what is left and puts all back as it was.
func (s *stream) close() {
	os.Stdin, os.Stdout = s.stdin, s.stdout
	s.output.Close()
	<-s.done
	_ = term.Restore(s.in, s.state) // where it fails the terminal is gone
	if !s.stuck.Load() {
		s.master.Close()
		s.slave.Close()
	}
}

// pump shows what the editor writes, and answers what it asks.
func (s *stream) pump(r *os.File) {
	defer close(s.done)
	defer r.Close()
	buf := make([]byte, 64<<10)
	var rest []byte
	for {
		n, err := r.Read(buf)
		rest = append(rest, buf[:n]...)
		for {
			before, after, asked := bytes.Cut(rest, []byte(where))
			if !asked {
				break
			}
			s.show(before)
			rest = after
			s.answer()
		}
		if at := bytes.LastIndexByte(rest, 0x1b); err == nil && at >= 0 && len(rest)-at < len(where) {
			s.show(rest[:at]) // the sequence may not be whole
			rest = append([]byte(nil), rest[at:]...)
		} else {
			s.show(rest)
			rest = nil
		}
		if err != nil {
			return
		}
	}
}

func (s *stream) show(p []byte) {
	if s.plain {
		p = colours.ReplaceAllFunc(p, func(code []byte) []byte {
			switch string(code) {
			case "\x1b[m", "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[0;7m", "\x1b[22m", "\x1b[27m":
				return code
			}
			return nil
		})
	}
	_, _ = s.stdout.Write(p)
}

// answer tells the editor where the cursor is, after the keys that were typed meanwhile. The editor reads nothing
// else until it knows.
func (s *stream) answer() {
	s.byChunks()
	_ = unix.IoctlSetInt(int(s.stdout.Fd()), unix.TCSBRK, 1) // what is still to be shown does not count
	_, _ = s.stdout.WriteString(where)
	var got []byte
	buf := make([]byte, 1024)
	for end := time.Now().Add(answerTime); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.in), Events: unix.POLLIN}}, max(0, int(time.Until(end).Milliseconds()))) //nolint:gosec // a descriptor is a small number
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil && n > 0:
			n, err = unix.Read(s.in, buf)
		}
		if err != nil || n == 0 {
			_ = unix.IoctlSetInt(s.in, unix.TCFLSH, unix.TCIFLUSH) // what comes late is no key
			s.stuck.Store(true)
			s.mute()
			return
		}
		got = append(got, buf[:n]...)
		if at := cursorAt.FindIndex(got); at != nil {
			s.tell(bytes.ReplaceAll(append(got[:at[0]:at[0]], got[at[1]:]...), []byte("\n"), []byte("\r"))) // of before it was raw
			s.tell(got[at[0]:at[1]])
			return
		}
	}
}

// endOfChunk ends what one read returns; it is part of no UTF-8.
const endOfChunk = 0xff

// tell writes what the editor is to read by itself: as lines of a terminal that ends them at a byte of its own.
func (s *stream) tell(p []byte) {
	const most = 1024 // a line of a terminal has up to 4096
	for len(p) > 0 {
		n := min(len(p), most)
		_, _ = s.master.Write(append(p[:n:n], endOfChunk))
		p = p[n:]
	}
}

// byChunks makes the terminal that the editor reads return one chunk at a read. The editor has made it raw before.
func (s *stream) byChunks() {
	t, err := unix.IoctlGetTermios(int(s.slave.Fd()), unix.TCGETS)
	if err != nil {
		return
	}
	t.Lflag |= unix.ICANON
	for i := range t.Cc {
		t.Cc[i] = 0 // it has no such character
	}
	t.Cc[unix.VEOF] = endOfChunk
	_ = unix.IoctlSetTermios(int(s.slave.Fd()), unix.TCSETS, t)
}

// openTerminal makes a terminal of our own.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(master.Fd())
	err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	number, failed := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err = errors.Join(err, failed); err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("make a terminal: %w", errors.Join(err, master.Close()))
	}
	return master, slave, nil
}
