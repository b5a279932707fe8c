package protocol

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/openfroyo/froyo/runner/op"
)

const magic = "froyo-0123456789abcdef"

// endless gives the same bytes for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestSkipTo(t *testing.T) {
	tests := []struct {
		name, stream, noise string
		err                 error
	}{
		{"at once", "\n" + magic + "\n", "", nil},
		{"after a banner", "Welcome\nto host\n\n" + magic + "\n", "Welcome\nto host\n", nil},
		{"after a line without end", "\x1b[0mmotd\n" + magic + "\n", "\x1b[0mmotd", nil},
		{"magic within a line", "echo " + magic + "\n" + magic + "!\n\n" + magic + "\n", "echo " + magic + "\n" + magic + "!\n", nil},
		{"never", "command not found\n", "command not found\n", io.EOF},
		{"cut off", "\n" + magic, "\n" + magic, io.EOF},
		{"nothing", "", "", io.EOF},
		{"most noise", strings.Repeat("x", MaxNoise) + "\n" + magic + "\n", strings.Repeat("x", MaxNoise), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.stream), iotest.OneByteReader(strings.NewReader(tt.stream))} {
				r := NewReader(in)
				noise, err := r.SkipTo(magic)
				if string(noise) != tt.noise || !errors.Is(err, tt.err) {
					t.Errorf("got %q, %v, expected %q, %v", noise, err, tt.noise, tt.err)
				}
			}
		})
	}
	t.Run("endless lines", func(t *testing.T) {
		noise, err := NewReader(endless("y\n")).SkipTo(magic)
		if !errors.Is(err, ErrNoMagic) || len(noise) > MaxNoise+100 {
			t.Errorf("got %d bytes and %v, expected ErrNoMagic", len(noise), err)
		}
	})
	t.Run("endless line", func(t *testing.T) {
		noise, err := NewReader(endless("y")).SkipTo(magic)
		if !errors.Is(err, ErrNoMagic) || len(noise) > MaxNoise+100 {
			t.Errorf("got %d bytes and %v, expected ErrNoMagic", len(noise), err)
		}
	})
	t.Run("frames follow", func(t *testing.T) {
		var stream bytes.Buffer
		w := NewWriter(&stream)
		if err := errors.Join(w.Begin(magic), w.Send(Frame{Ping: &Ping{}})); err != nil {
			t.Fatal(err)
		}
		r := NewReader(io.MultiReader(strings.NewReader("noise"), &stream))
		noise, err := r.SkipTo(magic)
		if string(noise) != "noise" || err != nil {
			t.Fatalf("got %q, %v", noise, err)
		}
		if f, err := r.Read(); err != nil || f.Ping == nil {
			t.Errorf("got %+v, %v, expected a ping", f, err)
		}
	})
}

func TestCheckMagic(t *testing.T) {
	for _, bad := range []string{"", "short", strings.Repeat("x", 65), "froyo 0123456789abcdef", "-froyo-0123456789abcdef", "froyo-0123456789'abcdef", "froyo-0123456789\nabcd"} {
		if CheckMagic(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
		if NewWriter(io.Discard).Begin(bad) == nil {
			t.Errorf("%q was written", bad)
		}
		if _, err := NewReader(strings.NewReader("")).SkipTo(bad); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%q was looked for", bad)
		}
	}
	if one, other := NewMagic(), NewMagic(); CheckMagic(one) != nil || one == other {
		t.Errorf("new magics %q and %q, expected two good ones", one, other)
	}
}

func TestReadErrors(t *testing.T) {
	tests := []struct {
		name, stream string
		want         func(error) bool
	}{
		{"end", "", is(io.EOF)},
		{"in a line", `{"ping":{}}`, is(io.ErrUnexpectedEOF)},
		{"before content", `{"data":{"id":1,"n":3}}` + "\n", is(io.ErrUnexpectedEOF)},
		{"in content", `{"data":{"id":1,"n":3}}` + "\nab", is(io.ErrUnexpectedEOF)},
		{"empty line", "\n", isBad},
		{"no JSON", "bash: froyo: not found\n", isBad},
		{"no object", "[]\n", isBad},
		{"wrong type", `{"ping":1}` + "\n", isBad},
		{"deep", strings.Repeat(`{"x":`, 1000) + "\n", isBad},
		{"two kinds", `{"ping":{},"pong":{}}` + "\n", isBad},
		{"invalid", `{"window":{"id":1,"n":-1}}` + "\n", isBad},
		{"negative content", `{"data":{"id":1,"n":-1,"end":true}}` + "\n", isBad},
		{"too much content", `{"data":{"id":1,"n":99999999999}}` + "\n", isBad},
		{"longest line", `{"x":"` + strings.Repeat("y", MaxLine-8) + `"}` + "\n", is(io.EOF)},
		{"longer line", `{"x":"` + strings.Repeat("y", MaxLine-7) + `"}` + "\n", is(ErrFrameTooLong)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if f, err := NewReader(strings.NewReader(tt.stream)).Read(); !tt.want(err) {
				t.Errorf("got %+v and the error %v", f, err)
			}
		})
	}
}

func is(want error) func(error) bool {
	return func(got error) bool { return errors.Is(got, want) }
}

func isBad(err error) bool {
	_, ok := errors.AsType[*BadFrame](err)
	return ok
}

// TestEndlessLine checks that a line without end costs no more than the limit.
func TestEndlessLine(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := NewReader(io.LimitReader(endless("y"), 1<<30)).Read()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrFrameTooLong) {
		t.Errorf("got %v, expected ErrFrameTooLong", err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 8*MaxLine {
		t.Errorf("a line without end made the reader allocate %d bytes", spent)
	}
}

func TestUnknownKindsAreIgnored(t *testing.T) {
	stream := "{}\n" + `{"lease":{"until":5}}` + "\n" + `{"ping":null}` + "\n" + `{"new":1,"pong":{"new":2}}` + "\n"
	f, err := NewReader(strings.NewReader(stream)).Read()
	if err != nil || f.Pong == nil {
		t.Errorf("got %+v, %v, expected the pong", f, err)
	}
}

func TestGrease(t *testing.T) {
	greased := 0
	const runs, each = 60, 64
	for seed := range uint64(runs) {
		var stream bytes.Buffer
		w := NewWriter(&stream)
		w.Grease(rand.New(rand.NewPCG(seed, 1)))
		for range each {
			if err := w.Write(Frame{Ping: &Ping{}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if bytes.Count(stream.Bytes(), []byte("\n")) > each {
			greased++
		}
		r := NewReader(&stream)
		for range each {
			if f, err := r.Read(); err != nil || f.Ping == nil {
				t.Fatalf("got %+v, %v, expected a ping", f, err)
			}
		}
		if _, err := r.Read(); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, expected the end", err)
		}
	}
	if greased < runs/2 || greased > runs*5/6 {
		t.Errorf("%d of %d runs had unknown frames, expected about two thirds", greased, runs)
	}
}

func TestWriterTooLong(t *testing.T) {
	var stream bytes.Buffer
	w := NewWriter(&stream)
	big := Frame{Error: &Error{Message: strings.Repeat("\x01", 4000)}}
	if err := w.Send(big); err != nil {
		t.Fatal(err)
	}
	sent := stream.Len()
	long := &Command{ID: 1, Op: op.Op{Exec: &op.Exec{Shell: strings.Repeat("x", MaxLine)}}}
	if err := w.Send(Frame{Command: long}); !errors.Is(err, ErrFrameTooLong) {
		t.Errorf("got %v, expected ErrFrameTooLong", err)
	}
	if err := w.Flush(); err != nil || stream.Len() != sent {
		t.Errorf("part of a frame that is too long was written, or %v", err)
	}
}

func TestWriterKeepsError(t *testing.T) {
	w := NewWriter(failing{})
	for range 2 {
		if err := w.Send(Frame{Ping: &Ping{}}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, expected the stream's error", err)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestConcurrentWriters checks that frames and their content stay together.
func TestConcurrentWriters(t *testing.T) {
	var stream bytes.Buffer
	w := NewWriter(&stream)
	var wg sync.WaitGroup
	const writers, each = 8, 50
	for id := range uint64(writers) {
		wg.Go(func() {
			for range each {
				if err := w.Write(Frame{Data: &Data{ID: id + 1, Bytes: bytes.Repeat([]byte{byte(id + 1)}, 100)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(&stream)
	for range writers * each {
		f, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if want := bytes.Repeat([]byte{byte(f.Data.ID)}, 100); !bytes.Equal(f.Data.Bytes, want) {
			t.Fatalf("content of %d was mixed up", f.Data.ID)
		}
	}
}
