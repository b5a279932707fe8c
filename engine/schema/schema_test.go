package schema_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/engine/schema/schematest"
)

func TestLoad(t *testing.T) {
	p := schematest.Linux(t, "../../providers/linux")
	var got []string
	for _, typ := range p.Types {
		got = append(got, fmt.Sprintf("%s.%s key=%s alias=%s", typ.Package, typ.Name, typ.Key, typ.KeyAlias))
		for _, f := range typ.Fields {
			got = append(got, describe(f))
		}
	}
	want := []string{
		`linux.cmd key=command alias=name`,
		`command: string or list of strings required key later`,
		`name: string`,
		`unless: string`,
		`onlyif: string`,
		`creates: string`,
		`removes: string`,
		`cwd: string later`,
		`env: object later`,
		`stdin: string later blob`, `background: bool = false`,
		`ok_exit_codes: list of ints = [0]`,
		`max_output: int`,
		`on_resume: string of [fail rerun skip] resume`,
		`changed_when: bool = true result`,
		`linux.file key=path alias=`,
		`path: string required key`,
		`state: string = present of [present absent directory link]`,
		`content: string later blob`,
		`source: string into content`,
		`target: string later`,
		`mode: string later`,
		`owner: string later`,
		`group: string later`,
		`recurse: bool = false`,
		`backup: bool = false`, `in_place: bool`, `follow: string of [safe unsafe]`,
		`validate: string`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	file := schematest.TypeOf(t, p, "file")
	if !strings.HasPrefix(file.Doc, "File manages a file") || strings.Contains(file.Doc, "\n") {
		t.Errorf("doc of file: %q", file.Doc)
	}
	if got := describe(file.Outputs[1]); got != "backup: string required" {
		t.Errorf("second output of file: %s", got)
	}
}

// describe writes all that a field says of itself on one line.
func describe(f schema.Field) string {
	var out strings.Builder
	out.WriteString(f.Name + ": " + f.Kind)
	if f.HasDefault {
		fmt.Fprintf(&out, " = %v", f.Default)
	}
	if f.Enum != nil {
		fmt.Fprintf(&out, " of %v", f.Enum)
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{
		{"required", f.Required},
		{"key", f.Key},
		{"later", f.Later},
		{"blob", f.Blob},
		{"result", f.Result},
		{"resume", f.Resume},
	} {
		if flag.set {
			out.WriteString(" " + flag.name)
		}
	}
	if f.SourceInto != "" {
		out.WriteString(" into " + f.SourceInto)
	}
	return out.String()
}

// TestDefaults: what stands for an argument that is not given, in each form CUE has for it.
func TestDefaults(t *testing.T) {
	typ := schematest.Define(t, `#Thing: {
		key:   string @key()
		need!: int
		one:   *1 | int
		fixed: "x"
		tags:  [...string]
		env:   {[string]: string}
		maybe?: *1 | int
		deep:  {a: *1 | int, b: [true]}
		dotted: *1.5 | number
	}`)
	want := []string{
		`key: string required key`,
		`need: int required`,
		`one: int = 1`,
		`fixed: string = x`,
		`tags: list of strings = []`,
		`env: object = map[]`,
		`maybe: int`,
		`deep: object = map[a:1 b:[true]]`,
		`dotted: number = 1.5`,
	}
	var got []string
	for _, f := range typ.Fields {
		got = append(got, describe(f))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if typ.Outputs != nil {
		t.Errorf("a type without a result has outputs %v", typ.Outputs)
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"syntax", `#Thing: {`, `package t: expected '}', found 'EOF'`},
		{"no definition", `#Other: {}`, `package t: type thing: there is no definition #Thing`},
		{"no struct", `#Thing: string`, `package t: type thing: #Thing: cannot use value string (type string) as struct`},
		{"contradiction", `#Thing: {a: "x" & "y"}`, `conflicting values`},
		{"no key", `#Thing: {a: string}`, `no field is @key`},
		{"two keys", `#Thing: {a: string @key(), b: string @key()}`, `both a and b are @key`},
		{"later key", `#Thing: {a: string @key() @later()}`, `a: a key can be @later only where @key names another field for it`},
		{"alias missing", `#Thing: {a: string @key(b)}`, `a: @key names b, which is no optional string`},
		{"alias required", `#Thing: {a: string @key(b), b: string}`, `a: @key names b, which is no optional string`},
		{"key with nothing", `#Thing: {a: string @key(with=b)}`, `a: @key names b, which is no string or int that must be given early`},
		{"key with what comes later", `#Thing: {a: string @key(with=b), b: int @later()}`, `a: @key names b, which is no string or int that must be given early`},
		{"misspelt key", `#Thing: {a: string @key(whit=b), b: int}`, `a: @key: want (alias, with=field), got (whit=b)`},
		{"host that is a number", `#Thing: {a: string @key(), b?: int @host()}`, `b: @host: want a string field, this is int`},
		{"source into nothing", `#Thing: {a: string @key(), b?: string @source(into=c)}`, `b: @source names c, which is no @blob field`},
		{"patterns that are none", `#Thing: {a: string @key(), b?: string @source(into=c, exclude=d), c?: string @blob(), d?: string}`, `b: @source names d, which is no list of strings`},
		{"source without into", `#Thing: {a: string @key(), b?: string @source(c)}`, `b: @source: want (into=field), got (c)`},
		{"blob with default", `#Thing: {a: string @key(), b: *"" | string @blob()}`, `b: a @blob field cannot have a default`},
		{"misspelt attribute", `#Thing: {a: string @key(), b?: string @laster()}`, `b: @laster: no such attribute, did you mean @later`},
		{"conflict with nothing", `#Thing: {a: string @key() @conflicts(b)}`, `a: an attribute names b, which is no field`},
		{"need of nothing", `#Thing: {a: string @key() @needs(b="x")}`, `a: an attribute names b, which is no field`},
		{"requirement of nothing", `#Thing: {a: string @key() @required(b="x")}`, `a: an attribute names b, which is no field`},
		{"inclusion of no value", `#Thing: {a: string @key(), b?: "x" | "y" @includes(x="z")}`, `b: @includes: want value=value, both of the field, got (x="z")`},
		{"expectation without words", `#Thing: {a: string @key() @expect()}`, `a: @expect: want words in quotes`},
		{"result", `#Thing: {a: string @key()}, #ThingResult: 1`, `#ThingResult: #ThingResult: cannot use value 1 (type int) as struct`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{"t.cue": {Data: []byte("package t\n" + tt.text)}}
			_, err := schema.Load(fsys, "t", map[string]string{"thing": "#Thing"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	if _, err := schema.Load(fstest.MapFS{}, "t", nil); err == nil {
		t.Error("a package without CUE was loaded")
	}
}

// TestKeyOfTwo: a key that is made of two fields, alone or beside an alias.
func TestKeyOfTwo(t *testing.T) {
	for _, tt := range []struct{ attribute, alias, named string }{
		{"@key(with=b)", "", "`a` and `b`"},
		{"@key(c, with=b)", "c", "`a` and `b`, or after `c` where that is given"},
		{`@key(c, with="b|d")`, "c", "`a` and `b` or `d`, or after `c` where that is given"},
	} {
		typ := schematest.Define(t, `#Thing: {a: string `+tt.attribute+`, b: int, c?: string, d?: string}`)
		if typ.Key != "a" || len(typ.KeyWith) != 1 || typ.KeyWith[0][0] != "b" || typ.KeyAlias != tt.alias {
			t.Errorf("%s: got %q, %q, %q", tt.attribute, typ.Key, typ.KeyWith, typ.KeyAlias)
		}
		var page strings.Builder
		if err := reference.Markdown(&page, []*schema.Package{{Types: []*schema.Type{typ}}}, nil); err != nil || !strings.Contains(page.String(), "named after "+tt.named+". ") {
			t.Errorf("%s: %v in\n%s", tt.attribute, err, &page)
		}
	}
}

// TestHostField: a host is told from a string wherever fields are described.
func TestHostField(t *testing.T) {
	typ := schematest.Define(t, "#Thing: {\n\ta: string @key()\n\t// Where from.\n\tb?: string & !=\"\" @host()\n}")
	if got := describe(typ.Fields[1]); got != "b: host" || !typ.Fields[1].Host {
		t.Errorf("got %s", got)
	}
	text, err := reference.JSONSchema(typ)
	if err != nil || !strings.Contains(string(text), `"description": "Where from. The name of a host."`) {
		t.Errorf("%v in %s", err, text)
	}
	var page strings.Builder
	if err := reference.Markdown(&page, []*schema.Package{{Types: []*schema.Type{typ}}}, nil); err != nil || !strings.Contains(page.String(), "| `b` | host |  | Where from. A host, such as `host`, not its name. |") {
		t.Errorf("%v in\n%s", err, &page)
	}
	if checked, problems := new(check.Checker).Check(typ, map[string]any{"a": "x", "b": "web1"}, nil); problems != nil || string(checked.Args) != `{"a":"x","b":"web1"}` {
		t.Errorf("got %v, %v", checked, problems)
	}
}

// TestForeignAttribute: what other tools put beside a field is left alone.
func TestForeignAttribute(t *testing.T) {
	schematest.Define(t, `#Thing: {a: string @key() @go(A) @json("a") @protobuf(1,string)}`)
}
