// Package connect opens TCP connections from this machine to others and relays
// what goes over them.
//
// It imports runner/op, runner/perform, runner/sysfile and the standard library only;
// never net or net/netip, since the runner's size is speed.
package connect

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/sysfile"
)

// How long an address may take to answer: one that is followed by another
// gives way to it soon.
const (
	connectNext = 3 * time.Second
	connectLast = 2 * time.Minute
)

// Connector opens connections from this machine.
type Connector struct {
	Root string // before the paths of system files; "/" except in tests
	// Ask runs a program that is only asked something.
	Ask func(ctx context.Context, argv ...string) (*op.ExecResult, error)
}

// Perform implements perform.Performer, for the op that connects: it opens a
// connection and relays it until both ends are done with it.
func (c *Connector) Perform(ctx context.Context, call *perform.Call) error {
	to := call.Op.Connect
	if to == nil {
		return perform.ErrUnknown
	}
	addresses, err := c.resolve(ctx, to.Address)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, addresses, to.Port)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	err = call.Stream.Opened()
	if err == nil {
		err = relay(ctx, conn, call.Stream)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	call.Result.Done = &op.Done{}
	return err
}

// Reach connects to an address and ends the connection: it asks whether anybody listens there.
func (c *Connector) Reach(ctx context.Context, address string, port int) error {
	addresses, err := c.resolve(ctx, address)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, addresses, port)
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial connects to the first address that answers. The error is that of the first.
func dial(ctx context.Context, addresses []address, port int) (*os.File, error) {
	var first error
	for i, a := range addresses {
		limit := connectNext
		if i == len(addresses)-1 {
			limit = connectLast
		}
		conn, err := a.dial(ctx, port, limit)
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// dial connects to one address. The file that it returns waits as those of
// package net do, without a thread.
func (a address) dial(ctx context.Context, port int, limit time.Duration) (*os.File, error) {
	sockaddr, family, err := a.sockaddr(port)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) // without it all works, later
	err = syscall.Connect(fd, sockaddr)
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) && !errors.Is(err, syscall.EINTR) {
		_ = syscall.Close(fd)
		return nil, err
	}
	conn := os.NewFile(uintptr(fd), "connection") //nolint:gosec // a descriptor is not negative
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := connected(conn, limit); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// connected waits for a connection that is being made.
func connected(conn *os.File, limit time.Duration) error {
	raw, err := conn.SyscallConn()
	if err == nil {
		err = conn.SetWriteDeadline(time.Now().Add(limit))
	}
	if err != nil {
		return err
	}
	var refused error
	err = raw.Write(func(fd uintptr) bool {
		var state int
		state, refused = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
		if refused == nil && state != 0 {
			refused = syscall.Errno(state)
		}
		if refused != nil {
			return true
		}
		_, refused = syscall.Getpeername(int(fd))
		return refused != syscall.ENOTCONN // else it is still under way
	})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return syscall.ETIMEDOUT
	case err != nil:
		return err
	case refused != nil:
		return refused
	}
	return conn.SetWriteDeadline(time.Time{})
}

// relay passes content on both ways, each until its own end. What comes from
// the address is passed on even where it takes nothing any more.
func relay(ctx context.Context, conn *os.File, s perform.Stream) error {
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(conn, s.In)
		if err == nil {
			err = endWrite(conn)
		}
		sent <- err
	}()
	if err := s.Out(ctx, conn); err != nil {
		return err
	}
	return <-sent // the content of In ends at the latest with ctx
}

// endWrite tells the other end that nothing more comes.
func endWrite(conn *os.File) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
	if err == nil {
		err = failed
	}
	if errors.Is(err, syscall.ENOTCONN) {
		return nil // the other end was faster
	}
	return err
}

// sockaddr is the address as the kernel takes it, with its family.
func (a address) sockaddr(port int) (syscall.Sockaddr, int, error) {
	if a.v4 {
		return &syscall.SockaddrInet4{Port: port, Addr: [4]byte(a.ip[12:])}, syscall.AF_INET, nil
	}
	to := &syscall.SockaddrInet6{Port: port, Addr: a.ip}
	if a.zone != "" {
		text, err := sysfile.Read("/sys/class/net/" + a.zone + "/ifindex")
		index, bad := strconv.ParseUint(clipNewline(text), 10, 32)
		if err != nil || bad != nil {
			return nil, 0, perform.Refuse("enodev", "there is no network interface "+strconv.Quote(a.zone))
		}
		to.ZoneId = uint32(index)
	}
	return to, syscall.AF_INET6, nil
}

func clipNewline(s string) string {
	if n := len(s); n > 0 && s[n-1] == '\n' {
		return s[:n-1]
	}
	return s
}
