package literal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/inventory/literal"
)

type (
	list = []any
	dict = map[string]any
)

// TestPython has what ast.literal_eval makes of text, and for what it refuses literal.ErrNoLiteral.
func TestPython(t *testing.T) {
	text := literal.ErrNoLiteral
	for in, want := range map[string]any{
		"5": int64(5), "-5": int64(-5), "+5": int64(5), "- 5": int64(-5), "-(5)": int64(-5), "--5": text, "-True": text, "1_000": int64(1000), "1__0": text,
		"0": int64(0), "00": int64(0), "0644": text, "0x1F": int64(31), "0o17": int64(15), "0b101": int64(5), "0b2": text, "0x_f": int64(15),
		"1.5": 1.5, "1.": 1.0, ".5": 0.5, "-.5": -0.5, "1e3": 1000.0, "1.10": 1.1, "01.5": 1.5, "1E-2": 0.01, "1.2.3": text, "10.0.0.1": text, "1a": text, ".": text,
		"-9223372036854775808": int64(-9223372036854775808), "5 # five": int64(5), "5#five": int64(5), "5 five": text, "1+1": text, "1-1": text,
		"True": true, "False": false, "None": nil, "true": text, "yes": text, "Truex": text, "none": text,
		`"a"`: "a", `'a b'`: "a b", `""`: "", `"a" "b"`: "ab", `"a""b"`: "ab", `"a" b`: text, `"a`: text, `"`: text, `'''a'b'''`: "a'b", `"a" # c`: "a", `"a # b"`: "a # b",
		`"a\n\t\\\"\x41\101\u00e9\U0001F600"`: "a\n\t\\\"AA\u00e9\U0001F600", `"\d\w"`: `\d\w`, `r"a\n"`: `a\n`, `r"a\""`: `a\"`, `u"a"`: "a", `b"a\xc3\xa9"`: "aé", `b"é"`: text,
		`f"a"`: text, `x"a"`: text, `"a" b"b"`: text, `"\x4"`: text, `"\`: text, `"a\"`: text,
		"[1, 'a', [2.5, None]]": list{int64(1), "a", list{2.5, nil}}, "[]": list{}, "[1,]": list{int64(1)}, "[,]": text, "[1 2]": text, "[1": text, "[a, b]": text, "[1]]": text,
		"80,443": list{int64(80), int64(443)}, "1,": list{int64(1)}, "x,y": text, ",": text, "(1)": int64(1), "(1,)": list{int64(1)}, "()": list{}, "(1, 2": text, "((1))": int64(1),
		"{'a': 1, 2: [3], True: 'x', None: 0, 1.0: 1}": dict{"a": int64(1), "2": list{int64(3)}, "true": "x", "null": int64(0), "1.0": int64(1)},
		"{}": dict{}, "{'a': {'b': 'c'},}": dict{"a": dict{"b": "c"}}, "{'a'}": errOther, "{1, 2}": errOther, "{a: b}": text, "{'a' 1}": text, "{'a': }": text, "{{ x }}": text, "{1, x}": text,
		"": text, "  5": int64(5), "# x": text, "a": text, "é": text, "x y": text, "...": text, "not 5": text, "[*x]": text, "lambda: 0": text, "1 if True else 2": text, "5;": text,
		"99999999999999999999": errOther, "1e999": errOther, "2j": errOther, `"\ud800"`: errOther, `"\N{DASH}"`: errOther, `b"\xff"`: errOther, "{[1]: 2}": errOther,
		strings.Repeat("[", 200): errOther,
	} {
		got, err := literal.Python(in)
		switch wantErr, isErr := want.(error); {
		case !isErr && err != nil, isErr && err == nil, isErr && errors.Is(wantErr, text) != errors.Is(err, text):
			t.Errorf("%s: got %#v, %v; want %#v", in, got, err, want)
		case !isErr:
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", in, diff)
			}
		}
	}
}

// errOther is any error but literal.ErrNoLiteral.
var errOther = errors.New("cannot be kept")

func FuzzPython(f *testing.F) {
	for _, seed := range []string{"5", "1.5e3", `"a" 'b'`, "[1, (2,), {'a': None}]", "-(5)", `b"\xff"`, "{1, 2}", `"\u0041`, "0x_f", "1,2 # x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v, err := literal.Python(in)
		if err != nil && v != nil {
			t.Errorf("got %#v with %v", v, err)
		}
	})
}
