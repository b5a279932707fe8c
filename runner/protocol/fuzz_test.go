package protocol

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzRead reads hostile streams: whatever is accepted is valid, and survives
// being written and read again.
func FuzzRead(f *testing.F) {
	var all bytes.Buffer
	w := NewWriter(&all)
	for _, frame := range frames() {
		var one bytes.Buffer
		if err := NewWriter(&one).Send(frame); err != nil {
			f.Fatal(err)
		}
		f.Add(one.Bytes())
		if err := w.Send(frame); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(all.Bytes())
	f.Add([]byte("{}\n{\"new\":[1]}\n{\"bye\":{}}\n"))
	f.Add([]byte(`{"data":{"id":1,"n":-5,"end":true}}` + "\n"))
	f.Add([]byte(`{"done":{"id":18446744073709551616}}` + "\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(bytes.NewReader(stream))
		for {
			frame, err := r.Read()
			if err != nil {
				return
			}
			var again bytes.Buffer
			if err := NewWriter(&again).Send(frame); err != nil {
				t.Fatalf("a frame that was read cannot be written: %+v: %v", frame, err)
			}
			got, err := NewReader(&again).Read()
			if err != nil {
				t.Fatalf("a frame that was written cannot be read: %+v: %v", frame, err)
			}
			if d := frame.Done; d != nil && Digest(d.Result) != Digest(got.Done.Result) {
				t.Fatalf("the digest of %+v changed on the way", d.Result)
			}
			// An empty list is as good as none, which it is written as.
			if diff := cmp.Diff(frame, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("frame changed (-read +again):\n%s", diff)
			}
		}
	})
}

// FuzzSkipTo looks for the magic in hostile noise.
func FuzzSkipTo(f *testing.F) {
	f.Add([]byte("motd"))
	f.Add([]byte("\n" + magic + "!"))
	f.Add(bytes.Repeat([]byte("x"), 5000))
	f.Fuzz(func(t *testing.T, noise []byte) {
		if len(noise) > MaxNoise || bytes.Contains(append([]byte("\n"), noise...), []byte("\n"+magic)) {
			t.Skip("the noise is too long, or holds the magic")
		}
		var stream bytes.Buffer
		stream.Write(noise)
		if err := NewWriter(&stream).Begin(magic); err != nil {
			t.Fatal(err)
		}
		got, err := NewReader(&stream).SkipTo(magic)
		if err != nil || !bytes.Equal(got, noise) {
			t.Errorf("got %q, %v, expected %q", got, err, noise)
		}
	})
}
