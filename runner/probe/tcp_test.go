package probe_test

import (
	"io"
	"net"
	"strings"
	"testing"

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

// hold takes all and says nothing.
func hold(conn *net.TCPConn) {
	_, _ = io.Copy(io.Discard, conn)
	conn.Close()
}

// says answers each connection with a text and ends it.
func says(text string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.CloseWrite()
		hold(conn)
	}
}

// ask makes one probe.
func ask(t *testing.T, o op.Op) op.Result {
	t.Helper()
	got, err := wrap(&fake{}, nil).Do(t.Context(), []target.Step{{Op: o}})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

// wantFailure checks what a failure says first, and that its evidence holds parts.
func wantFailure(t *testing.T, e *op.Error, first string, parts ...string) {
	t.Helper()
	if e == nil {
		t.Fatalf("it went well, want %q", first)
	}
	line, evidence, _ := strings.Cut(e.Message, "\n")
	what, _, counted := strings.Cut(line, " (1 attempt in ")
	if what != first || !counted {
		t.Errorf("got %q, want %q", line, first)
	}
	for _, part := range parts {
		if !strings.Contains(evidence, part) {
			t.Errorf("the evidence %q does not hold %q", evidence, part)
		}
	}
	if len(evidence) > 4<<10 || strings.ContainsAny(line, "\x1b\r\u202e") {
		t.Errorf("%d bytes of evidence under %q", len(evidence), line)
	}
}

func TestTCP(t *testing.T) {
	redis := listen(t, func(conn *net.TCPConn) {
		buf := make([]byte, 6)
		if _, err := io.ReadFull(conn, buf); err == nil && string(buf) == "PING\r\n" {
			_, _ = io.WriteString(conn, "+PO")
			_, _ = io.WriteString(conn, "NG\r\n")
		}
		hold(conn)
	})
	endless := func(conn *net.TCPConn) {
		for {
			if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	short := op.Tries{TimeoutMS: 200, Attempts: 1}
	tests := []struct {
		name  string
		probe op.TCPProbe
		want  string // what came, or with a failure what is wrong
		fails bool
	}{
		{"open", op.TCPProbe{Port: redis}, "", false},
		{"the right answer", op.TCPProbe{Port: redis, Send: "PING\r\n", Contains: "PONG"}, "+PONG\r\n", false},
		{"a banner", op.TCPProbe{Port: listen(t, says("SSH-2.0-x\r\n")), Contains: "SSH-"}, "SSH-2.0-x\r\n", false},
		{"closed", op.TCPProbe{Port: performtest.ClosedPort(t), Closed: true}, "", false},
		{"not UTF-8", op.TCPProbe{Port: listen(t, says("\xff\x00ok")), Contains: "ok"}, "\uFFFD\x00ok", false},
		{"refused", op.TCPProbe{Port: performtest.ClosedPort(t)}, "connection refused", true},
		{"open where it must not be", op.TCPProbe{Address: "127.0.0.1", Port: redis, Closed: true}, "port PORT takes connections, expected that it is closed", true},
		{"another answer", op.TCPProbe{Port: listen(t, says("-ERR \x1b[31m\n")), Contains: "PONG"}, `what came does not contain "PONG"`, true},
		{"no answer", op.TCPProbe{Port: listen(t, hold), Contains: "PO\nNG", Tries: short}, `connected, but "PO\nNG" did not come within 200ms`, true},
		{"endless answer", op.TCPProbe{Port: listen(t, endless), Contains: "PONG"}, `what came does not contain "PONG"`, true},
		{"a name that is none", op.TCPProbe{Address: "froyo-test.invalid", Port: 1}, "the name froyo-test.invalid is unknown", true},
		{"a name that is none is not closed", op.TCPProbe{Address: "froyo-test.invalid", Port: 1, Closed: true}, "the name froyo-test.invalid is unknown", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.probe
			if p.Address == "" {
				p.Address = "127.0.0.1"
			}
			if p.Attempts == 0 {
				p.Tries = once
			}
			r := ask(t, op.Op{TCP: &p})
			if tt.fails {
				if e := r.Error; e != nil && strings.HasPrefix(p.Address, "froyo") && strings.Contains(e.Message, "cannot be resolved") {
					t.Skip("this machine has no resolver: ", e.Message)
				}
				wantFailure(t, r.Error, strings.ReplaceAll(tt.want, "PORT", itoa(p.Port)))
				return
			}
			if r.TCP == nil || r.TCP.Received != tt.want || r.TCP.Attempts != 1 {
				t.Errorf("got %+v, %+v, want %q", r.TCP, r.Error, tt.want)
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		port := listen(t, func(conn *net.TCPConn) {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.SetLinger(0)
			conn.Close()
		})
		wantFailure(t, ask(t, op.Op{TCP: &op.TCPProbe{Address: "127.0.0.1", Port: port, Send: "x", Contains: "y", Tries: once}}).Error, "connection reset")
	})
}
