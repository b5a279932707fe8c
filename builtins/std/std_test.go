package std_test

import (
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/std"
)

// eval evaluates an expression in which all modules are there.
func eval(t *testing.T, expr string) (starlark.Value, error) {
	t.Helper()
	names := starlark.StringDict{}
	for _, file := range std.Names() {
		module, found, err := std.Load(file)
		if err != nil || !found || len(module) != 1 {
			t.Fatalf("%s: got %v, %v, %v", file, module, found, err)
		}
		for name, v := range module {
			if name+".star" != file {
				t.Errorf("%s defines %s", file, name)
			}
			names[name] = v
		}
	}
	return starlark.EvalOptions(&syntax.FileOptions{Set: true}, &starlark.Thread{}, "t.star", expr, names)
}

func TestModules(t *testing.T) {
	tests := []struct{ name, expr, want, wantErr string }{
		{name: "base64", expr: "base64.decode(base64.encode('ä', encoding = 'url'), encoding = 'url')", want: `"ä"`},
		{name: "base64 fault", expr: "base64.decode('!')", wantErr: "base64.decode: illegal base64"},
		{name: "csv", expr: "csv.read_all('a;b\\nc;d', comma = ';')", want: `[["a", "b"], ["c", "d"]]`},
		{name: "csv write", expr: "csv.write_all([['a', 1]])", want: `"a,1\n"`},
		{name: "csv of a list", expr: "csv.read_all([])", wantErr: "csv.read_all: got list, want a string"},
		{name: "hash", expr: "hash.sha256('x')[:8]", want: `"2d711642"`},
		{name: "hash fault", expr: "hash.md5(3)", wantErr: "hash.md5: "},
		{name: "json", expr: "json.encode({'b': 1, 'a': [None]})", want: `"{\"a\":[null],\"b\":1}"`},
		{name: "math", expr: "math.floor(2.7)", want: "2"},
		{name: "re", expr: "re.sub('[0-9]+', '#', 'a12b3')", want: `"a#b#"`},
		{name: "re compiled", expr: "re.compile('a(b)').findall('abab')", want: `("ab", "ab")`},
		{name: "re fault", expr: "re.sub('(', '', 'x')", wantErr: "re.sub: error parsing regexp"},
		{name: "re flags", expr: "re.match('a', 'A', flags = 1)", wantErr: "re.match: flags are not supported"},
		{name: "yaml", expr: "yaml.loads('{b: 1, a: {d: x, c: [z]}}')", want: `{"a": {"c": ["z"], "d": "x"}, "b": 1}`},
		{name: "yaml fault", expr: "yaml.loads('a: b: c')", wantErr: "yaml.loads: yaml: mapping values are not allowed"},
		{name: "yaml write", expr: "yaml.dumps(source = {'b': (1,), 'a': None})", want: `"a: null\nb:\n- 1\n"`},
		{name: "yaml write fault", expr: "yaml.dumps({'a': len})", wantErr: `yaml.dumps: at ["a"]: a function (len) is not a value`},
		{name: "yaml write nothing", expr: "yaml.dumps()", wantErr: "yaml.dumps: missing argument"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := eval(t, tt.expr)
			if tt.wantErr != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.wantErr) {
					t.Errorf("got %v, %v, want the error %q", v, err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.String() != tt.want {
				t.Errorf("got %s, want %s", v, tt.want)
			}
		})
	}
}

func TestYAMLIsDeterministic(t *testing.T) {
	first := ""
	for range 20 {
		v, err := eval(t, "yaml.loads('{e: 1, d: 2, c: 3, b: 4, a: 5, 1: 6, true: 7}')")
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = v.String()
		}
		if v.String() != first {
			t.Fatalf("got %s, then %s", first, v)
		}
	}
}

func TestUnknownModule(t *testing.T) {
	for _, file := range []string{"http.star", "time.star", "", "re"} {
		if _, found, err := std.Load(file); found || err != nil {
			t.Errorf("%s: got %v, %v, want none", file, found, err)
		}
	}
}
