package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

// TestEndOfInput closes the line with commands in every state.
func TestEndOfInput(t *testing.T) {
	c := serve(t, Options{Parallel: 3})
	dir := t.TempDir()
	content := op.NewBlob([]byte("all of it"))
	written := c.command(protocol.Command{Op: op.Op{Write: &op.Write{
		Path: dir + "/complete", Content: content,
		Check: "touch " + dir + "/checking; until [ -e " + dir + "/go ]; do sleep 0.01; done",
	}}})
	c.send(protocol.Frame{Data: &protocol.Data{ID: written, Bytes: []byte("all of it"), End: true}})
	partial := c.command(protocol.Command{Op: op.Op{Write: &op.Write{Path: dir + "/partial", Content: content}}})
	c.send(protocol.Frame{Data: &protocol.Data{ID: partial, Bytes: []byte("all of")}})
	program := c.command(protocol.Command{Op: shell("echo >" + dir + "/started; exec sleep 1000")})
	queued := c.command(protocol.Command{Op: shell("touch " + dir + "/queued")})
	waiting := c.command(protocol.Command{Op: shell("touch " + dir + "/waiting"), After: []uint64{written}})
	for _, name := range []string{"/checking", "/started"} {
		awaitFile(t, dir+name)
	}
	_ = c.line.Close()
	done := c.done(4)
	for _, id := range []uint64{partial, program} {
		if e := done[id].Result.Error; e == nil || e.Code != "ended" {
			t.Errorf("command %d: got %+v", id, done[id])
		}
	}
	for _, id := range []uint64{queued, waiting} {
		if !done[id].NotRun {
			t.Errorf("command %d: got %+v, expected that it does not run", id, done[id])
		}
	}
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if d := c.done(1)[written]; d == nil || d.Result.Done == nil {
		t.Errorf("got %+v, expected that the file is finished", d)
	}
	if err := <-c.served; err != nil {
		t.Errorf("serve: %v", err)
	}
	var names []string
	left, err := os.ReadDir(dir)
	for _, e := range left {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"checking", "complete", "go", "started"}, names); diff != "" || err != nil {
		t.Errorf("the directory differs (-want +got):\n%s%v", diff, err)
	}
}

// awaitFile polls for what another process makes.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%s does not appear", path)
		}
	}
}

func TestGivenUpFromOutside(t *testing.T) {
	why := errors.New("ended by SIGTERM")
	ctx, cancel := context.WithCancelCause(t.Context())
	in, line := io.Pipe()
	defer line.Close()
	var out bytes.Buffer
	cancel(why)
	if err := Serve(ctx, in, &out, Options{Magic: magic}); !errors.Is(err, why) {
		t.Errorf("got %v, expected %v", err, why)
	}
}

func TestSilence(t *testing.T) {
	t.Run("counts as the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := serve(t, Options{})
			start := time.Now()
			for range 10 {
				time.Sleep(protocol.Silence - time.Second)
				c.send(protocol.Frame{Ping: &protocol.Ping{}})
				if f := c.frame(); f.Pong == nil {
					t.Fatalf("got %+v, expected a pong", f)
				}
			}
			if err := <-c.served; !errors.Is(err, ErrSilence) {
				t.Errorf("got %v, expected ErrSilence", err)
			}
			if took, want := time.Since(start), 11*protocol.Silence-10*time.Second; took != want {
				t.Errorf("ended after %v, expected %v", took, want)
			}
		})
	})
	t.Run("of a controller that does not read either", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in, line := io.Pipe()
			out, answers := io.Pipe()
			served := make(chan error, 1)
			go func() { served <- Serve(t.Context(), in, answers, Options{Magic: magic}) }()
			r := protocol.NewReader(out)
			if _, err := r.SkipTo(magic); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
			w := protocol.NewWriter(line)
			for id := range uint64(100) {
				if err := w.Send(protocol.Frame{Command: &protocol.Command{ID: id + 1, Op: stat("/")}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-served; !errors.Is(err, ErrSilence) {
				t.Errorf("got %v, expected ErrSilence", err)
			}
			_ = line.Close()
			_ = out.Close()
		})
	})
}
