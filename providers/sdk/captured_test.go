package sdk

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

func TestCaptured(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString([]byte("\xff\x00\xfe"))
	const less = "have it say less, or write it to a file and read what is needed of that"
	tests := []struct {
		name     string
		captured Captured
		text     string // "why | hint" of the output
		bytes    string // of that of its bytes
	}{
		{"whole", Captured{Text: "x"}, "", ""},
		{
			"cut off",
			Captured{Text: strings.Repeat("x", op.DefaultOutput), Cut: true, Raise: "max"},
			"it is longer than the 65536 bytes that are kept | max = N takes N bytes, at most 1048576", "it is longer than the 65536 bytes that are kept | max = N takes N bytes, at most 1048576",
		},
		{
			"cut off within a character",
			Captured{Text: "xé", Cut: true, Limit: 4, Raise: "max"},
			"it is longer than the 3 bytes that are kept | max = N takes N bytes, at most 1048576", "it is longer than the 3 bytes that are kept | max = N takes N bytes, at most 1048576",
		},
		{"cut off where nothing raises the limit", Captured{Text: "xxxx", Cut: true, Limit: 4}, "it is longer than the 4 bytes that are kept | " + less, "it is longer than the 4 bytes that are kept | " + less},
		{"cut off on the way, below its limit", Captured{Text: "xxxx", Cut: true, Limit: 1000, Raise: "max"}, "it is longer than the 4 bytes that are kept | " + less, "it is longer than the 4 bytes that are kept | " + less},
		{"no text", Captured{Text: "\uFFFD", Raw: raw}, "it is not UTF-8 text | out_bytes has its bytes as they are", ""},
		{
			"no text, and cut off",
			Captured{Text: "\uFFFD", Raw: raw, Cut: true, Limit: 3, Raise: "max"},
			"it is longer than the 3 bytes that are kept | max = N takes N bytes, at most 1048576", "it is longer than the 3 bytes that are kept | max = N takes N bytes, at most 1048576",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var unit T
			tt.captured.Output = "out"
			if got := tt.captured.Check(&unit); got != tt.captured.Raw {
				t.Errorf("the bytes are %q, want %q", got, tt.captured.Raw)
			}
			for name, want := range map[string]string{"out": tt.text, "out_bytes": tt.bytes} {
				if got := words(unit.incomplete[name]); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func words(i abi.Incomplete) string {
	if i == (abi.Incomplete{}) {
		return ""
	}
	return i.Why + " | " + i.Hint
}
