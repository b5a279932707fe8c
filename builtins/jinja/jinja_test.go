package jinja_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/builtins/jinja"
)

func vars() map[string]any {
	return map[string]any{
		"d": map[string]any{"x": 1, "y": "two", "B": true}, "l": []any{1, "b", nil}, "n": 4, "f": 1.5, "t": true, "none": nil,
		"same": jinja.Dict([]jinja.Pair{{Key: "b", Value: 1}, {Key: "B", Value: 2}, {Key: "a", Value: 3}}),
		"o": &jinja.Object{
			Text: func() string { return "an object" },
			Get: func(name string) (any, bool, error) {
				switch name {
				case "name":
					return "web1", true, nil
				case "broken":
					return nil, false, errors.New("cannot be read")
				}
				return nil, false, nil
			},
		},
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"variables", "{{ n + 1 }} {{ f }} {{ t }} {{ d.x }} {{ d['y'] }} {{ l[1] }}", "5 1.5 True 1 two b"},
		{"a newline at the end stays", "x\n", "x\n"},
		{"blocks eat the newline after them, not the space before", "a\n  {% if t %}\n  b\n  {% endif %}\nc\n", "a\n    b\n  c\n"},
		{"minus eats both", "{%- for x in l -%} {{ x }} {%- endfor -%}\n", "1b"},
		{"nothing is escaped", "{{ '<&>' }}", "<&>"},
		{"dicts go in sorted order", "{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}{% for k in d %}{{ k }}{% endfor %}", "B=True x=1 y=two Bxy"},
		{"names that differ in case only", "{% for k in same %}{{ k }}{% endfor %}", "bBa"},
		{"else of a loop", "{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "none"},
		{"loop", "{% for i in l %}{{ loop.index }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2,3"},
		{"range", "{{ range(3) | join(',') }} {{ range(4, 0, -2) | join(',') }} {{ range(1, 3) | length }}", "0,1,2 4,2 2"},
		{"default", "{{ nope | default('q') }} {{ d.nope | default('r') }} {{ nope is defined }} {{ n is defined }}", "q r False True"},
		{"set and macro", "{% set y = 3 %}{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(y) }}", "32"},
		{"recursion that ends", "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "3210"},
		{"objects", "{{ o.name }} {{ o['name'] }} {{ o }} {{ o.nope | default('x') }}", "web1 web1 an object x"},
		{"json", "{{ d | to_json }} {{ l | tojson }} {{ {'a': 1} | to_nice_json }}", "{\"B\":true,\"x\":1,\"y\":\"two\"} [1,\"b\",null] {\n    \"a\": 1\n}"},
		{"yaml", "{{ {'b': [1], 'a': 'x'} | to_yaml }}", "a: x\nb:\n- 1\n"},
		{"base64", "{{ 'abc' | b64encode }} {{ 'YWJj' | b64decode }}", "YWJj abc"},
		{"quote", "{{ 'a-b' | quote }} {{ 'a b' | quote }} {{ \"it's\" | quote }} {{ '' | quote }}", `a-b 'a b' 'it'"'"'s' ''`},
		{"regex_replace", `{{ 'x12' | regex_replace('([a-z])([0-9]+)', '\\2-\\g<1>$1') }}`, "12-x$1"},
		{"hash", "{{ 'x' | hash }} {{ 'x' | hash('md5') }} {{ ('x' | hash('sha256'))[:8] }}", "11f6ad8ec52a2984abaafd7c3b516503785c2072 9dd4e461268c8034f5c8564e155c67a6 2d711642"},
		{"bool and ternary", "{{ 'yes' | bool }} {{ 0 | bool }} {{ t | ternary('a', 'b') }} {{ (n > 5) | ternary('a', 'b') }}", "True False a b"},
		{"paths", "{{ '/a/b.c' | basename }} {{ '/a/b.c' | dirname }}", "b.c /a"},
		{"items", "{% for k, v in d | items %}{{ k }}{% endfor %} {{ dict(b=1, a=2) | to_json }}", "Bxy {\"a\":2,\"b\":1}"},
		{"cycler", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"},
	}
	set := jinja.New(fstest.MapFS{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 { // a parsed template gives the same each time
				got, err := set.Text(t.Context(), tt.text, vars())
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
		{"missing key", "{{ d.zip }}", `"zip" is not defined in d.zip`, 1},
		{"missing index", "{{ l[9] }}", `"9" is not defined in l[9]`, 1},
		{"missing attribute", "\n\n{{ o.zip }}", `"zip" is not defined in o.zip`, 3},
		{"an attribute's error", "{{ o.broken }}", "cannot be read", 1},
		{"filter", "{{ 'a' | nofilter }}", `there is no filter "nofilter"`, 1},
		{"test", "{{ n is notest }}", `there is no test "notest"`, 1},
		{"syntax", "a\n\n{{ n + }}", "expected either a number", 3},
		{"unclosed", "{% if t %}", "", 0},
		{"random", "{{ [1, 2] | random }}", "random is left out", 1},
		{"no lipsum", "{{ lipsum() }}", "lipsum is not callable", 1},
		{"range without end", "{{ range(2000000) }}", "range gives more than 100000 numbers", 1},
		{"range by nothing", "{{ range(1, 2, 0) }}", "range takes no step of 0", 1},
		{"range of text", "{{ range('x') }}", "range takes numbers", 1},
		{"macro without end", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "call each other more than 50 levels deep", 0},
		{"block without end", "{% block b %}{{ self.b() }}{% endblock %}", "call each other more than 50 levels deep", 0},
		{"an error that self passes over", "{% block b %}{% if nope %}{% endif %}{% endblock %}", `"nope" is not defined`, 1},
		{"too much text", "{% for a in range(10000) %}{% for b in range(10000) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}", "larger than 16777216 bytes", 0},
		{"environment", "{{ env.HOME }}", `"env" is not defined`, 1},
		{"decode", "{{ '!!' | b64decode }}", "illegal base64", 1},
		{"hash", "{{ 'x' | hash('crc') }}", `there is no hash "crc"`, 1},
		{"ternary", "{{ t | ternary('a') }}", "ternary takes two arguments", 1},
		{"pattern", "{{ 'x' | regex_replace('(', '') }}", "error parsing regexp", 1},
		{"keyword", "{{ 'x' | quote(style='x') }}", `the filter takes no argument "style"`, 1},
	}
	set := jinja.New(fstest.MapFS{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := set.Text(t.Context(), tt.text, vars())
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
		{name: "includes", file: "a/x.j2", want: "4\ny\nz\n"},
		{name: "inheritance", file: "a/ext.j2", want: "<sub base>\n"},
		{name: "import", file: "a/use.j2", want: "[4]"},
		{name: "include that may be missing", file: "a/opt.j2", want: "ok\n"},
		{name: "include of a variable", file: "a/dyn.j2", want: "y\n"},
		{name: "an error in an included file", file: "a/bad.j2", wantErr: `a/undef.j2:2: "nope" is not defined`},
		{name: "an error below super", file: "a/badext.j2", wantErr: `a/badext.j2: "nope" is not defined`},
		{name: "a file that includes itself", file: "a/self.j2", wantErr: "more than 50 levels deep"},
		{name: "a file that extends itself", file: "a/loop.j2", wantErr: "more than 50 levels deep"},
		{name: "out of the workspace", file: "a/out.j2", wantErr: `a/out.j2:2: "../etc/passwd" leads out of the workspace`},
		{name: "missing include", file: "a/miss.j2", wantErr: "a/nix.j2: open a/nix.j2: file does not exist"},
		{name: "missing file", file: "a/none.j2", wantErr: "a/none.j2: open a/none.j2: file does not exist"},
	}
	set := jinja.New(workspace(), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := set.File(t.Context(), tt.file, map[string]any{"n": 4, "name": "y.j2"})
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
	_, err := jinja.New(workspace(), nil).File(t.Context(), "nope.j2", nil)
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
				if _, err := set.File(t.Context(), file, map[string]any{"n": 4}); err != nil {
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
		if len(text) > 200 || strings.ContainsAny(text, "*0123456789") && strings.Contains(text, "99") {
			t.Skip("work is bounded by the text's own numbers only")
		}
		_, err := set.Text(t.Context(), text, vars())
		if _, ok := errors.AsType[*jinja.Error](err); err != nil && !ok {
			t.Errorf("got %T, want a *jinja.Error: %v", err, err)
		}
	})
}
