package proxy

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, line string) *Conn {
	t.Helper()
	c, err := Start("/bin/sh", line, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestConn writes to a program and reads from it.
func TestConn(t *testing.T) {
	t.Parallel()
	c := start(t, "cat")
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 6)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := c.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(got); !os.IsTimeout(err) {
		t.Errorf("behind its deadline a read gave %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// TestCloseEndsAll closes a connection whose program has started others.
func TestCloseEndsAll(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "held")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "sh -c 'trap \"\" TERM HUP INT; sleep 1000 >"+fifo+" & cat'")
	held, err := os.Open(fifo) // once the other program has it
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the program's own is still there: %v", err)
	}
}

// TestEndsWithUs: where this program is killed, the other reads the end of its input.
func TestEndsWithUs(t *testing.T) {
	t.Parallel()
	c := start(t, "cat")
	if err := c.in.Close(); err != nil {
		t.Fatal(err)
	}
	<-c.ended
}

// TestFailed tells what a program said and how it ended, also where it says much or does not end.
func TestFailed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ line, said, status string }{
		{"sh -c 'echo no way in >&2; exit 3'", "no way in", "exit status 3"},
		{"/nowhere/nc", "not found", "exit status 127"},
		{"true", "", "exit status 0"},
		{"sh -c 'exec >&-; sleep 0.2; echo late >&2; exit 4'", "late", "exit status 4"},
		{"sh -c 'for i in $(seq 1000); do echo line $i >&2; done; exit 1'", "line 1000", "exit status 1"},
	} {
		c := start(t, test.line)
		said, status := c.Failed()
		if !strings.HasSuffix(said, test.said) && !strings.Contains(said, test.said) || status != test.status || len(said) > maxSaid {
			t.Errorf("%s: got %q, %q", test.line, said, status)
		}
	}
	c := start(t, "sleep 1000")
	if said, status := c.Failed(); said != "" || status != "signal: killed" {
		t.Errorf("one that did not end: %q, %q", said, status)
	}
}
