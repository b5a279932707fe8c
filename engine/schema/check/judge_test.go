package check_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/encoding/jsonschema"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/engine/schema/schematest"
)

// TestTies: constraints between fields, and those that only CUE knows, are CUE's to judge.
func TestTies(t *testing.T) {
	tests := []struct {
		name string
		def  string
		args m
		want string // the arguments, or messages
	}{
		{
			"own words", `#Thing: {key: string @key(), a?: string, b?: string, if a != _|_ if b != _|_ {_tie: error("a and b do not go together")}}`,
			m{"key": "x", "a": "1", "b": "2"},
			`a and b do not go together`,
		},
		{
			"own words at a field", `#Thing: {key: string @key(), a?: string, b?: string, if a != _|_ {b?: error("not beside a")}}`,
			m{"key": "x", "a": "1", "b": "2"},
			`b: not beside a`,
		},
		{
			"own words, nothing wrong", `#Thing: {key: string @key(), a?: string, b?: string, if a != _|_ {b?: error("not beside a")}}`,
			m{"key": "x", "b": "2"},
			`{"b":"2","key":"x"}`,
		},
		{
			"computed", `#Thing: {key: string @key(), n: *1 | int, next: n + 1, if n > 5 {size: "big"}, size: *"small" | string}`,
			m{"key": "x", "n": int64(6)},
			`{"key":"x","n":6,"next":7,"size":"big"}`,
		},
		{
			"computed from defaults", `#Thing: {key: string @key(), n: *1 | int, next: n + 1}`,
			m{"key": "x"},
			`{"key":"x","n":1,"next":2}`,
		},
		{
			"computed otherwise", `#Thing: {key: string @key(), n: int, next: n + 1}`,
			m{"key": "x", "n": int64(1), "next": int64(3)},
			`next: conflicting values 2 and 3`,
		},
		{
			"hidden", `#Thing: {key: string @key(), _limit: key & !="x"}`,
			m{"key": "x"},
			`"x" does not fit: want !="x"`,
		},
		{
			"nested", `#Thing: {key: string @key(), box?: {width: int, depth: *1 | int}}`,
			m{"key": "x", "box": m{"width": "wide"}},
			`box["width"]: want int, got "wide"`,
		},
		{
			"nested and missing", `#Thing: {key: string @key(), box?: {width: int, depth: *1 | int}}`,
			m{"key": "x", "box": m{}},
			`box["width"]: a value is missing: want int`,
		},
		{
			"nested and unknown", `#Thing: {key: string @key(), box?: {width: int}}`,
			m{"key": "x", "box": m{"width": int64(1), "high": int64(1)}},
			`box["high"]: no such field is allowed here`,
		},
		{
			"in a list", `#Thing: {key: string @key(), boxes: [...{width: int}]}`,
			m{"key": "x", "boxes": l{m{"width": int64(1)}, m{"width": "w"}}},
			`boxes[1]["width"]: want int, got "w"`,
		},
		{
			"folded", `#Thing: {key: string @key(), v?: float | bytes | {a: int}}`,
			m{"key": "x", "v": "w"},
			`v: want bytes, got "w"; want float, got "w"; conflicting values "w" and {a:int}`,
		},
		{
			"CUE's functions", "import \"strings\"\n#Thing: {key: string & strings.MaxRunes(3) @key()}",
			m{"key": "long"},
			`key: "long" does not fit: want strings.MaxRunes(3)`,
		},
		{
			"CUE's functions, fine", "import \"strings\"\n#Thing: {key: string & strings.MaxRunes(3) @key()}",
			m{"key": "abc"},
			`{"key":"abc"}`,
		},
		{
			"a float", `#Thing: {key: string @key(), ratio: *0.5 | number}`, m{"key": "x", "ratio": 1.5}, `{"key":"x","ratio":1.5}`,
		},
		{
			"a pattern without words", "#Thing: {\n\t// A short name. No more.\n\tkey: =~\"^.{1,3}$\" @key()\n}",
			m{"key": "long"},
			`key: want a string that matches ^.{1,3}$, got "long" (key: a short name)`,
		},
		{
			"content of a blob is not shown", `#Thing: {key: string @key(), b?: =~"^a" @blob()}`,
			m{"key": "x", "b": "secret"},
			`b: want a string that matches ^a, got 6 bytes of text`,
		},
		{
			"conflict", `#Thing: {key: string @key(), a?: int @conflicts(b), b: *false | bool @conflicts(a)}`,
			m{"key": "x", "a": int64(1), "b": true},
			`a and b cannot both be given (leave one of them out)`,
		},
		{
			"conflict with a default", `#Thing: {key: string @key(), a?: int @conflicts(b), b: *false | bool @conflicts(a)}`,
			m{"key": "x", "a": int64(1), "b": false},
			`{"a":1,"b":false,"key":"x"}`,
		},
		{
			"need of a bool", `#Thing: {key: string @key(), a?: int @needs(b="true"), b: *false | bool}`,
			m{"key": "x", "a": int64(1)},
			`a needs b = True, but b is False (set b to True, or leave a out)`,
		},
		{
			"need of what is not given", `#Thing: {key: string @key(), a?: int @needs(b="1|2"), b?: int}`,
			m{"key": "x", "a": int64(1)},
			`a needs b = 1 or 2, but b is not given (set b to 1 or 2, or leave a out)`,
		},
		{
			"need of what is wrong", `#Thing: {key: string @key(), a?: int @needs(b="1"), b?: int}`,
			m{"key": "x", "a": int64(1), "b": "x"},
			`b: want an int, got the string "x"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checked, problems := new(check.Checker).Check(schematest.Define(t, tt.def), tt.args, nil)
			var got string
			if checked != nil {
				got = string(checked.Args)
			}
			for i, p := range problems {
				if i > 0 {
					got += "\n"
				}
				got += p.Message
				if p.Hint != "" {
					got += " (" + p.Hint + ")"
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// buildLinux compiles the CUE of providers/linux without any help of the package under test.
func buildLinux(t testing.TB) cue.Value {
	t.Helper()
	names, err := filepath.Glob(linux + "/*.cue")
	if err != nil || len(names) == 0 {
		t.Fatal("no CUE in providers/linux", err)
	}
	var all []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Replace(string(text), "package linux\n", "", 1))
	}
	v := cuecontext.New().CompileString(strings.Join(all, "\n"))
	if v.Err() != nil {
		t.Fatal(v.Err())
	}
	return v
}

// pools are values near what the arguments of the types in providers/linux want.
var pools = rapid.OneOf(
	rapid.SampledFrom([]any{"/", "/x", "x", "", "present", "absent", "directory", "link", "0644", "644", "u=rw", "visudo -cf %s", "\x00", "é"}),
	rapid.SampledFrom([]any{true, false, true, false, int64(0), int64(255), int64(256), int64(-1)}),
	rapid.SampledFrom([]any{
		l{},
		l{int64(0)},
		l{int64(2), int64(300)},
		l{"ls"},
		l{"ls", "-l"},
		l{"", "x"},
		l{"ls", int64(1)},
		l{0.5},
		m{},
		m{"A": "b"},
		m{"A": "b", "_B": ""},
		m{"A": int64(1)},
		m{"A": nil},
	}),
)

// arguments generates calls of a type, with and without mistakes.
func arguments(typ *schema.Type) *rapid.Generator[m] {
	return rapid.Custom(func(t *rapid.T) m {
		args := m{typ.Key: rapid.SampledFrom([]any{"/x", "/x", "/x", "", l{"/x"}}).Draw(t, typ.Key)}
		for _, f := range typ.Fields {
			if f.SourceInto == "" && rapid.IntRange(0, 4).Draw(t, f.Name+" given") == 0 {
				args[f.Name] = pools.Draw(t, f.Name)
			}
		}
		return args
	})
}

// judges are other ways to check a type's arguments.
func judges(t testing.TB, p *schema.Package) map[string]struct{ definition, imported cue.Value } {
	t.Helper()
	out := map[string]struct{ definition, imported cue.Value }{}
	root := buildLinux(t)
	for name, def := range map[string]string{"file": "#File", "cmd": "#Cmd"} {
		text, err := reference.JSONSchema(schematest.TypeOf(t, p, name))
		if err != nil {
			t.Fatal(err)
		}
		file, err := jsonschema.Extract(cuecontext.New().CompileBytes(text), &jsonschema.Config{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		imported := cuecontext.New().BuildFile(file)
		if imported.Err() != nil {
			t.Fatal(imported.Err())
		}
		out[name] = struct{ definition, imported cue.Value }{root.LookupPath(cue.ParsePath(def)), imported}
	}
	return out
}

// relation matches the messages that attributes lead to, which CUE knows nothing of.
var relation = regexp.MustCompile(` needs | cannot both |is missing: `)

// TestAgreement: for any arguments, Check says what the CUE definition says,
// completes them as CUE does, and says what its own JSON Schema says.
func TestAgreement(t *testing.T) {
	p := schematest.Linux(t, linux)
	others := judges(t, p)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"file", "cmd"}).Draw(t, "type")
		var typ *schema.Type
		for _, candidate := range p.Types {
			if candidate.Name == name {
				typ = candidate
			}
		}
		args := arguments(typ).Draw(t, "args")
		checked, problems := checker.Check(typ, args, nil)

		given := cuecontext.New().Encode(args)
		if err := others[name].imported.Unify(given).Validate(cue.Concrete(true)); (err == nil) != (problems == nil) {
			t.Fatalf("the JSON Schema says %v, Check %v", err, problems)
		}
		whole := others[name].definition.Unify(given)
		err := whole.Validate(cue.Concrete(true))
		tied := false
		for _, p := range problems {
			tied = tied || relation.MatchString(p.Message)
		}
		if err != nil && problems == nil || err == nil && problems != nil && !tied {
			t.Fatalf("CUE says %v, Check %v", err, problems)
		}
		if problems != nil {
			return
		}
		want, got := decode(t, whole), m{}
		if err := json.Unmarshal(checked.Args, &got); err != nil {
			t.Fatal(err)
		}
		for _, f := range typ.Fields {
			if f.Blob && got[f.Name] != nil {
				want[f.Name], got[f.Name] = nil, nil
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("CUE and Check fill in different values (-CUE +Check):\n%s", diff)
		}
	})
}

func decode(t *rapid.T, v cue.Value) m {
	text, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var out m
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
