package dial_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/target"
)

// listen serves each connection to a port of this machine with handle.
func listen(t *testing.T, handle func(*net.TCPConn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
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
	return l.Addr().(*net.TCPAddr).Port
}

func connect(t *testing.T, s *dial.Session, port int) net.Conn {
	t.Helper()
	conn, err := s.DialContext(t.Context(), "", "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestRelayIsAConnection runs the tests that every connection must pass, between
// a relay through a real runner and a plain connection.
func TestRelayIsAConnection(t *testing.T) {
	_, s := real(t)
	nettest.TestConn(t, func() (near, far net.Conn, stop func(), err error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, nil, err
		}
		defer l.Close()
		near, err = s.DialContext(t.Context(), "", "127.0.0.1", l.Addr().(*net.TCPAddr).Port)
		if err != nil {
			return nil, nil, nil, err
		}
		far, err = l.Accept()
		return near, far, func() {
			near.Close()
			far.Close()
		}, err
	})
}

// TestRelayCarries sends more than the window both ways at once, with ends.
func TestRelayCarries(t *testing.T) {
	_, s := real(t)
	port := listen(t, func(conn *net.TCPConn) {
		_, _ = io.Copy(conn, conn)
		conn.Close()
	})
	conn := connect(t, s, port)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v, expected %d", len(got), err, len(sent))
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing after the end: %v", err)
	}
	if conn.RemoteAddr().String() == "" || conn.LocalAddr().String() != "h1" || conn.LocalAddr().Network() != "tcp" {
		t.Errorf("addresses %v, %v", conn.LocalAddr(), conn.RemoteAddr())
	}
}

func TestRelayBesideOps(t *testing.T) {
	_, s := real(t)
	ended := make(chan error, 1)
	port := listen(t, func(conn *net.TCPConn) {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
		conn.Close()
	})
	conn := connect(t, s, port)
	if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("the far end saw %v, expected the end", err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing again: %v", err)
	}
	if err := conn.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a deadline after the end: %v", err)
	}
	if _, err := s.Do(t.Context(), steps(shell("true"))); err != nil {
		t.Errorf("the session does not go on: %v", err)
	}
}

func TestDialFails(t *testing.T) {
	_, s := real(t)
	t.Run("refused", func(t *testing.T) {
		_, err := s.DialContext(t.Context(), "", "localhost", performtest.ClosedPort(t))
		if e, _ := errors.AsType[*op.Error](err); e == nil || e.Code != "econnrefused" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no such port", func(t *testing.T) {
		if _, err := s.DialContext(t.Context(), "", "localhost", 65536); err == nil {
			t.Error("no error")
		}
	})
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.DialContext(ctx, "", "localhost", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("reset", func(t *testing.T) {
		conn := connect(t, s, listen(t, func(conn *net.TCPConn) {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.SetLinger(0)
			conn.Close()
		}))
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 1))
		if e, _ := errors.AsType[*op.Error](err); e == nil || e.Code != "econnreset" {
			t.Errorf("got %v", err)
		}
	})
}

// TestRelayOfLostHost has the connection to the host go while a relay is open.
func TestRelayOfLostHost(t *testing.T) {
	_, s := real(t)
	conn := connect(t, s, listen(t, func(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) }))
	if _, err := s.Do(t.Context(), steps(shell("kill -9 $PPID"))); err == nil {
		t.Fatal("the runner is still there")
	}
	_, err := conn.Read(make([]byte, 1))
	wantError(t, err, target.StageLost)
	_, err = conn.Write([]byte("x"))
	wantError(t, err, target.StageLost)
	_, err = s.DialContext(t.Context(), "", "localhost", 1)
	wantError(t, err, target.StageLost)
}

// TestHostileRelays has runners that relay wrongly.
func TestHostileRelays(t *testing.T) {
	const open = `echo '{"window":{"id":1,"n":262144}}'; `
	tests := []struct{ name, script, want string }{
		{"credit beyond the window", open + `echo '{"window":{"id":1,"n":1}}'`, "window"},
		{"content beyond the window", open + `for i in 1 2 3 4 5 6 7 8 9; do echo '{"data":{"id":1,"n":32768}}'; head -c 32768 /dev/zero; done`, "window"},
		{"content after its end", open + `printf '{"data":{"id":1,"n":1,"end":true}}\nx{"data":{"id":1,"n":1}}\nx'`, "after its end"},
		{"an answer of another kind", open + `echo '{"done":{"id":1,"result":{"exec":{"rc":0}}}}'`, "another kind"},
		{"never there, but content", `printf '{"data":{"id":1,"n":1}}\nx'; echo '{"done":{"id":1,"result":{"exec":{"rc":0}}}}'`, "another kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // closing such a session takes its time
			h := newHost(t)
			s := h.open(t, dial.Options{Binary: scripted(t, "read -r line; "+tt.script+"; cat >/dev/null")})
			_, err := s.DialContext(t.Context(), "", "localhost", 1)
			if err == nil {
				// Nothing is taken from the connection; what ends the session ends this as well.
				_, err = s.Do(t.Context(), steps(shell("true")))
			}
			wantError(t, err, target.StageWire, tt.want)
		})
	}
	t.Run("gone at once", func(t *testing.T) {
		t.Parallel()
		h := newHost(t)
		s := h.open(t, dial.Options{Binary: scripted(t, `read -r line; echo '{"done":{"id":1,"result":{"done":{"changed":false}}}}'; cat >/dev/null`)})
		if _, err := s.DialContext(t.Context(), "", "localhost", 1); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		h := newHost(t)
		s := h.open(t, dial.Options{Binary: scripted(t, `cat >/dev/null`)})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := s.DialContext(ctx, "", "localhost", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("takes nothing", func(t *testing.T) {
		t.Parallel()
		h := newHost(t)
		s := h.open(t, dial.Options{Binary: scripted(t, `read -r line; `+open+`exec sleep 3600`)})
		conn, err := s.DialContext(t.Context(), "", "localhost", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Write(make([]byte, 8<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || n > 1<<20 {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
}
