package shape_test

import (
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

// constraints are CUE expressions with the kind of their shape, "" where they stay opaque.
var constraints = []struct{ expr, kind string }{
	{`string`, "string"},
	{`bool`, "bool"},
	{`int`, "int"},
	{`number`, "number"},
	{`uint8`, "int"},
	{`uint16`, "int"},
	{`uint`, "int"},
	{`null`, "null"},
	{`"a"`, "string"},
	{`-5`, "int"},
	{`0o17`, "int"},
	{`true`, "bool"},
	{`#"raw\n"#`, "string"},
	{`string & !=""`, "string"},
	{`!=""`, "string"},
	{`!="" & string`, "string"},
	{`string & =~"^/" & !~"/$"`, "string"},
	{`>=0`, "number"},
	{`int & >=0 & <=255`, "int"},
	{`int & >-5 & <5`, "int"},
	{`number & >0 & <10`, "number"},
	{`"a" & string`, "string"},
	{`*"a" | "b"`, "string"},
	{`*1 | 2 | "x"`, "int or string"},
	{`*true | bool`, "bool"},
	{`string | null`, "string or null"},
	{`string | int & >0`, "string or int"},
	{`("a" | "b") | int`, "string or int"},
	{`[...string]`, "list of strings"},
	{`[string, int]`, "list of strings or ints"},
	{`[string & !="", ...string]`, "list of strings"},
	{`*[0] | [int & >=0, ...int & >=0]`, "list of ints"},
	{`string & !="" | [string & !="", ...string]`, "string or list of strings"},
	{`[...[...int]]`, "list of lists of ints"},
	{`{[string]: string}`, "object"},
	{`{[string]: int | [...string]}`, "object"},
	{`[...{[string]: bool}]`, "list of objects"},
	{`{[string]: int} | [...int]`, "object or list of ints"},
	{`#Port`, "int"},
	{`[...#Port]`, "list of ints"},
	{`#Port | "any"`, "int or string"},

	{`_`, ""},
	{`{a: int}`, ""},
	{`{...}`, ""},
	{`{[=~"^a"]: int}`, ""},
	{`{[string]: int} | {[string]: string}`, ""},
	{`float`, ""},
	{`1.5`, ""},
	{`'bytes'`, ""},
	{`<"m"`, ""},
	{`!=3`, ""},
	{`string | {a: int}`, ""},
	{`strings.MinRunes(2)`, ""},
	{`[...#Tree] | 1`, ""},
	{`other`, ""},
	{`"x\(other)"`, ""},
	{`[...]`, ""},
	{`("a" | "b") & "a"`, ""},
}

const beside = `
import "strings"
_long: strings.MinRunes(2)
#Port: int & >=1 & <=65535
#Tree: [...#Tree]
#D: {other: "o"`

// compile returns the shape of an expression, and the same as a CUE value.
func compile(t testing.TB, expr string) (shape.Shape, cue.Value) {
	t.Helper()
	text := beside + "\nv: " + expr + "}"
	file, err := parser.ParseFile("x.cue", text)
	if err != nil {
		t.Fatal(err)
	}
	v := cuecontext.New().CompileString(text).LookupPath(cue.ParsePath("#D.v"))
	if v.Err() != nil {
		t.Fatal(v.Err())
	}
	return shape.Find([]*ast.File{file}, "#D").Field("v"), v
}

func TestKind(t *testing.T) {
	for _, c := range constraints {
		t.Run(c.expr, func(t *testing.T) {
			s, _ := compile(t, c.expr)
			if got := s.Kind(); got != c.kind {
				t.Errorf("got kind %q, want %q", got, c.kind)
			}
			if opaque := s.Accept("x") == shape.Unsure; opaque && c.kind != "" {
				t.Error("a shape with a kind is not sure of a string")
			}
		})
	}
}

// TestAcceptAsCUE holds shapes to their promise: what they are sure of, CUE says as well.
func TestAcceptAsCUE(t *testing.T) {
	type pair struct {
		shape shape.Shape
		cue   cue.Value
	}
	pairs := map[string]pair{}
	var exprs []string
	for _, c := range constraints {
		s, v := compile(t, c.expr)
		pairs[c.expr] = pair{s, v}
		exprs = append(exprs, c.expr)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := pairs[rapid.SampledFrom(exprs).Draw(t, "constraint")]
		value := plain(2).Draw(t, "value")
		err := p.cue.Unify(cuecontext.New().Encode(value)).Validate(cue.Concrete(true))
		switch got := p.shape.Accept(value); {
		case got == shape.Yes && err != nil:
			t.Fatalf("the shape accepts %#v, CUE says %v", value, err)
		case got == shape.No && err == nil:
			t.Fatalf("the shape refuses %#v, CUE accepts it", value)
		}
	})
}

// plain generates plain data, nested at most depth deep, near what the constraints ask for.
func plain(depth int) *rapid.Generator[any] {
	options := []*rapid.Generator[any]{
		rapid.SampledFrom([]any{nil, true, false, "", "a", "b", "x", "/", "/x", "/x/", "any", `raw\n`, "raw\n", "ä\x00"}),
		rapid.SampledFrom([]any{int64(0), int64(1), int64(-5), int64(5), int64(15), int64(255), int64(256), int64(65536), int64(1) << 60}),
		rapid.SampledFrom([]any{0.0, 1.0, -0.5, 9.99, 10.0, 1e300}),
		rapid.Map(rapid.String(), func(s string) any { return strings.ToValidUTF8(s, "?") }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
	}
	if depth > 0 {
		options = append(options,
			rapid.Map(rapid.SliceOfN(plain(depth-1), 0, 3), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "_a", "#a", "", "a b"}), plain(depth-1), 0, 2), func(m map[string]any) any { return m }))
	}
	return rapid.OneOf(options...)
}

func TestPlain(t *testing.T) {
	tests := []struct {
		name string
		text string
		want bool
	}{
		{"fields", `#D: {a: string, b?: int @later()}`, true},
		{"other definitions", `#E: {x: 1}, #D: {a: string}`, true},
		{"a comprehension", `#D: {a: string, if a == "x" {b: 1}}`, false},
		{"an embedding", `#E: {a: "x"}, #D: {#E, b: string}`, false},
		{"an embedding at the top", `{#D: a: "x"}, #D: {a: string}`, false},
		{"two declarations", `#D: {a: string}, #D: {a: "x"}`, false},
		{"a field twice", `#D: {a: string, a: "x"}`, false},
		{"a hidden field", `#D: {a: string, _b: a & "x"}`, false},
		{"a pattern", `#D: {a: string, [string]: "x"}`, false},
		{"open", `#D: {a: string, ...}`, false},
		{"let", `#D: {let x = a, a: string}`, false},
		{"no struct", `#D: close({a: string})`, false},
		{"none", `#E: {a: string}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file, err := parser.ParseFile("x.cue", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := shape.Find([]*ast.File{file}, "#D").Plain(); got != tt.want {
				t.Errorf("Plain is %v", got)
			}
		})
	}
}

// TestShadowed: a name that the package gives another meaning is not CUE's own.
func TestShadowed(t *testing.T) {
	for _, text := range []string{
		`string: "x", #D: {v: string}`,
		`#D: {v: string, string: "x"}`,
		`#P: int, #D: {v: #P, #P: "x"}`,
		`let string = "x"
#D: {v: string}`,
	} {
		file, err := parser.ParseFile("x.cue", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := shape.Find([]*ast.File{file}, "#D").Field("v").Accept("x"); got != shape.Unsure {
			t.Errorf("%s: verdict %v, want Unsure", text, got)
		}
	}
}
