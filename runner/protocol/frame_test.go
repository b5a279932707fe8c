package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

var sum = strings.Repeat("0a", 32)

// frames has one frame of each kind, as a Reader returns it.
func frames() []Frame {
	return []Frame{
		{Ready: &Ready{Protocol: Version, Version: "v1", User: "root", PID: 7, OS: "linux", Arch: "arm", Dir: "/tmp/x"}},
		{Command: &Command{ID: 1, Op: op.Op{Stat: &op.Stat{Path: "/etc"}}}},
		{Command: &Command{
			ID: 1 << 60, User: "www-data", DeadlineMS: 5, After: []uint64{1, 2}, Expect: sum,
			Op: op.Op{Write: &op.Write{Path: "/a\n\u2028", Content: &op.Blob{Sum: sum, Size: 3}}},
		}},
		{Command: &Command{ID: 5, Key: "r1:h1/0/file[é]", Op: op.Op{Journal: &op.Journal{Run: "r1"}}}},
		{Done: &Done{ID: 5, Result: op.Result{Journal: &op.JournalResult{Entries: []op.JournalEntry{{Key: "r1:a", OK: true, Digest: sum}}, More: true}}}},
		{Data: &Data{ID: 3, N: 5, Bytes: []byte("a\n{\"\x00")}},
		{Data: &Data{ID: 3, End: true, Bytes: []byte{}}},
		{Window: &Window{ID: 3, N: WindowSize}},
		{Done: &Done{ID: 1, Result: op.Result{Stat: &op.StatResult{Exists: true, Type: op.TypeDir, Mode: 0o755}}}},
		{Done: &Done{ID: 2, Result: op.Result{Error: &op.Error{Class: op.Transient, Code: "timeout", Message: "late"}}, Mismatch: true}},
		{Done: &Done{ID: 3, NotRun: true}},
		{Command: &Command{ID: 6, Live: true, Op: op.Op{Exec: &op.Exec{Shell: "make"}}}},
		{Output: &Output{ID: 6, Text: "a\nb\x1b\u2028"}},
		{Output: &Output{ID: 6, Stderr: true, Left: 1 << 40}},
		{Cancel: &Cancel{ID: 9}},
		{Ping: &Ping{}},
		{Pong: &Pong{}},
		{Exit: &Exit{}},
		{Bye: &Bye{}},
		{Error: &Error{Message: "no"}},
	}
}

func TestRoundTrip(t *testing.T) {
	var stream bytes.Buffer
	w := NewWriter(&stream)
	for _, f := range frames() {
		if err := w.Write(f); err != nil {
			t.Fatalf("write %+v: %v", f, err)
		}
	}
	if stream.Len() != 0 {
		t.Error("frames left before they were flushed")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(&stream)
	for _, want := range frames() {
		got, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("frame changed on the way (-want +got):\n%s", diff)
		}
	}
}

func TestValidate(t *testing.T) {
	stat := op.Op{Stat: &op.Stat{Path: "/"}}
	done := op.Result{Done: &op.Done{}}
	tests := []struct {
		name  string
		frame Frame
		want  string
	}{
		{"no kind", Frame{}, "this one has 0"},
		{"two kinds", Frame{Ping: &Ping{}, Pong: &Pong{}}, "this one has 2"},
		{"other protocol", Frame{Ready: &Ready{Protocol: 99, PID: 1}}, "speaks protocol 99, expected 1"},
		{"nameless runner", Frame{Ready: &Ready{Protocol: Version, PID: 1}}, "empty"},
		{"long name", Frame{Ready: &Ready{Protocol: Version, PID: 1, Version: strings.Repeat("v", 5000)}}, "too long"},
		{"no pid", Frame{Ready: &Ready{Protocol: Version, Version: "v", User: "u", OS: "o", Arch: "a", Dir: "/"}}, "pid"},
		{"command 0", Frame{Command: &Command{Op: stat}}, "id 0"},
		{"no op", Frame{Command: &Command{ID: 4}}, "cmd 4: an op must set exactly one kind"},
		{"relative path", Frame{Command: &Command{ID: 4, Op: op.Op{Stat: &op.Stat{Path: "x"}}}}, "not absolute"},
		{"deadline in the past", Frame{Command: &Command{ID: 4, Op: stat, DeadlineMS: -1}}, "deadline"},
		{"deadline too far", Frame{Command: &Command{ID: 4, Op: stat, DeadlineMS: 1 << 62}}, "deadline"},
		{"after itself", Frame{Command: &Command{ID: 4, Op: stat, After: []uint64{4}}}, "not before it"},
		{"after nothing", Frame{Command: &Command{ID: 4, Op: stat, After: []uint64{0}}}, "not before it"},
		{"after too many", Frame{Command: &Command{ID: 4, Op: stat, After: make([]uint64, MaxAfter+1)}}, "too many"},
		{"expect", Frame{Command: &Command{ID: 4, Op: stat, Expect: strings.ToUpper(sum)}}, "expect"},
		{"blob without digest", Frame{Command: &Command{ID: 4, Op: op.Op{Exec: &op.Exec{Shell: "cat", Stdin: &op.Blob{}}}}}, "SHA-256"},
		{"data for 0", Frame{Data: &Data{End: true}}, "id 0"},
		{"empty data", Frame{Data: &Data{ID: 1}}, "neither content nor end"},
		{"too much data", Frame{Data: &Data{ID: 1, N: MaxChunk + 1, Bytes: make([]byte, MaxChunk+1)}}, "at most 32768"},
		{"no credit", Frame{Window: &Window{ID: 1}}, "credit for 0"},
		{"too much credit", Frame{Window: &Window{ID: 1, N: WindowSize + 1}}, "credit"},
		{"no result", Frame{Done: &Done{ID: 1}}, "this one has 0"},
		{"two results", Frame{Done: &Done{ID: 1, Result: op.Result{Done: &op.Done{}, Error: &op.Error{}}}}, "this one has 2"},
		{"not run with a result", Frame{Done: &Done{ID: 1, NotRun: true, Result: done}}, "not run"},
		{"not run, yet another result", Frame{Done: &Done{ID: 1, NotRun: true, Mismatch: true}}, "not run"},
		{"content without digest", Frame{Done: &Done{ID: 1, Result: op.Result{Read: &op.ReadResult{Content: &op.Blob{}}}}}, "SHA-256"},
		{"done 0", Frame{Done: &Done{Result: done}}, "id 0"},
		{"cancel 0", Frame{Cancel: &Cancel{}}, "id 0"},
		{"silent error", Frame{Error: &Error{}}, "empty"},
		{"endless error", Frame{Error: &Error{Message: strings.Repeat("x", 5000)}}, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stream bytes.Buffer
			err := NewWriter(&stream).Send(tt.frame)
			if _, ok := errors.AsType[*BadFrame](err); !ok {
				t.Errorf("got %v, expected a *BadFrame", err)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, expected %q", err, tt.want)
			}
			if stream.Len() > 0 {
				t.Errorf("an invalid frame was written: %q", stream.String())
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	if got := (&Command{}).Deadline(); got != DefaultDeadline {
		t.Errorf("got %v, expected the default", got)
	}
	if got := (&Command{DeadlineMS: 1500}).Deadline().String(); got != "1.5s" {
		t.Errorf("got %v, expected 1.5s", got)
	}
}

func TestDigest(t *testing.T) {
	a := op.Result{Stat: &op.StatResult{Exists: true, Target: "é\u2028\x01"}}
	b := op.Result{Stat: &op.StatResult{Exists: true, Target: "é\u2028\x02"}}
	if Digest(a) == Digest(b) {
		t.Error("different results have the same digest")
	}
	var stream bytes.Buffer
	if err := NewWriter(&stream).Send(Frame{Done: &Done{ID: 1, Result: a}}); err != nil {
		t.Fatal(err)
	}
	got, err := NewReader(&stream).Read()
	if err != nil {
		t.Fatal(err)
	}
	if Digest(got.Done.Result) != Digest(a) {
		t.Error("the two ends compute different digests of a result")
	}
	blob := op.NewBlob([]byte("x"))
	if Digest(op.Result{Read: &op.ReadResult{Content: blob}}) != Digest(op.Result{Read: &op.ReadResult{Content: &op.Blob{Sum: blob.Sum, Size: 1}}}) {
		t.Error("where the content is kept changes the digest")
	}
}
