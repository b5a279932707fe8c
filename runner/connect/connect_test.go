package connect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/proctree"
	"github.com/openfroyo/froyo/runner/program"
)

// fixture opens connections from this machine.
type fixture struct {
	*Connector
}

func (f *fixture) Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result {
	return performtest.Single{Performer: f.Connector}.Perform(ctx, o, s)
}

func newMachine(t testing.TB) *fixture {
	t.Helper()
	trees := proctree.New()
	t.Cleanup(trees.Close)
	programs := program.New(200*time.Millisecond, trees)
	c := &Connector{Root: "/", Ask: func(ctx context.Context, argv ...string) (*op.ExecResult, error) {
		return programs.Run(ctx, program.Program{Argv: argv})
	}}
	return &fixture{c}
}

// listen serves each connection to a port of this machine with handle.
func listen(t *testing.T, address string, handle func(*net.TCPConn)) *op.Connect {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go handle(conn.(*net.TCPConn))
		}
	}()
	at := l.Addr().(*net.TCPAddr)
	return &op.Connect{Address: at.IP.String(), Port: at.Port}
}

// talk relays with in to be sent, and returns what came back.
func talk(ctx context.Context, m *fixture, c *op.Connect, in io.Reader) (out string, opened bool, r op.Result) {
	var got bytes.Buffer
	r = m.Perform(ctx, op.Op{Connect: c}, perform.Stream{
		In: in,
		Out: func(_ context.Context, r io.Reader) error {
			_, err := io.Copy(&got, r)
			return err
		},
		Opened: func() error {
			opened = true
			return nil
		},
	})
	return got.String(), opened, r
}

// shout gives back in capitals what it gets, once it got all.
func shout(conn *net.TCPConn) {
	defer conn.Close()
	text, err := io.ReadAll(conn)
	if err == nil {
		_, _ = io.WriteString(conn, strings.ToUpper(string(text)))
	}
}

func TestConnect(t *testing.T) {
	m := newMachine(t)
	big := strings.Repeat("abcdefgh", 1<<17)
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			out, opened, r := talk(t.Context(), m, listen(t, address, shout), strings.NewReader(big))
			if r.Done == nil || !opened || out != strings.ToUpper(big) {
				t.Errorf("got %+v, opened %v, %d bytes", r.Error, opened, len(out))
			}
		})
	}
	t.Run("by name, at the second address", func(t *testing.T) {
		c := listen(t, "[::1]:0", shout)
		c.Address = "localhost"
		if out, _, r := talk(t.Context(), m, c, strings.NewReader("hi")); out != "HI" {
			t.Errorf("got %q, %+v", out, r.Error)
		}
	})
	t.Run("the server ends first", func(t *testing.T) {
		got := make(chan string, 1)
		c := listen(t, "127.0.0.1:0", func(conn *net.TCPConn) {
			defer conn.Close()
			_ = conn.CloseWrite()
			text, _ := io.ReadAll(conn)
			got <- string(text)
		})
		if _, _, r := talk(t.Context(), m, c, strings.NewReader("late")); r.Done == nil || <-got != "late" {
			t.Errorf("got %+v", r.Error)
		}
	})
}

func TestConnectFails(t *testing.T) {
	m := newMachine(t)
	t.Run("refused", func(t *testing.T) {
		port := performtest.ClosedPort(t)
		for _, name := range []string{"127.0.0.1", "localhost"} {
			_, opened, r := talk(t.Context(), m, &op.Connect{Address: name, Port: port}, strings.NewReader(""))
			if e := r.Error; opened || e == nil || e.Code != "econnrefused" || e.Class != op.Transient || !strings.HasSuffix(e.Message, ": connection refused") {
				t.Errorf("%s: got %+v, opened %v", name, e, opened)
			}
		}
	})
	t.Run("reset", func(t *testing.T) {
		c := listen(t, "127.0.0.1:0", func(conn *net.TCPConn) {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.SetLinger(0)
			conn.Close()
		})
		in, w := io.Pipe() // without an end: the other direction's error is enough
		defer w.Close()
		go func() { _, _ = io.WriteString(w, "x") }()
		if _, _, r := talk(t.Context(), m, c, in); r.Error == nil || r.Error.Code != "econnreset" {
			t.Errorf("got %+v", r.Error)
		}
	})
	t.Run("given up", func(t *testing.T) {
		why := &perform.Stop{Code: "cancelled", Why: "was given up"}
		ctx, cancel := context.WithCancelCause(t.Context())
		c := listen(t, "127.0.0.1:0", func(conn *net.TCPConn) {
			cancel(why)
			_, err := conn.Read(make([]byte, 1))
			if !errors.Is(err, io.EOF) {
				t.Errorf("the connection is still there: %v", err)
			}
			conn.Close()
		})
		in, w := io.Pipe()
		defer w.Close()
		if _, _, r := talk(ctx, m, c, in); r.Error == nil || r.Error.Code != "cancelled" {
			t.Errorf("got %+v", r.Error)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		a := deaf(t)
		begin := time.Now()
		conn, err := a.dial(t.Context(), a.port, 50*time.Millisecond)
		if conn != nil || !errors.Is(err, syscall.ETIMEDOUT) || time.Since(begin) > 5*time.Second {
			t.Errorf("got %v, %v", conn, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, _, r := talk(ctx, m, &op.Connect{Address: "127.0.0.1", Port: a.port}, strings.NewReader("")); r.Error == nil {
			t.Error("no error")
		}
	})
}

// deafPort is a port whose queue of connections is full, so that the kernel
// does not answer.
type deafPort struct {
	address
	port int
}

func deaf(t *testing.T) deafPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	p := deafPort{loopback()[0], at.(*syscall.SockaddrInet4).Port}
	for range 8 {
		conn, err := p.dial(t.Context(), p.port, 100*time.Millisecond)
		if err != nil {
			return p
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("the kernel takes any number of connections")
	return p
}
