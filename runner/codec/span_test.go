package codec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/codec"
)

func TestSpan(t *testing.T) {
	type pair struct {
		A codec.Span `json:"a"`
		B codec.Span `json:"b"`
	}
	tests := []struct {
		name, in, a, b string
		err            string
	}{
		{"object", `{"a": {"x":[1,{}],"y":"}"} ,"b":1}`, `{"x":[1,{}],"y":"}"}`, `1`, ""},
		{"array", `{"a":[[],"\"]\\",{}],"b":null}`, `[[],"\"]\\",{}]`, `null`, ""},
		{"text beyond ASCII", `{"a":["é\u00e9"],"b":"ü"}`, `["é\u00e9"]`, `"ü"`, ""},
		{"left for later", `{"a":{"x" 1,,},"b":[tru}}`, `{"x" 1,,}`, `[tru}`, ""},
		{"never closed", `{"a":{"x":1`, "", "", "json: byte 11: a: a bracket is not closed"},
		{"closed by another", `{"a":{"x":[1},"b":2}`, "", "", "json: byte 20: expected ',' or '}', found the end"},
		{"text without an end", `{"a":["x`, "", "", "json: byte 8: a: string has no end"},
		{"bad escape", `{"a":["\x"]}`, "", "", "json: byte 7: a: unknown escape sequence"},
		{"bad word", `{"a":nul}`, "", "", "json: byte 5: a: expected null"},
		{"bad number", `{"a":01}`, "", "", "json: byte 6: expected ',' or '}', found a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got pair
			err := codec.Unmarshal([]byte(tt.in), &got)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("got %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.a, tt.b}, []string{string(got.A), string(got.B)}); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("is written as it is", func(t *testing.T) {
		got, err := codec.Marshal(pair{A: codec.Span(`{"x":1}`)})
		if want := `{"a":{"x":1},"b":null}`; err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

// TestParts holds that strings and Raws of inputs of any size are the reader's own.
func TestParts(t *testing.T) {
	type parts struct {
		Text []string    `json:"text"`
		Raw  []codec.Raw `json:"raw"`
	}
	for _, size := range []int{0, 1 << 10, 1 << 17} {
		pad := strings.Repeat("x", size)
		want := parts{Text: []string{"a", pad, "b\n"}, Raw: []codec.Raw{codec.Raw("[1]"), codec.Raw("2")}}
		in, err := json.Marshal(map[string]any{"text": want.Text, "raw": []any{[]int{1}, 2}})
		if err != nil {
			t.Fatal(err)
		}
		var got parts
		if err := codec.Unmarshal(in, &got); err != nil {
			t.Fatal(err)
		}
		clear(in)
		if len(got.Raw) > 0 {
			_ = append(got.Raw[0], "overwritten"...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d bytes: %s", size, diff)
		}
	}
}

func TestAppendString(t *testing.T) {
	text := "a\"\\\n\u2028é\xff"
	want, err := codec.Append([]byte("x"), text)
	if err != nil {
		t.Fatal(err)
	}
	if got := codec.AppendString([]byte("x"), text); !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// spans holds for valid input that a Span is the same text as a Raw, and for
// any input that what it leaves for later is refused when it is decoded.
func spans(t *testing.T, in []byte) {
	t.Helper()
	var raws []codec.Raw
	var texts []codec.Span
	rawErr, spanErr := codec.Unmarshal(in, &raws), codec.Unmarshal(in, &texts)
	if rawErr == nil && spanErr != nil {
		t.Fatalf("valid, but as spans: %v", spanErr)
	}
	if spanErr != nil {
		return
	}
	for i, text := range texts {
		var raw codec.Raw
		err := codec.Unmarshal(text, &raw)
		if rawErr == nil && (err != nil || !bytes.Equal(raw, raws[i])) {
			t.Errorf("%s became %s, %v", raws[i], text, err)
		}
		if err != nil {
			return
		}
	}
	if rawErr != nil && !strings.HasSuffix(rawErr.Error(), "nested too deep") {
		t.Errorf("refused as a whole, %v, but not in parts: %s", rawErr, texts)
	}
}
