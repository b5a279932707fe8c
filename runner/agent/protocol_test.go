package agent

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/runner/machine"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

func TestBrokenRules(t *testing.T) {
	const statCommand = `{"cmd":{"id":1,"op":{"fs.stat":{"path":"/"}}}}` + "\n"
	const sum = "0000000000000000000000000000000000000000000000000000000000000000"
	const writeCommand = `{"cmd":{"id":1,"op":{"file.write":{"path":"/x","content":{"sum":"` + sum + `","size":1}}}}}` + "\n"
	const sleepCommand = `{"cmd":{"id":1,"op":{"exec":{"argv":["sleep","1000"]}}}}` + "\n"
	const queuedCommand = `{"cmd":{"id":2,"after":[1],"op":{"exec":{"argv":["cat"],"stdin":{"sum":"` + sum + `","size":1}}}}}` + "\n"
	tests := []struct{ name, stream, want string }{
		{"no JSON", "hello\n", "bad frame"},
		{"no op", `{"cmd":{"id":1,"op":{}}}` + "\n", "exactly one kind"},
		{"sent twice", statCommand + statCommand, "command 1 was sent twice"},
		{"waits for what was not sent", `{"cmd":{"id":3,"after":[2],"op":{"fs.stat":{"path":"/"}}}}` + "\n", "command 3 waits for 2, which was not sent"},
		{"after the exit", writeCommand + `{"exit":{}}` + "\n" + strings.Replace(statCommand, "1", "2", 1), "command 2 after the exit"},
		{"content that no command takes", `{"data":{"id":7,"n":0,"end":true}}` + "\n", "content for command 7, which takes none"},
		{"credit that no command needs", `{"window":{"id":7,"n":5}}` + "\n", "credit for command 7, which sends nothing"},
		{"a runner's frame", `{"bye":{}}` + "\n", "a frame that only a runner sends"},
		{"too much content", sleepCommand + queuedCommand + strings.Repeat(`{"data":{"id":2,"n":32768}}`+"\n"+strings.Repeat("x", 32768), 9), "content beyond the window"},
		{"long line", strings.Repeat("x", protocol.MaxLine+128<<10), "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, Options{Grace: time.Second})
			go func() { _, _ = io.WriteString(c.line, tt.stream) }()
			told := ""
			for f := range c.frames {
				if f.Error != nil {
					told = f.Error.Message
				}
			}
			err := <-c.served
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(told, tt.want) || told == "" {
				t.Errorf("got %v, and the controller was told %q, expected %q", err, told, tt.want)
			}
		})
	}
}

func TestControllerGivesUp(t *testing.T) {
	c := serve(t, Options{})
	c.send(protocol.Frame{Error: &protocol.Error{Message: "I cannot go on"}})
	if err := <-c.served; err == nil || !strings.Contains(err.Error(), "I cannot go on") {
		t.Errorf("got %v, expected what the controller said", err)
	}
}

func TestLineBreaksOff(t *testing.T) {
	c := serve(t, Options{})
	if _, err := io.WriteString(c.line, `{"ping":`); err != nil {
		t.Fatal(err)
	}
	_ = c.line.Close()
	if err := <-c.served; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, expected io.ErrUnexpectedEOF", err)
	}
}

func TestTooManyCommands(t *testing.T) {
	c := serve(t, Options{Parallel: 1})
	id := c.command(protocol.Command{Op: shell("sleep 1000")})
	for range protocol.MaxPending {
		c.next++
		if c.w.Write(protocol.Frame{Command: &protocol.Command{ID: c.next, Op: stat("/"), After: []uint64{id}}}) != nil {
			break
		}
	}
	_ = c.w.Flush() // the runner may have closed the line
	told := ""
	for f := range c.frames {
		if f.Error != nil {
			told = f.Error.Message
		}
	}
	if !strings.Contains(told, "more than 4096 commands") {
		t.Errorf("the controller was told %q", told)
	}
}

func TestFit(t *testing.T) {
	const limit = 10_000
	long := strings.Repeat("\x01é", 5000)
	entries := make([]op.Entry, 1000)
	for i := range entries {
		entries[i].Path = "some/path"
	}
	tests := []struct {
		name   string
		result op.Result
		check  func(op.Result) bool
	}{
		{"small", op.Result{Exec: &op.ExecResult{Stdout: "x"}}, func(r op.Result) bool { return r.Exec.Stdout == "x" && !r.Exec.Truncated() }},
		{"output", op.Result{Exec: &op.ExecResult{Stdout: long, Stderr: "why"}}, func(r op.Result) bool {
			return r.Exec.Truncated() && r.Exec.Stderr == "why" && len(r.Exec.Stdout) > 100 && strings.HasSuffix(long, r.Exec.Stdout)
		}},
		{"both outputs", op.Result{Exec: &op.ExecResult{Stdout: long, Stderr: long}}, func(r op.Result) bool {
			return r.Exec.Truncated() && len(r.Exec.Stdout) > 100 && len(r.Exec.Stderr) > 100
		}},
		{"an output that is no text", op.Result{Exec: &op.ExecResult{Stdout: "x", StdoutRaw: long, Stderr: "why"}}, func(r op.Result) bool {
			return r.Exec.StdoutCut && !r.Exec.StderrCut && len(r.Exec.StdoutRaw) > 100 && len(r.Exec.StdoutRaw)%4 == 0
		}},
		{"list", op.Result{List: &op.ListResult{Exists: true, Entries: entries}}, func(r op.Result) bool {
			return r.List.More && len(r.List.Entries) > 50
		}},
		{"entry of a huge group", op.Result{Getent: &op.GetentResult{Found: true, Fields: []string{long}}}, func(r op.Result) bool {
			return r.Getent == nil && r.Error.Code == "toolarge"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fit(tt.result, limit)
			if size(got) > limit || !tt.check(got) {
				t.Errorf("got %d bytes: %.200v", size(got), got)
			}
		})
	}
}

// TestLargestOutput sends the output that becomes largest in JSON.
func TestLargestOutput(t *testing.T) {
	c := serve(t, Options{})
	d := c.done1(protocol.Command{Op: op.Op{Exec: &op.Exec{Shell: "head -c 2000000 /dev/zero; head -c 2000000 /dev/zero >&2", Limit: 1 << 20}}})
	if r := d.Result.Exec; r == nil || !r.Truncated() || len(r.Stdout) < 1000 || len(r.Stderr) < 1000 {
		t.Errorf("got %.200v", d)
	}
	c.exit()
}

// TestHangingOp gives up on an op that the kernel does not return from.
func TestHangingOp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{}.withDefaults()
		s := newServer(opts, machine.New(opts.Grace), protocol.NewWriter(io.Discard))
		defer s.courier.close(0)
		release := make(chan struct{})
		j := s.newJob(&protocol.Command{ID: 1, DeadlineMS: 1000, Op: op.Op{Write: &op.Write{Path: t.TempDir() + "/x", Content: op.NewBlob([]byte("x"))}}})
		j.inbox = protocol.NewInbox(func(int) error { <-release; return nil }) // returns no credit for long
		for range 8 {
			if err := j.inbox.Put(&protocol.Data{ID: 1, Bytes: make([]byte, protocol.MaxChunk)}); err != nil {
				t.Fatal(err)
			}
		}
		j.cmd.Op.Write.Content.Size = 1 << 20
		d := s.run(t.Context(), j)
		if e := d.Result.Error; e == nil || e.Code != "timeout" || !strings.Contains(e.Message, "may still be under way") {
			t.Errorf("got %+v", d)
		}
		close(release)
	})
}
