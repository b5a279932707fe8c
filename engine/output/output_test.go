package output_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/op"
)

func run(r op.ExecResult) (op.Op, op.Result) {
	return op.Op{Exec: &op.Exec{Shell: "x"}}, op.Result{Exec: &r}
}

func TestSum(t *testing.T) {
	marker := secret.Given("hunter22")
	add := func(o *output.Output, sensitive bool, results ...op.ExecResult) *output.Output {
		for _, r := range results {
			performed, result := run(r)
			o = output.Sum(o, performed, result, sensitive)
		}
		return o
	}
	long := strings.Repeat("x", output.Max-1) + "\n"
	for _, tt := range []struct {
		name string
		got  *output.Output
		want *output.Output
	}{
		{"a question", output.Sum(nil, op.Op{Exec: &op.Exec{Shell: "x", ReadOnly: true}}, op.Result{Exec: &op.ExecResult{Stdout: "a"}}, false), nil},
		{"no program", output.Sum(nil, op.Op{Stat: &op.Stat{}}, op.Result{Stat: &op.StatResult{}}, false), nil},
		{"one that did not start", output.Sum(nil, op.Op{Exec: &op.Exec{Shell: "x"}}, op.Result{Error: &op.Error{}}, false), nil},
		{
			"two programs", add(nil, false, op.ExecResult{RC: 1, Stdout: "a\n", Stderr: "b\n"}, op.ExecResult{Stdout: "c\n"}),
			&output.Output{Stdout: output.Stream{Text: "a\nc\n"}, Stderr: output.Stream{Text: "b\n"}},
		},
		{
			"a secret", add(nil, false, op.ExecResult{Stdout: "it is " + marker + "!"}),
			&output.Output{Stdout: output.Stream{Text: "it is (sensitive)!"}},
		},
		{"a sensitive unit", add(nil, true, op.ExecResult{RC: 2, Stdout: "a", Stderr: "b"}), &output.Output{RC: 2, Sensitive: true}},
		{
			"no text", add(nil, false, op.ExecResult{Stdout: "clipped", StdoutRaw: base64.StdEncoding.EncodeToString([]byte("a\xffb"))}),
			&output.Output{Stdout: output.Stream{Text: "a\uFFFDb"}},
		},
		{
			"cut off", add(nil, false, op.ExecResult{Stdout: "ab"}, op.ExecResult{Stdout: "end", StdoutLeft: 7}),
			&output.Output{Stdout: output.Stream{Text: "end", Omitted: 9}},
		},
		{
			"too much together", add(nil, false, op.ExecResult{Stdout: "first\n"}, op.ExecResult{Stdout: long}),
			&output.Output{Stdout: output.Stream{Text: long, Omitted: 6}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("want -, got +:\n%.2000s", diff)
			}
		})
	}
}

func TestTail(t *testing.T) {
	for _, tt := range []struct {
		name, text   string
		bytes, lines int
		want         output.Stream
	}{
		{"whole", "a\nb\n", 4, 2, output.Stream{Text: "a\nb\n", Omitted: 5}},
		{"lines", "a\nb\nc\n", 100, 2, output.Stream{Text: "b\nc\n", Omitted: 7}},
		{"lines without an end", "a\nb\nc", 100, 1, output.Stream{Text: "c", Omitted: 9}},
		{"bytes from within a line", "aaaa\nbb\nc\n", 4, 0, output.Stream{Text: "c\n", Omitted: 13}},
		{"bytes from a line's beginning", "aaaa\nbb\nc\n", 5, 0, output.Stream{Text: "bb\nc\n", Omitted: 10}},
		{"bytes of one line", "abcdef", 3, 9, output.Stream{Text: "def", Omitted: 8}},
		{"bytes of one line with its end", "abcdef\n", 3, 9, output.Stream{Text: "ef\n", Omitted: 9}},
		{"not within a character", "aéé", 3, 0, output.Stream{Text: "é", Omitted: 8}},
		{"nothing", "", 3, 1, output.Stream{Omitted: 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, output.Stream{Text: tt.text, Omitted: 5}.Tail(tt.bytes, tt.lines)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
