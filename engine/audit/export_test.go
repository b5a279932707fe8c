package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func exported(t testing.TB, l *Log) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := l.Export(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// accepted reports whether an export is taken for what was written.
func accepted(text []byte, anchors ...Head) bool {
	l, err := Read("a", bytes.NewReader(text))
	return err == nil && len(l.Verify(anchors, public(ours))) == 0
}

// TestAnyByteIsFound edits an export in each way at each byte, and moves, repeats and removes each line: no text but the
// one that was exported is a log, with the anchor of its end.
func TestAnyByteIsFound(t *testing.T) {
	l := written(3)
	l.Rows[1].Detail = "a\nb <&> \u2028 \u00e9"
	rechain(l, 1)
	for i, r := range l.Rows {
		l.Heads[i] = Sign(r.Seq, r.Hash, r.Time, ours)
	}
	text := exported(t, l)
	anchor := l.Heads[2]
	if !accepted(text, anchor) {
		t.Fatal("it is none as it was written")
	}
	tries := 0
	try := func(what string, edited []byte) {
		t.Helper()
		if bytes.Equal(edited, text) {
			return
		}
		if tries++; accepted(edited, anchor) {
			t.Errorf("%s is taken for what was written:\n%s", what, edited)
		}
	}
	for i := range text {
		for _, c := range []byte{text[i] ^ 1, text[i] ^ 0x20, text[i] ^ 0x80, ' ', '\n', '\r', '0', '"', '\\'} {
			try(fmt.Sprintf("byte %d as %q", i, c), slices.Concat(text[:i], []byte{c}, text[i+1:]))
			try(fmt.Sprintf("%q before byte %d", c, i), slices.Concat(text[:i], []byte{c}, text[i:]))
		}
		try(fmt.Sprintf("without byte %d", i), slices.Concat(text[:i], text[i+1:]))
	}
	for c := range 256 {
		try(fmt.Sprintf("byte %d at the end", c), append(slices.Clone(text), byte(c)))
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	for i := range lines {
		try(fmt.Sprintf("without line %d", i+1), slices.Concat(slices.Delete(slices.Clone(lines), i, i+1)...))
		for j := range lines {
			moved := slices.Clone(lines)
			moved[i], moved[j] = moved[j], moved[i]
			try(fmt.Sprintf("lines %d and %d in each other's places", i+1, j+1), slices.Concat(moved...))
			try(fmt.Sprintf("line %d again before line %d", i+1, j+1), slices.Concat(slices.Insert(slices.Clone(lines), j, lines[i])...))
		}
	}
	t.Log(tries, "edited exports")
}

// TestSpellings: what means the same to a reader of JSON is no row, and the line is named.
func TestSpellings(t *testing.T) {
	text := string(exported(t, written(3)))
	first, rest, _ := strings.Cut(text, "\n")
	tests := []struct{ name, text, line string }{
		{"a byte order mark", "\ufeff" + text, "a:1:"},
		{"CRLF", strings.ReplaceAll(text, "\n", "\r\n"), "a:1:"},
		{"a blank line", first + "\n\n" + rest, "a:2:"},
		{"a blank line at the end", text + "\n", "a:4:"},
		{"text after the row", first + " x\n" + rest, "a:1:"},
		{"a second value", first + "{}\n" + rest, "a:1:"},
		{"a comment at the end", text + "# ok\n", "a:4:"},
		{"another case of a key", strings.Replace(text, `"user"`, `"User"`, 1), "a:1:"},
		{"a key again", strings.Replace(text, `"user":"ada"`, `"user":"eve","user":"ada"`, 1), "a:1:"},
		{"an unknown key", strings.Replace(text, `{"seq"`, `{"x":1,"seq"`, 1), "a:1:"},
		{"a key that is empty", strings.Replace(text, `,"hash"`, `,"detail":"","hash"`, 1), "a:1:"},
		{"another order", strings.Replace(text, `"user":"ada","origin":"here"`, `"origin":"here","user":"ada"`, 1), "a:1:"},
		{"nanoseconds", strings.Replace(text, "00.000123Z", "00.0001234Z", 1), "a:1:"},
		{"more digits", strings.Replace(text, "00.000123Z", "00.000123000Z", 1), "a:1:"},
		{"another zone", strings.Replace(text, "T01:00:00.000123Z", "T02:00:00.000123+01:00", 1), "a:1:"},
		{"escapes", strings.Replace(text, `"ada"`, `"\u0061da"`, 1), "a:1:"},
		{"another number", strings.Replace(text, `{"seq":1,`, `{"seq":1e0,`, 1), "a:1:"},
		{"no end", strings.TrimSuffix(text, "\n"), "a:3:"},
		{"null for a text", strings.Replace(text, `"user":"ada"`, `"user":null`, 1), "a:1:"},
	}
	for _, tt := range tests {
		if tt.text == text {
			t.Errorf("%s: the text is as it was", tt.name)
		}
		if _, err := Read("a", strings.NewReader(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.line) {
			t.Errorf("%s: %v, want an error at %s", tt.name, err, tt.line)
		}
	}
	if _, err := Read("a", strings.NewReader(strings.Repeat("x", maxLine+1))); err == nil || !strings.Contains(err.Error(), "a:1") {
		t.Error(err)
	}
}

// TestPartOfALog verifies the end of a log alone.
func TestPartOfALog(t *testing.T) {
	l := written(9)
	part := &Log{Before: l.Rows[5], Rows: slices.Clone(l.Rows[6:]), Heads: l.Heads[6:]}
	if found := part.Verify(nil, public(ours)); len(found) > 0 {
		t.Error(found)
	}
	part.Before.Hash = l.Rows[4].Hash
	if found := part.Verify(nil, public(ours)); len(found) != 1 || !strings.Contains(found[0].Text, "row 7 was changed") {
		t.Error(found)
	}
	if found := l.Verify(nil, []ed25519.PublicKey{}); len(found) != 9 || found[0].Untrusted != l.Heads[0].Key {
		t.Error(found)
	}
}
