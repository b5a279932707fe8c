// Package output is what the programs of a unit printed: gathered from the results of its ops, without
// secrets, and bounded.
//
// It imports engine/secret and runner/op.
package output

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/op"
)

// Max bounds what is kept of each stream of a unit, in bytes.
const Max = op.MaxOutput

// Output is what the programs that a unit ran as effects printed, one after the other.
type Output struct {
	// RC is the exit code of the last one.
	RC             int
	Stdout, Stderr Stream
	// Sensitive says that nothing of it may be kept, because the unit is sensitive.
	Sensitive bool
	// Recorded says that the store has it with the record of how the unit ended.
	Recorded bool
}

// Stream is the end of what was printed, as text: bytes that are not UTF-8 are replaced.
type Stream struct {
	Text string
	// Omitted is how many bytes there were before Text.
	Omitted int64
}

// Sum adds what an op's result says was printed to o, which may be nil; it returns o as it was where o's op
// ran no program, or one that only answers a question of the planner.
func Sum(o *Output, performed op.Op, r op.Result, sensitive bool) *Output {
	if performed.Exec == nil || performed.Exec.ReadOnly || r.Exec == nil {
		return o
	}
	if o == nil {
		o = &Output{Sensitive: sensitive}
	}
	o.RC = r.Exec.RC
	if o.Sensitive {
		return o
	}
	o.Stdout.add(r.Exec.Stdout, r.Exec.StdoutRaw, r.Exec.StdoutLeft)
	o.Stderr.add(r.Exec.Stderr, r.Exec.StderrRaw, r.Exec.StderrLeft)
	return o
}

// add adds what one program printed.
func (s *Stream) add(text, raw string, left int64) {
	if raw != "" { // text may be only a part of it
		if data, err := base64.StdEncoding.DecodeString(raw); err == nil {
			text = strings.ToValidUTF8(string(data), "\uFFFD")
		}
	}
	if left > 0 { // what came before it would stand in the middle
		s.Omitted += left + int64(len(s.Text))
		s.Text = ""
	}
	s.Text += secret.Mask(text)
	if over := len(s.Text) - Max; over > 0 {
		*s = s.Tail(Max, 0)
	}
}

// Tail is the end of the stream: at most so many bytes and, unless lines is 0, so many lines, from the beginning
// of a line where there is one.
func (s Stream) Tail(bytes, lines int) Stream {
	text := s.Text
	if len(text) > bytes {
		cut := len(text) - bytes
		within := text[cut-1] != '\n'
		text = text[cut:]
		if _, rest, found := strings.Cut(text, "\n"); found && rest != "" && within {
			text = rest
		}
		for text != "" && !utf8.RuneStart(text[0]) {
			text = text[1:]
		}
	}
	if lines > 0 {
		begin := len(strings.TrimSuffix(text, "\n"))
		for range lines {
			if begin = strings.LastIndexByte(text[:begin], '\n'); begin < 0 {
				break
			}
		}
		text = text[begin+1:]
	}
	return Stream{Text: text, Omitted: s.Omitted + int64(len(s.Text)-len(text))}
}

// Empty reports whether nothing was printed.
func (s Stream) Empty() bool { return s.Text == "" && s.Omitted == 0 }

// Len is how many bytes are kept of both streams, without line ends behind them.
func (o *Output) Len() int {
	return len(strings.TrimRight(o.Stdout.Text, "\n")) + len(strings.TrimRight(o.Stderr.Text, "\n"))
}
