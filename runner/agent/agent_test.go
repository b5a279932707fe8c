package agent

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

const magic = "froyo-0123456789abcdef"

// controller is the other end of a served stream.
type controller struct {
	t      *testing.T
	w      *protocol.Writer
	line   *io.PipeWriter
	frames chan protocol.Frame // what the runner says after its introduction
	served chan error
	ready  protocol.Ready
	next   uint64
}

// serve starts an agent. The test must bring about its end.
func serve(t *testing.T, opts Options) *controller {
	t.Helper()
	opts.Magic = magic
	if opts.Grace == 0 {
		opts.Grace = 200 * time.Millisecond
	}
	in, line := io.Pipe()
	out, answers := io.Pipe()
	c := &controller{
		t: t, w: protocol.NewWriter(line), line: line,
		frames: make(chan protocol.Frame, 10_000), served: make(chan error, 1),
	}
	go func() {
		err := Serve(t.Context(), in, answers, opts)
		_ = answers.CloseWithError(io.EOF)
		_ = in.CloseWithError(io.ErrClosedPipe)
		c.served <- err
	}()
	r := protocol.NewReader(out)
	if noise, err := r.SkipTo(magic); err != nil || len(noise) > 0 {
		t.Fatalf("got %q, %v before the magic", noise, err)
	}
	f, err := r.Read()
	if err != nil || f.Ready == nil {
		t.Fatalf("got %+v, %v, expected ready", f, err)
	}
	c.ready = *f.Ready
	go func() {
		defer close(c.frames)
		for {
			f, err := r.Read()
			if err != nil {
				return
			}
			c.frames <- f
		}
	}()
	return c
}

func (c *controller) send(frames ...protocol.Frame) {
	c.t.Helper()
	for _, f := range frames {
		if err := c.w.Write(f); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.w.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// command sends a command with the next id and returns that.
func (c *controller) command(cmd protocol.Command) uint64 {
	c.t.Helper()
	c.next++
	cmd.ID = c.next
	c.send(protocol.Frame{Command: &cmd})
	return cmd.ID
}

func (c *controller) frame() protocol.Frame {
	c.t.Helper()
	f, ok := <-c.frames
	if !ok {
		c.t.Fatal("the runner ended")
	}
	return f
}

// done waits for n answers, and returns them by id.
func (c *controller) done(n int) map[uint64]*protocol.Done {
	c.t.Helper()
	all := map[uint64]*protocol.Done{}
	for len(all) < n {
		if f := c.frame(); f.Done != nil {
			if all[f.Done.ID] != nil {
				c.t.Fatalf("command %d was answered twice", f.Done.ID)
			}
			all[f.Done.ID] = f.Done
		}
	}
	return all
}

// exit ends the agent as a controller does.
func (c *controller) exit() {
	c.t.Helper()
	c.send(protocol.Frame{Exit: &protocol.Exit{}})
	if f := c.frame(); f.Bye == nil {
		c.t.Errorf("got %+v, expected bye", f)
	}
	if err := <-c.served; err != nil {
		c.t.Errorf("serve: %v", err)
	}
}

func shell(text string) op.Op { return op.Op{Exec: &op.Exec{Shell: text}} }

func stat(path string) op.Op { return op.Op{Stat: &op.Stat{Path: path}} }

func TestIntroduction(t *testing.T) {
	c := serve(t, Options{Version: "v1.2.3", Dir: "/tmp/\xff"})
	if c.ready.Version != "v1.2.3" || c.ready.Dir != "/tmp/\uFFFD" || c.ready.UID != os.Geteuid() || c.ready.PID != os.Getpid() {
		t.Errorf("got %+v", c.ready)
	}
	c.send(protocol.Frame{Ping: &protocol.Ping{}})
	if f := c.frame(); f.Pong == nil {
		t.Errorf("got %+v, expected a pong", f)
	}
	c.exit()
}

func TestManyCommandsAtOnce(t *testing.T) {
	c := serve(t, Options{Grease: rand.New(rand.NewPCG(1, 2))})
	c.w.Grease(rand.New(rand.NewPCG(1, 1)))
	const n = 500
	for range n - 1 {
		c.next++
		if err := c.w.Write(protocol.Frame{Command: &protocol.Command{ID: c.next, Op: stat("/")}}); err != nil {
			t.Fatal(err)
		}
	}
	c.command(protocol.Command{Op: stat("/"), User: c.ready.User})
	for id, d := range c.done(n) {
		if d.Result.Stat == nil || !d.Result.Stat.Exists {
			t.Errorf("command %d: got %+v", id, d)
		}
	}
	c.exit()
}

// TestOtherUser has a command for a user whom the runner is not, and cannot
// be without sudo.
func TestOtherUser(t *testing.T) {
	c := serve(t, Options{})
	dir := t.TempDir()
	look := c.command(protocol.Command{Op: stat(dir), User: "somebody-else"})
	id := c.command(protocol.Command{Op: op.Op{Mkdir: &op.Mkdir{Path: dir + "/new"}}, User: "somebody-else"})
	after := c.command(protocol.Command{Op: shell("true"), After: []uint64{id}})
	done := c.done(3)
	if done[look].Result.Stat == nil {
		t.Errorf("got %+v, expected that it reads as it may", done[look])
	}
	if e := done[id].Result.Error; e == nil || e.Code != op.CodeSudo || !strings.Contains(e.Message, "as somebody-else needs the runner") {
		t.Errorf("got %+v", e)
	}
	if !done[after].NotRun {
		t.Errorf("got %+v, expected that it does not run", done[after])
	}
	c.exit()
}

// TestSideBySide runs commands that wait for each other, and cannot end unless
// they run at the same time.
func TestSideBySide(t *testing.T) {
	c := serve(t, Options{Parallel: 2})
	dir := t.TempDir()
	meet := func(mine, other string) op.Op {
		return op.Op{Exec: &op.Exec{Dir: dir, Shell: "touch " + mine + "; until [ -e " + other + " ]; do sleep 0.01; done"}}
	}
	c.command(protocol.Command{Op: meet("a", "b")})
	c.command(protocol.Command{Op: meet("b", "a")})
	for id, d := range c.done(2) {
		if d.Result.Exec == nil || d.Result.Exec.RC != 0 {
			t.Errorf("command %d: got %+v", id, d)
		}
	}
	c.exit()
}

func TestSequence(t *testing.T) {
	c := serve(t, Options{})
	log := filepath.Join(t.TempDir(), "log")
	var want strings.Builder
	last := c.command(protocol.Command{Op: shell("sleep 0.05; echo start >" + log)})
	want.WriteString("start\n")
	for range 20 {
		last = c.command(protocol.Command{Op: shell("echo next >>" + log), After: []uint64{last}})
		want.WriteString("next\n")
	}
	c.done(21)
	// What it waits for is done long ago.
	c.command(protocol.Command{Op: shell("echo end >>" + log), After: []uint64{1, last}})
	want.WriteString("end\n")
	c.done(1)
	got, err := os.ReadFile(log)
	if err != nil || string(got) != want.String() {
		t.Errorf("got %q, %v, expected %q", got, err, want.String())
	}
	c.exit()
}

func TestFirstDifferenceStopsWhatFollows(t *testing.T) {
	absent := protocol.Digest(op.Result{Stat: &op.StatResult{}})
	tests := []struct {
		name     string
		first    protocol.Command
		mismatch bool
		runs     bool
	}{
		{"as expected", protocol.Command{Op: stat("/nosuchfile"), Expect: absent}, false, true},
		{"another result", protocol.Command{Op: stat("/"), Expect: absent}, true, false},
		{"nothing expected", protocol.Command{Op: stat("/")}, false, true},
		{"error", protocol.Command{Op: op.Op{Exec: &op.Exec{Argv: []string{"/no/such/program"}}}}, false, false},
		{"error, another result", protocol.Command{Op: op.Op{Exec: &op.Exec{Argv: []string{"/no/such/program"}}}, Expect: absent}, true, false},
		{"a program's failure is a result", protocol.Command{Op: shell("exit 1")}, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, Options{})
			first := c.command(tt.first)
			second := c.command(protocol.Command{Op: stat("/"), After: []uint64{first}})
			third := c.command(protocol.Command{Op: stat("/"), After: []uint64{second}})
			free := c.command(protocol.Command{Op: stat("/")})
			done := c.done(4)
			late := c.command(protocol.Command{Op: stat("/"), After: []uint64{free, third}})
			done[late] = c.done(1)[late]
			if done[first].Mismatch != tt.mismatch || done[first].NotRun {
				t.Errorf("first: got %+v", done[first])
			}
			for _, id := range []uint64{second, third, late} {
				if done[id].NotRun == tt.runs {
					t.Errorf("command %d: got %+v, expected that it runs: %v", id, done[id], tt.runs)
				}
			}
			if done[free].NotRun {
				t.Error("a command that waits for nothing did not run")
			}
			c.exit()
		})
	}
}

func TestContentBothWays(t *testing.T) {
	c := serve(t, Options{})
	path := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	write := &op.Write{Path: path, Content: op.NewBlob(content)}
	id := c.command(protocol.Command{Op: op.Op{Write: write}})
	credit := protocol.NewCredit()
	sent := make(chan error, 1)
	// A command that is sent after the large content is answered before it.
	other := c.command(protocol.Command{Op: stat("/")})
	if d := c.done(1)[other]; d == nil {
		t.Fatal("the content that does not come blocks another command")
	}
	go func() {
		err := protocol.SendContent(t.Context(), c.w, id, credit, bytes.NewReader(content))
		sent <- errors.Join(err, c.w.Flush())
	}()
	for {
		f := c.frame()
		if f.Window != nil {
			if err := credit.Give(f.Window.N); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if f.Done.ID != id || f.Done.Result.Done == nil {
			t.Fatalf("got %+v", f.Done)
		}
		break
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}

	id = c.command(protocol.Command{Op: op.Op{Read: &op.Read{Path: path, Limit: 1 << 30}}})
	inbox := protocol.NewInbox(func(n int) error { return c.w.Send(protocol.Frame{Window: &protocol.Window{ID: id, N: n}}) })
	got := make(chan []byte, 1)
	go func() {
		all, err := io.ReadAll(inbox)
		if err != nil {
			t.Error(err)
		}
		got <- all
	}()
	for {
		f := c.frame()
		if f.Done == nil {
			if err := inbox.Put(f.Data); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if f.Done.Result.Read == nil || f.Done.Result.Read.Content == nil {
			t.Errorf("got %+v", f.Done)
		}
		break
	}
	if all := <-got; !bytes.Equal(all, content) {
		t.Errorf("got %d bytes, expected %d", len(all), len(content))
	}
	c.exit()
}

func TestContentOfCommandThatDoesNotRun(t *testing.T) {
	c := serve(t, Options{})
	fails := c.command(protocol.Command{Op: op.Op{Exec: &op.Exec{Argv: []string{"/no/such/program"}}}})
	id := c.command(protocol.Command{
		Op:    op.Op{Write: &op.Write{Path: "/no/such/file", Content: op.NewBlob([]byte("abc"))}},
		After: []uint64{fails},
	})
	if d := c.done(2)[id]; !d.NotRun {
		t.Errorf("got %+v", d)
	}
	c.send(
		protocol.Frame{Data: &protocol.Data{ID: id, Bytes: []byte("abc"), End: true}},
		protocol.Frame{Window: &protocol.Window{ID: fails, N: 1}},
		protocol.Frame{Cancel: &protocol.Cancel{ID: fails}},
		protocol.Frame{Ping: &protocol.Ping{}},
	)
	if f := c.frame(); f.Pong == nil {
		t.Errorf("got %+v, expected that what comes late is dropped", f)
	}
	c.exit()
}

func TestDeadline(t *testing.T) {
	c := serve(t, Options{})
	dir := t.TempDir()
	ops := []op.Op{
		shell("sleep 1000"),
		{Write: &op.Write{Path: dir + "/file", Content: op.NewBlob([]byte("never sent"))}},
		{Exec: &op.Exec{Argv: []string{"cat"}, Stdin: op.NewBlob([]byte("never sent"))}},
	}
	for _, o := range ops {
		c.command(protocol.Command{Op: o, DeadlineMS: 30})
	}
	for id, d := range c.done(len(ops)) {
		e := d.Result.Error
		if e == nil || e.Class != op.Transient || e.Code != "timeout" || !strings.Contains(e.Message, "did not end within 30ms") {
			t.Errorf("command %d: got %+v", id, d)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	c.exit()
}

func TestCancel(t *testing.T) {
	c := serve(t, Options{Parallel: 1})
	runs := c.command(protocol.Command{Op: shell("sleep 1000")})
	queued := c.command(protocol.Command{Op: stat("/")})
	waits := c.command(protocol.Command{Op: stat("/"), After: []uint64{queued}})
	c.send(protocol.Frame{Cancel: &protocol.Cancel{ID: queued}})
	done := c.done(2)
	if done[queued] == nil || !done[queued].NotRun || done[waits] == nil || !done[waits].NotRun {
		t.Errorf("got %+v", done)
	}
	c.send(protocol.Frame{Cancel: &protocol.Cancel{ID: runs}})
	if e := c.done(1)[runs].Result.Error; e == nil || e.Code != "cancelled" {
		t.Errorf("got %+v", e)
	}
	if d := c.done1(protocol.Command{Op: stat("/")}); d.Result.Stat == nil {
		t.Errorf("got %+v, expected that there is a slot again", d)
	}
	c.exit()
}

func (c *controller) done1(cmd protocol.Command) *protocol.Done {
	c.t.Helper()
	id := c.command(cmd)
	return c.done(1)[id]
}
