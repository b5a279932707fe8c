package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/codec"
)

type name string

type Deep struct {
	Mode  *uint32 `json:"mode,omitempty"`
	Owner string  `json:"owner,omitempty"`
	Hides string  `json:"hides"`
}

type inner struct {
	Inner int `json:"inner"`
	Twice int // at the same depth as in Other: neither is seen
}

type Other struct {
	Twice  int
	Tagged int `json:"tagged"`
}

// everything has a field of each supported kind; testing/quick fills it.
type everything struct {
	Bool   bool
	Int    int    `json:"int,omitempty"`
	Int8   int8   `json:"fs.int8"`
	Int64  int64  `json:",omitempty"`
	Uint16 uint16 `json:"uint16"`
	Uint64 uint64
	F32    float32 `json:"f32,omitempty"`
	F64    float64
	Name   name              `json:"name,omitempty"`
	Text   string            `json:"text"`
	Bytes  []byte            `json:"bytes"`
	Few    []byte            `json:"few,omitempty"`
	List   []string          `json:"list"`
	Omit   []name            `json:"omit,omitempty"`
	Map    map[string]int    `json:"map"`
	Named  map[name][]string `json:"named,omitempty"`
	Ptr    *Deep             `json:"ptr,omitempty"`
	Null   *string           `json:"null"`
	Nested []Deep            `json:"nested"`
	Self   *everything       `json:"self,omitempty"`
	Dash   int               `json:"-,"` //nolint:staticcheck // the name is "-", as in encoding/json
	Deep
	Other
	Hides int `json:"hides"`
}

// standard is what the codec must equal.
func standard(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func TestMarshalEqualsStandard(t *testing.T) {
	same := func(v everything) bool {
		got, err := codec.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(standard(t, v)), string(got)); diff != "" {
			t.Error(diff)
			return false
		}
		var mine, theirs everything
		if err := codec.Unmarshal(got, &mine); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &theirs); err != nil {
			t.Fatal(err)
		}
		return cmp.Diff(theirs, mine) == ""
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

func TestMarshal(t *testing.T) {
	type embeds struct {
		inner
		Other
		Skip   func() `json:"-"`
		hidden int
	}
	type withRaw struct {
		Omit codec.Raw `json:"omit,omitempty"`
		Raw  codec.Raw `json:"raw"`
	}
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"nil", nil, `null`},
		{"plain data", map[string]any{"b": []any{nil, true, int64(-7), 1.5, "x"}, "a": map[string]any{}}, `{"a":{},"b":[null,true,-7,1.5,"x"]}`},
		{"nil containers", []any{[]any(nil), map[string]any(nil), []string(nil), (*int)(nil)}, `[null,null,null,null]`},
		{"raw is verbatim", withRaw{Raw: codec.Raw(`{"a": [1 ]}`)}, `{"raw":{"a": [1 ]}}`},
		{"empty raw", withRaw{Omit: codec.Raw{}}, `{"raw":null}`},
		{"control characters", "\x00\b\f\n\r\t\x1f\x7f\"\\/<&>", `"\u0000\b\f\n\r\t\u001f` + "\x7f" + `\"\\/<&>"`},
		{"bad utf-8", "a\xffb\xed\xa0\x80", `"a\ufffdb\ufffd\ufffd\ufffd"`},
		{"line separators", "\u2028é\u2029", `"\u2028é\u2029"`},
		{"floats", []float64{0, 1, -0.5, 1e20, 1e21, 1e-6, 1e-7, 1.5e-9, math.MaxFloat64}, `[0,1,-0.5,100000000000000000000,1e+21,0.000001,1e-7,1.5e-9,1.7976931348623157e+308]`},
		{"float32", []float32{0.1, 1e21, 1e-7}, `[0.1,1e+21,1e-7]`},
		{"bytes", []byte("hi?>"), `"aGk/Pg=="`},
		{"embedded", embeds{inner{Inner: 1, Twice: 2}, Other{Twice: 3, Tagged: 4}, nil, 5}, `{"inner":1,"tagged":4}`},
		{"any in a struct", struct{ V any }{[]int{1}}, `{"V":[1]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := codec.Marshal(tt.v)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
			if _, raw := tt.v.(withRaw); !raw && !bytes.Equal(got, standard(t, tt.v)) {
				t.Errorf("encoding/json gives %s", standard(t, tt.v))
			}
		})
	}
}

func TestMarshalErrors(t *testing.T) {
	type loop struct{ L *loop }
	var cycle loop
	cycle.L = &cycle
	list := []any{nil}
	list[0] = list
	object := map[string]any{}
	object["o"] = object
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"func", struct{ F func() }{}, "json: type func() is not supported"},
		{"marshals itself", struct{ T time.Time }{}, "json: type time.Time is not supported"},
		{"int keys", map[int]string{}, "json: type map[int]string is not supported"},
		{"pointer to pointer", new(new(1)), "json: type **int is not supported"},
		{"embedded pointer", struct{ *Deep }{}, "json: embedded pointer struct { *codec_test.Deep }.Deep is not supported"},
		{"option", struct {
			A int `json:"a,string"`
		}{}, "json: option string of struct { A int \"json:\\\"a,string\\\"\" }.A is not supported"},
		{"infinity", math.Inf(1), "json: not a finite number"},
		{"cycle", &cycle, "json: nested too deep"},
		{"list in itself", list, "json: nested too deep"},
		{"map in itself", object, "json: nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := codec.Append([]byte("keep"), tt.v)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
			if string(got) != "keep" {
				t.Errorf("dst became %q", got)
			}
		})
	}
}

func TestUnmarshal(t *testing.T) {
	type target struct {
		A    int            `json:"a"`
		S    string         `json:"s"`
		P    *int           `json:"p"`
		M    map[string]int `json:"m"`
		Sub  Deep           `json:"sub"`
		Raw  codec.Raw      `json:"raw"`
		B    []byte         `json:"b"`
		Any  any            `json:"any"`
		List []int          `json:"list"`
	}
	tests := []struct {
		name, in string
		into     target
		want     target
	}{
		{"order does not matter", `{"s":"x","a":1}`, target{}, target{A: 1, S: "x"}},
		{"unknown is ignored", `{"x":[{"a":"\u00e9"}],"a":1,"A":2}`, target{}, target{A: 1}},
		{"absent is kept", `{"a":1}`, target{S: "old"}, target{A: 1, S: "old"}},
		{"null empties", `{"a":null,"s":null,"p":null,"any":null}`, target{A: 1, S: "x", P: new(1), Any: 1}, target{}},
		{"last wins", `{"a":1,"sub":{"owner":"x"},"m":{"a":1,"a":2},"a":2,"sub":{"hides":"y"}}`, target{M: map[string]int{"old": 1}}, target{
			A: 2, Sub: Deep{Hides: "y"}, M: map[string]int{"a": 2},
		}},
		{"raw", `{"raw": {"a" : 1} }`, target{}, target{Raw: codec.Raw(`{"a" : 1}`)}},
		{"raw null", `{"raw":null}`, target{}, target{Raw: codec.Raw(`null`)}},
		{"base64", `{"b":"aGk/"}`, target{}, target{B: []byte("hi?")}},
		{"empty list", `{"list":[ ]}`, target{List: []int{1}}, target{List: []int{}}},
		{"plain", `{"any":{"i":-7,"f":1.0,"big":9223372036854775808,"n":null,"l":[true,"x"]}}`, target{}, target{Any: map[string]any{
			"i": int64(-7), "f": 1.0, "big": 9223372036854775808.0, "n": nil, "l": []any{true, "x"},
		}}},
		{"escapes", `{"s":"\"\\\/\b\f\n\r\t\u00E9\ud83d\ude00"}`, target{}, target{S: "\"\\/\b\f\n\r\té😀"}},
		{"lone surrogates", `{"s":"\ud83dx\ude00\ud83d\u0041\ud83d"}`, target{}, target{S: "\ufffdx\ufffd\ufffdA\ufffd"}},
		{"bad utf-8", "{\"s\":\"a\xffb\"}", target{}, target{S: "a\ufffdb"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.into
			if err := codec.Unmarshal([]byte(tt.in), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnmarshalErrors(t *testing.T) {
	type target struct {
		A   int8      `json:"a"`
		U   uint      `json:"u"`
		S   string    `json:"s"`
		B   []byte    `json:"b"`
		L   []Deep    `json:"l"`
		Raw codec.Raw `json:"raw"`
	}
	deep := strings.Repeat("[", codec.MaxDepth+1)
	tests := []struct{ name, in, want string }{
		{"empty", ``, "json: byte 0: expected an object, found the end"},
		{"rest", `{} x`, "json: byte 3: expected the end, found 'x'"},
		{"type", `{"s":1}`, "json: byte 5: s: expected a string, found a number"},
		{"path", `{"l":[{},{"mode":"x"}]}`, "json: byte 17: l[1].mode: expected a number, found a string"},
		{"overflow", `{"a":128}`, "json: byte 5: a: number is out of range"},
		{"negative", `{"u":-1}`, "json: byte 5: u: number is out of range"},
		{"fraction", `{"a":1.0}`, "json: byte 5: a: expected a whole number"},
		{"leading zero", `{"a":01}`, "json: byte 6: expected ',' or '}', found a number"},
		{"plus", `{"a":+1}`, "json: byte 5: a: expected a number, found '+'"},
		{"minus", `{"a":-}`, "json: byte 5: a: expected a digit after '-'"},
		{"no fraction", `{"x":1.}`, "json: byte 7: expected a digit after '.'"},
		{"no exponent", `{"x":1e+}`, "json: byte 8: expected a digit in the exponent"},
		{"trailing comma", `{"a":1,}`, "json: byte 7: expected a string, found '}'"},
		{"no comma", `{"a":1 "u":2}`, "json: byte 7: expected ',' or '}', found a string"},
		{"no colon", `{"a" 1}`, "json: byte 5: expected ':', found a number"},
		{"control character", "{\"s\":\"a\nb\"}", "json: byte 7: s: control character in a string"},
		{"no end", `{"s":"abc`, "json: byte 9: s: string has no end"},
		{"end in escape", `{"s":"abc\`, "json: byte 9: s: unknown escape sequence"},
		{"bad escape", `{"s":"\x"}`, "json: byte 6: s: unknown escape sequence"},
		{"bad hex", `{"s":"\u00g0"}`, "json: byte 6: s: expected four hex digits after \\u"},
		{"base64", `{"b":"a"}`, "json: byte 5: b: expected base64"},
		{"literal", `{"x":nul}`, "json: byte 5: expected null"},
		{"raw", `{"raw":{"a":}}`, "json: byte 12: raw: expected a value, found '}'"},
		{"deep", `{"x":` + deep, "json: byte 68: nested too deep"},
		{"deep raw", `{"raw":` + deep, "json: byte 70: raw: nested too deep"},
		{"byte order mark", "\ufeff{}", "json: byte 0: expected an object, found byte 0xef"},
		{"NUL", "\x00", "json: byte 0: expected an object, found byte 0x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v target
			err := codec.Unmarshal([]byte(tt.in), &v)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	t.Run("no pointer", func(t *testing.T) {
		for _, v := range []any{nil, 1, (*int)(nil)} {
			if codec.Unmarshal([]byte("1"), v) == nil {
				t.Errorf("%v was taken", v)
			}
		}
	})
}

// TestUnmarshalCopies holds that callers may reuse their buffer.
func TestUnmarshalCopies(t *testing.T) {
	var v struct {
		Raw codec.Raw
		S   string
		Any any
	}
	in := []byte(`{"Raw":[1],"S":"s","Any":"a"}`)
	if err := codec.Unmarshal(in, &v); err != nil {
		t.Fatal(err)
	}
	for i := range in {
		in[i] = 'X'
	}
	if string(v.Raw) != "[1]" || v.S != "s" || v.Any != "a" {
		t.Errorf("changed with the input: %s %s %v", v.Raw, v.S, v.Any)
	}
}

// TestEveryByteEverywhere puts each byte at each place of a string, since
// strings are looked at eight bytes at a time.
func TestEveryByteEverywhere(t *testing.T) {
	for c := range 256 {
		for at := range 18 {
			text := []byte("abcdefghijklmnopqr")
			text[at] = byte(c)
			got, err := codec.Marshal(string(text))
			if want := standard(t, string(text)); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%q became %s, %v, want %s", text, got, err, want)
			}
			quoted := append(append([]byte{'"'}, text...), '"')
			var mine, theirs string
			mineErr, theirErr := codec.Unmarshal(quoted, &mine), json.Unmarshal(quoted, &theirs)
			if (mineErr == nil) != (theirErr == nil) || mineErr == nil && mine != theirs {
				t.Fatalf("%q is %q, %v, want %q, %v", quoted, mine, mineErr, theirs, theirErr)
			}
		}
	}
}
