package agent

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

// echo gives back what it gets, on a port of this machine.
func echo(t *testing.T) op.Op {
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
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return op.Op{Connect: &op.Connect{Address: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}}
}

// opened waits for the window that says that a connection is there.
func (c *controller) opened(id uint64) {
	c.t.Helper()
	if f := c.frame(); f.Window == nil || f.Window.ID != id || f.Window.N != protocol.WindowSize {
		c.t.Fatalf("got %+v, expected the window of %d", f, id)
	}
}

func TestRelay(t *testing.T) {
	c := serve(t, Options{Parallel: 1})
	target := echo(t)
	first := c.command(protocol.Command{Op: target})
	c.opened(first)
	// The only slot is still free: for another relay, and for a program.
	second := c.command(protocol.Command{Op: target})
	c.opened(second)
	ran := c.command(protocol.Command{Op: shell("true")})
	if d := c.done(1)[ran]; d == nil || d.Result.Exec == nil {
		t.Errorf("got %+v, expected that the program ran", d)
	}
	for _, text := range []string{"one", "two"} { // each piece comes back before the next is sent
		c.send(protocol.Frame{Data: &protocol.Data{ID: first, Bytes: []byte(text)}})
		if f := c.frame(); f.Data == nil || f.Data.ID != first || string(f.Data.Bytes) != text || f.Data.End {
			t.Fatalf("got %+v, expected %q", f, text)
		}
	}
	c.send(protocol.Frame{Data: &protocol.Data{ID: first, End: true}})
	if f := c.frame(); f.Data == nil || !f.Data.End {
		t.Errorf("got %+v, expected the end", f)
	}
	if d := c.done(1)[first]; d == nil || d.Result.Done == nil {
		t.Errorf("got %+v", d)
	}
	c.send(protocol.Frame{Cancel: &protocol.Cancel{ID: second}})
	if d := c.done(1)[second]; d == nil || d.Result.Error == nil || d.Result.Error.Code != "cancelled" {
		t.Errorf("got %+v", d)
	}
	c.exit()
}

// TestRelayEndsWithTheController takes the line away from relays that are open.
func TestRelayEndsWithTheController(t *testing.T) {
	c := serve(t, Options{})
	ids := []uint64{c.command(protocol.Command{Op: echo(t)}), c.command(protocol.Command{Op: echo(t)})}
	for range ids {
		if f := c.frame(); f.Window == nil {
			t.Fatalf("got %+v", f)
		}
	}
	_ = c.line.Close()
	select {
	case err := <-c.served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the runner goes on")
	}
}

func TestRelayAfterWhatFailed(t *testing.T) {
	c := serve(t, Options{})
	failed := c.command(protocol.Command{Op: stat("/"), Expect: op.Sum(nil)})
	after := c.command(protocol.Command{Op: echo(t), After: []uint64{failed}})
	if d := c.done(2)[after]; !d.NotRun {
		t.Errorf("got %+v, expected that it does not run", d)
	}
	c.exit()
}
