package systemd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// patience is how long systemd may take to answer, which it does not do while
// it reads its units' files again.
const patience = 25 * time.Second

// Where systemd answers: to all by the system's bus, to root also by itself.
const (
	systemBus     = "run/dbus/system_bus_socket"
	privateSocket = "run/systemd/private"
)

// maxAuth bounds the line in which the bus accepts who we are.
const maxAuth = 512

// exchange makes calls all at once and returns their answers, in their order.
// It is given up with ctx. An error that is no *op.Error is about the way to
// systemd, and another way may do.
//
// Root takes the bus as well where there is one: for each connection of its own
// systemd sets up all that it can be asked, which costs it two milliseconds.
func (m *Manager) exchange(ctx context.Context, calls []call) ([]*message, error) {
	answers, err := m.exchangeAt(ctx, systemBus, false, calls)
	if _, final := errors.AsType[*op.Error](err); err == nil || final || ctx.Err() != nil || m.host.UID != 0 {
		return answers, err
	}
	return m.exchangeAt(ctx, privateSocket, true, calls)
}

// exchangeAt is exchange by one socket; peer says that systemd itself is at its other end.
func (m *Manager) exchangeAt(ctx context.Context, socket string, peer bool, calls []call) ([]*message, error) {
	b, err := connect(m.host.Root + socket)
	if err != nil {
		return nil, err
	}
	defer b.file.Close()
	stop := context.AfterFunc(ctx, func() { _ = b.file.SetDeadline(time.Unix(1, 0)) }) // it has a deadline already, so it takes another
	defer stop()
	if !peer {
		hello := call{dest: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", iface: "org.freedesktop.DBus", member: "Hello"}
		calls = append([]call{hello}, calls...)
	}
	answers, err := b.exchange(m.host.UID, peer, calls)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &op.Error{Class: op.Transient, Code: "timeout", Message: "systemd did not answer within " + patience.String()}
	case err != nil:
		return nil, err
	case !peer && answers[0].kind == kindError:
		return nil, errors.New("the bus does not take us: " + line(answers[0].err))
	case !peer:
		answers = answers[1:]
	}
	return answers, nil
}

// bus is a connection.
type bus struct {
	file *os.File
	in   []byte // was received and is not taken yet
}

// connect opens a connection on which nothing waits for longer than patience.
func connect(path string) (*bus, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		_ = syscall.Close(fd) // nothing was sent
		return nil, err
	}
	b := &bus{file: os.NewFile(uintptr(fd), path)}
	if err := b.file.SetDeadline(time.Now().Add(patience)); err != nil {
		_ = b.file.Close() // nothing was sent
		return nil, err
	}
	return b, nil
}

// exchange says who we are, makes all calls, and only then listens: one round
// trip for all of them. Serials count from 1.
//
// The calls wait until we are accepted: systemd does not look again at what it
// has received together with who we are.
func (b *bus) exchange(uid int, peer bool, calls []call) ([]*message, error) {
	auth := "\x00AUTH EXTERNAL " + op.Hex([]byte(strconv.Itoa(uid))) + "\r\nBEGIN\r\n"
	if _, err := b.file.WriteString(auth); err != nil {
		return nil, err
	}
	if err := b.accepted(); err != nil {
		return nil, err
	}
	var out []byte
	for i := range calls {
		out = append(out, calls[i].encode(uint32(i+1), peer)...) //nolint:gosec // there are few
	}
	if _, err := b.file.Write(out); err != nil {
		return nil, err
	}
	answers := make([]*message, len(calls))
	for missing := len(calls); missing > 0; {
		m, err := b.receive()
		if err != nil {
			return nil, err
		}
		if m.kind != kindReturn && m.kind != kindError {
			continue // a signal
		}
		i := int(m.replyTo) - 1
		if i < 0 || i >= len(answers) || answers[i] != nil {
			return nil, errGarbled
		}
		answers[i] = m
		missing--
	}
	return answers, nil
}

// accepted reads what the bus says to who we are.
func (b *bus) accepted() error {
	for {
		end := bytes.Index(b.in, []byte("\r\n"))
		switch {
		case end < 0 && len(b.in) <= maxAuth:
			if err := b.fill(len(b.in) + 1); err != nil {
				return err
			}
			continue
		case end < 0 || !bytes.HasPrefix(b.in, []byte("OK ")):
			return errors.New("the bus does not take us: " + line(string(b.in[:min(len(b.in), maxAuth)])))
		}
		b.in = b.in[end+2:]
		return nil
	}
}

// receive returns the next message.
func (b *bus) receive() (*message, error) {
	if err := b.fill(headSize); err != nil {
		return nil, err
	}
	n, err := size(b.in)
	if err != nil {
		return nil, err
	}
	if err := b.fill(n); err != nil {
		return nil, err
	}
	whole := b.in[:n]
	b.in = b.in[n:]
	return parse(whole)
}

// fill reads until n bytes are there. What was taken is never written again,
// since messages keep to it.
func (b *bus) fill(n int) error {
	for len(b.in) < n {
		if cap(b.in) < n || cap(b.in) == len(b.in) {
			grown := make([]byte, len(b.in), len(b.in)+max(n-len(b.in), 16<<10))
			copy(grown, b.in)
			b.in = grown
		}
		got, err := b.file.Read(b.in[len(b.in):cap(b.in)])
		b.in = b.in[:len(b.in)+got]
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the bus closed the connection")
		case err != nil:
			return err
		}
	}
	return nil
}
