package jinja_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
)

func vars() given {
	same := starlark.NewDict(3)
	for i, name := range []string{"b", "B", "a"} {
		if err := same.SetKey(starlark.String(name), starlark.MakeInt(i+1)); err != nil {
			panic(err)
		}
	}
	return given{
		"d": dict("x", 1, "y", "two", "B", true), "l": []any{int64(1), "b", nil}, "n": int64(4), "f": 1.5, "t": true, "no": nil,
		"same": same,
		"o": (&jinja.Object{
			Name: "thing",
			Text: func() (string, error) { return "an object", nil },
			Get: func(name string) (starlark.Value, bool, error) {
				switch name {
				case "name":
					return starlark.String("web1"), true, nil
				case "broken":
					return nil, false, errors.New("cannot be read")
				}
				return nil, false, nil
			},
		}).Value(),
	}
}

// dict is a dict in the order in which it is written.
func dict(pairs ...any) *starlark.Dict {
	d := starlark.NewDict(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		v := starlark.Value(starlark.None)
		switch x := pairs[i+1].(type) {
		case int:
			v = starlark.MakeInt(x)
		case string:
			v = starlark.String(x)
		case bool:
			v = starlark.Bool(x)
		}
		if err := d.SetKey(starlark.String(pairs[i].(string)), v); err != nil {
			panic(err)
		}
	}
	return d
}

func TestText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"variables", "{{ n + 1 }} {{ f }} {{ t }} {{ d.x }} {{ d['y'] }} {{ l[1] }}", "5 1.5 True 1 two b"},
		{"a newline at the end stays", "x\n", "x\n"},
		{"blocks eat the newline after them, not the space before", "a\n  {% if t %}\n  b\n  {% endif %}\nc\n", "a\n    b\n  c\n"},
		{"minus eats both, but for the end", "a {%- for x in l -%} {{ x }} {%- endfor -%}\n b\n", "a1bb\n"},
		{"newlines at the end stay even then", "{%- for x in l -%} {{ x }} {%- endfor -%}\n", "1b\n"},
		{"nothing is escaped", "{{ '<&>' }}", "<&>"},
		{"dicts keep their order", "{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}{% for k in d %}{{ k }}{% endfor %}", "x=1 y=two B=True xyB"},
		{"names that differ in case only", "{% for k in same %}{{ k }}{% endfor %}", "bBa"},
		{"else of a loop", "{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "none"},
		{"loop", "{% for i in l %}{{ loop.index }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2,3"},
		{"range", "{{ range(3) | join(',') }} {{ range(4, 0, -2) | join(',') }} {{ range(1, 3) | length }}", "0,1,2 4,2 2"},
		{"default", "{{ nope | default('q') }} {{ d.nope | default('r') }} {{ nope is defined }} {{ n is defined }}", "q r False True"},
		{"set and macro", "{% set y = 3 %}{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(y) }}", "32"},
		{"recursion that ends", "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "3210"},
		{"objects", "{{ o.name }} {{ o['name'] }} {{ o }} {{ o.nope | default('x') }}", "web1 web1 an object x"},
		{"json", "{{ d | to_json }} {{ l | tojson }} {{ {'a': 1} | to_nice_json }}", "{\"x\": 1, \"y\": \"two\", \"B\": true} [1, \"b\", null] {\n    \"a\": 1\n}"},
		{"yaml", "{{ {'b': [1], 'a': 'x'} | to_yaml }}", "a: x\nb: [1]\n"},
		{"base64", "{{ 'abc' | b64encode }} {{ 'YWJj' | b64decode }}", "YWJj abc"},
		{"quote", "{{ 'a-b' | quote }} {{ 'a b' | quote }} {{ \"it's\" | quote }} {{ '' | quote }}", `a-b 'a b' 'it'"'"'s' ''`},
		{"regex_replace", `{{ 'x12' | regex_replace('([a-z])([0-9]+)', '\\2-\\g<1>$1') }}`, "12-x$1"},
		{"hash", "{{ 'x' | hash }} {{ 'x' | hash('md5') }} {{ ('x' | hash('sha256'))[:8] }}", "11f6ad8ec52a2984abaafd7c3b516503785c2072 9dd4e461268c8034f5c8564e155c67a6 2d711642"},
		{"bool and ternary", "{{ 'yes' | bool }} {{ 0 | bool }} {{ t | ternary('a', 'b') }} {{ (n > 5) | ternary('a', 'b') }}", "True False a b"},
		{"paths", "{{ '/a/b.c' | basename }} {{ '/a/b.c' | dirname }}", "b.c /a"},
		{"items", "{% for k, v in d | items %}{{ k }}{% endfor %} {{ dict(b=1, a=2) | to_json }}", "xyB {\"b\": 1, \"a\": 2}"},
		{"cycler", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"},
	}
	set := jinja.New(fstest.MapFS{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 { // a parsed template gives the same each time
				got, err := set.Text(rendering(t, vars()), tt.text)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("text (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTextErrors(t *testing.T) {
	tests := []struct {
		name, text, want string
		line             int
	}{
		{"undefined", "a\n{{ nope }}", `"nope" is not defined`, 2},
		{"undefined below", "{{ a.b.c }}", `"a" is not defined`, 1},
		{"undefined in a condition", "\n{% if nope %}x{% endif %}", `"nope" is not defined`, 2},
		{"missing key", "{{ d.zip }}", `'dict object' has no attribute 'zip'`, 1},
		{"missing index", "{{ l[9] }}", `'list object' has no element 9`, 1},
		{"missing attribute", "\n\n{{ o.zip }}", `'thing object' has no attribute 'zip'`, 3},
		{"an attribute's error", "{{ o.broken }}", "cannot be read", 1},
		{"filter", "{{ 'a' | nofilter }}", `there is no filter "nofilter"`, 1},
		{"test", "{{ n is notest }}", `there is no test "notest"`, 1},
		{"syntax", "a\n\n{{ n + }}", "expected an expression", 3},
		{"unclosed", "a\n{% if t %}\nb", "endif", 0},
		{"random", "{{ [1, 2] | random }}", "random", 1},
		{"no lipsum", "{{ lipsum() }}", `there is no function "lipsum": it gives something else each time`, 1},
		{"range without end", "{{ range(2000000) }}", "range() of more than 1000000 numbers", 1},
		{"range by nothing", "{{ range(1, 2, 0) }}", "range() arg 3 must not be zero", 1},
		{"range of text", "{{ range('x') }}", "'str' object cannot be interpreted as an integer", 1},
		{"macro without end", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "are within each other", 1},
		{"block without end", "{% block b %}{{ self.b() }}{% endblock %}", "are within each other", 1},
		{"an error that self passes over", "{% block b %}{% if nope %}{% endif %}{% endblock %}", `"nope" is not defined`, 1},
		{"too much text", "{% for a in range(10000) %}{% for b in range(10000) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}", "the result is larger than 16 MiB", 1},
		{"environment", "{{ env.HOME }}", `"env" is not defined`, 1},
		{"decode", "{{ 'YWJ' | b64decode }}", "the text is no base64", 1},
		{"hash", "{{ 'x' | hash('crc') }}", "hashtype is md5, sha1, sha224, sha256, sha384 or sha512, not crc", 1},
		{"ternary", "{{ t | ternary('a') }}", "ternary() needs the argument 'false_val'", 1},
		{"pattern", "{{ 'x' | regex_replace('(', '') }}", "missing ), unterminated subpattern", 1},
		{"keyword", "{{ 'x' | quote(style='x') }}", "quote() takes no argument 'style'", 1},
	}
	set := jinja.New(fstest.MapFS{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := set.Text(rendering(t, vars()), tt.text)
			e, ok := errors.AsType[*jinja.Error](err)
			if !ok {
				t.Fatalf("got %q, %v, want a *jinja.Error", out, err)
			}
			if !strings.Contains(e.Message, tt.want) || tt.line > 0 && e.Line != tt.line || e.File != "text" {
				t.Errorf("got %s:%d: %s, want line %d: %s", e.File, e.Line, e.Message, tt.line, tt.want)
			}
			if strings.ContainsAny(e.Message, "\n") {
				t.Errorf("the message %q has several lines", e.Message)
			}
		})
	}
}

func workspace() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"a/x.j2":      "{{ n }}\n{% include 'y.j2' %}\n{% include '//z.j2' %}\n",
		"a/y.j2":      "y\n",
		"z.j2":        "z\n",
		"a/bad.j2":    "\n{% include 'undef.j2' %}\n",
		"a/undef.j2":  "1\n2 {{ nope }}\n",
		"a/self.j2":   "{% include 'self.j2' %}\n",
		"a/loop.j2":   "{% extends 'loop.j2' %}\n",
		"a/out.j2":    "x\n{% include '../../etc/passwd' %}\n",
		"a/miss.j2":   "{% include 'nix.j2' %}\n",
		"a/opt.j2":    "{% include 'nix.j2' ignore missing %}ok\n",
		"a/base.j2":   "<{% block b %}base{% endblock %}>\n",
		"a/ext.j2":    "{% extends 'base.j2' %}{% block b %}sub {{ super() }}{% endblock %}\n",
		"a/badb.j2":   "{% block b %}{{ nope }}{% endblock %}",
		"a/badext.j2": "{% extends 'badb.j2' %}{% block b %}{{ super() }}{% endblock %}\n",
		"a/macros.j2": "{% macro m(x) %}[{{ x }}]{% endmacro %}",
		"a/use.j2":    "{% from 'macros.j2' import m %}{{ m(n) }}",
		"a/dyn.j2":    "{% include name %}",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestFile(t *testing.T) {
	tests := []struct{ name, file, want, wantErr string }{
		{name: "includes", file: "a/x.j2", want: "4\nyz\n"},
		{name: "inheritance", file: "a/ext.j2", want: "<sub base>\n"},
		{name: "import", file: "a/use.j2", want: "[4]"},
		{name: "include that may be missing", file: "a/opt.j2", want: "ok\n"},
		{name: "include of a variable", file: "a/dyn.j2", want: "y"},
		{name: "an error in an included file", file: "a/bad.j2", wantErr: `a/undef.j2:2:3: "nope" is not defined; include a/undef.j2 at a/bad.j2:2:1`},
		{name: "an error below super", file: "a/badext.j2", wantErr: `a/badb.j2:1:14: "nope" is not defined; super at a/badext.j2:1:45`},
		{name: "a file that includes itself", file: "a/self.j2", wantErr: "are within each other"},
		{name: "a file that extends itself", file: "a/loop.j2", wantErr: "are within each other"},
		{name: "out of the workspace", file: "a/out.j2", wantErr: `a/out.j2:2:1: there is no template "../../etc/passwd": etc/passwd does not exist`},
		{name: "missing include", file: "a/miss.j2", wantErr: `a/miss.j2:1:1: there is no template "nix.j2": none of a/templates/nix.j2, a/nix.j2 exists`},
		{name: "missing file", file: "a/none.j2", wantErr: "a/none.j2: open a/none.j2: file does not exist"},
	}
	set := jinja.New(workspace(), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := set.File(rendering(t, given{"n": int64(4), "name": "y.j2"}), tt.file)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("got %q, %v, want the error %q", got, err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := jinja.New(workspace(), nil).File(rendering(t, nil), "nope.j2")
	if e, ok := errors.AsType[*jinja.Error](err); !ok || e.Missing == nil {
		t.Errorf("got %v, want Missing to be set", err)
	}
}

// TestReadIsToldOfEachFile renders in parallel, for the race detector as well.
func TestReadIsToldOfEachFile(t *testing.T) {
	var mu sync.Mutex
	read := map[string]string{}
	set := jinja.New(workspace(), func(path string, content []byte) {
		mu.Lock()
		defer mu.Unlock()
		read[path] = string(content)
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, file := range []string{"a/x.j2", "a/ext.j2", "a/use.j2"} {
				if _, err := set.File(rendering(t, given{"n": int64(4)}), file); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for name, text := range map[string]string{"a/y.j2": "y\n", "z.j2": "z\n", "a/macros.j2": "{% macro m(x) %}[{{ x }}]{% endmacro %}"} {
		if read[name] != text {
			t.Errorf("%s: told %q, want %q", name, read[name], text)
		}
	}
	if len(read) != 7 {
		t.Errorf("told of %d files, want 7: %v", len(read), read)
	}
}

func TestPreload(t *testing.T) {
	read := map[string]bool{}
	set := jinja.New(workspace(), func(path string, _ []byte) { read[path] = true })
	set.Preload("a/x.j2")
	set.Preload("a/self.j2")
	set.Preload("a/miss.j2")
	set.Preload("nope.j2")
	want := map[string]bool{"a/x.j2": true, "a/y.j2": true, "z.j2": true, "a/self.j2": true, "a/miss.j2": true}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// FuzzText looks for templates that end the process or break the form of errors.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"", "{{", "{% for x in l %}{{ x }}{% endfor %}", "{{ d | dictsort }}", "{{ o.name }}", "{% include 'a' %}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"{{ 'x' | center(9) }}", "{{ l | batch(2) | list }}", "{# c #}", "{% raw %}{{{% endraw %}", "{{ n // 0 }}", "{{ n % 0 }}", "{% extends '/' %}",
	} {
		f.Add(seed)
	}
	set := jinja.New(workspace(), nil)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			t.Skip("long ones take long and show no more")
		}
		r := rendering(t, vars())
		r.Limit = 5 * time.Second
		_, err := set.Text(r, text)
		if _, ok := errors.AsType[*jinja.Error](err); err != nil && !ok {
			t.Errorf("got %T, want a *jinja.Error: %v", err, err)
		}
		if err != nil && strings.Contains(err.Error(), "the template engine failed") {
			t.Error(err)
		}
	})
}

// counted counts how often each variable is read.
type counted struct {
	jinja.Variables
	reads map[string]int
}

func (c counted) Variable(name string) (starlark.Value, bool, error) {
	c.reads[name]++
	return c.Variables.Variable(name)
}

// TestVariablesAreReadOnce: a loop does not make a list anew at each turn, unless the template may change it. Then each
// part of the template has its own, as in Ansible.
func TestVariablesAreReadOnce(t *testing.T) {
	tests := []struct {
		name, text string
		want       int
	}{
		{"elements by index", `{% for i in range(5) %}{{ l[i] }}{% endfor %}`, 1},
		{"a method that reads", `{% for i in range(5) %}{{ l.index(2) }}{% endfor %}`, 1},
		{"a macro", `{% macro m(i) %}{{ l[i] }}{% endmacro %}{% for i in range(5) %}{{ m(i) }}{% endfor %}`, 1},
		{"a method that changes", `{% for i in range(5) %}{{ l.pop() }}{% endfor %}`, 5},
		{"by its name", `{% for i in range(5) %}{{ l['pop']() }}{% endfor %}`, 5},
		{"by a name that is put together", `{% set n = 'po' %}{% for i in range(5) %}{% set f = l[n ~ 'p'] %}{{ f() }}{% endfor %}`, 5},
		{"by a filter", `{% for i in range(5) %}{{ (l | attr('p' ~ 'op'))() }}{% endfor %}`, 5},
		{"handed to a macro", `{% macro m(f) %}{{ f() }}{% endmacro %}{% for i in range(5) %}{{ m(l[n]) }}{% endfor %}`, 5},
	}
	set := jinja.New(fstest.MapFS{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rendering(t, given{"l": []any{int64(0), int64(1), int64(2), int64(3), int64(4)}, "n": "pop"})
			reads := map[string]int{}
			r.Vars = counted{r.Vars, reads}
			if _, err := set.Text(r, tt.text); err != nil {
				t.Fatal(err)
			}
			if reads["l"] != tt.want {
				t.Errorf("read %d times, want %d", reads["l"], tt.want)
			}
		})
	}
}

// TestBehindExtends: what a template includes or calls behind extends is written, before its parent, as in Jinja; what it
// prints itself is not.
func TestBehindExtends(t *testing.T) {
	set := jinja.New(fstest.MapFS{"base.j2": {Data: []byte("B")}, "f.j2": {Data: []byte("F")}}, nil)
	for text, want := range map[string]string{
		"{% extends 'base.j2' %}x{% include 'f.j2' %}{{ 1 }}":                                                      "FB",
		"{% extends 'base.j2' %}{% for x in [1, 2] %}{{ x }}{% include 'f.j2' %}{% endfor %}":                      "FFB",
		"{% extends 'base.j2' %}{% macro m() %}m{{ caller() }}{% endmacro %}{% call m() %}c{% endcall %}":          "mcB",
		"{% extends 'base.j2' %}{% filter upper %}c{% endfilter %}{% for x in [1] recursive %}{{ x }}{% endfor %}": "B",
	} {
		if got, err := set.Text(rendering(t, nil), text); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}
