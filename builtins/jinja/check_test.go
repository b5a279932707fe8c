package jinja_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
)

func render(t *testing.T, text string) (string, error) {
	t.Helper()
	fsys := fstest.MapFS{
		"list.j2":   {Data: []byte("a={{ [1, nope] }}")},
		"broken.j2": {Data: []byte("{% if %}")},
		"base.j2":   {Data: []byte("{{ [nope] }}{% block b %}{% endblock %}")},
		"macros.j2": {Data: []byte("{% macro m(x) %}{{ [x, nope] }}{% endmacro %}")},
	}
	return jinja.New(fsys, nil).Text(rendering(t, given{
		"l": []any{"a", "b"}, "n": int64(3), "s": "text", "d": map[string]any{"k": "v"},
		"o": (&jinja.Object{Name: "o", Get: func(string) (starlark.Value, bool, error) { return nil, true, errors.New("cannot be read") }}).Value(),
	}), text)
}

// TestNoErrorIsText: whatever fails within a template ends its rendering. An
// engine may print the error, or take it for false, for nothing, or for what default() is for.
func TestNoErrorIsText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an element of a list", `{{ [1, nope] }}`, `"nope" is not defined`},
		{"within lists", `{{ [[1, [nope]]] }}`, `"nope" is not defined`},
		{"of a tuple", `{{ (1, nope) }}`, `"nope" is not defined`},
		{"of a list in a dict", `{{ {"a": [nope]} }}`, `"nope" is not defined`},
		{"a list that was set", `{% set x = [nope] %}{{ x }}`, `"nope" is not defined`},
		{"joined", `{{ [1, nope] | join(",") }}`, `"nope" is not defined`},
		{"made JSON of", `{{ [1, nope] | to_json }}`, `"nope" is not defined`},
		{"an argument in a list", `{{ s | replace("t", [nope] | first) }}`, `"nope" is not defined`},
		{"concatenated", `{{ "a" ~ [nope] }}`, ``},
		{"in a loop", `{% for x in l %}{{ [x, nope] }}{% endfor %}`, `"nope" is not defined`},
		{"in an if", `{% if true %}{{ [nope] }}{% endif %}`, `"nope" is not defined`},
		{"in a macro", `{% macro m() %}{{ [nope] }}{% endmacro %}{{ m() }}`, ``},
		{"in an imported macro", `{% from "macros.j2" import m %}{{ m(1) }}`, ``},
		{"in an included file", `{% include "list.j2" %}`, `"nope" is not defined`},
		{"in what is extended", `{% extends "base.j2" %}{% block b %}{% endblock %}`, `"nope" is not defined`},
		{"in a block", `{% block b %}{{ [nope] }}{% endblock %}`, `"nope" is not defined`},
		{"in a captured block", `{% set x %}{{ [nope] }}{% endset %}{{ x }}`, `"nope" is not defined`},
		{"in a filter block", `{% filter upper %}{{ [nope] }}{% endfilter %}`, `"nope" is not defined`},
		{"in the other branch", `{{ 1 if false else [nope] }}`, `"nope" is not defined`},
		{"in a loop's condition", `{% for x in l if nope %}{{ x }}{% endfor %}`, `"nope" is not defined`},
		{"a filter that is not there, mapped", `{{ l | map("nope") | list }}`, `there is no filter "nope"`},
		{"a filter that fails, mapped", `{{ ["YWJ"] | map("b64decode") | list }}`, `the text is no base64`},
		{"a filter that fails, with a default", `{{ "YWJ" | b64decode | default("x") }}`, `the text is no base64`},
		{"a filter that fails, in a list", `{{ ["YWJ" | b64decode] }}`, `the text is no base64`},
		{"a filter that fails, in a condition", `{% for x in ["YWJ"] if x | b64decode %}{{ x }}{% endfor %}`, `the text is no base64`},
		{"a test that is not there, in select", `{{ l | select("nope") | list }}`, `there is no test "nope"`},
		{"in reject", `{{ l | reject("nope") | list }}`, `there is no test "nope"`},
		{"in selectattr", `{{ [d] | selectattr("k", "nope") | list }}`, `there is no test "nope"`},
		{"in rejectattr", `{{ [d] | rejectattr("k", "nope") | list }}`, `there is no test "nope"`},
		{"an attribute that cannot be read", `{{ o.x | default("x") }}`, `cannot be read`},
		{"in a list", `{{ [o.x] }}`, `cannot be read`},
		{"a broken file that may be missing", `{% include "broken.j2" ignore missing %}`, `broken.j2`},
		{"a negative number of times", `{{ "a" * -1 }}`, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := render(t, test.text)
			if strings.Contains(got, "Value>") || strings.Contains(got, "rror") {
				t.Errorf("an error became text: %q", got)
			}
			if test.name == "a negative number of times" {
				if got != "" || err != nil {
					t.Errorf("got %q, %v, want nothing", got, err)
				}
				return
			}
			if _, ok := errors.AsType[*jinja.Error](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v, want an error with %q", got, err, test.want)
			}
		})
	}
}

// TestWhatMayBeUndefined: the guards leave alone what Jinja lets templates ask.
func TestWhatMayBeUndefined(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{{ nope | default("x") }}`, "x"},
		{`{{ nope | d("x") }}`, "x"},
		{`{{ d.nope | default("x") }}`, "x"},
		{`{{ d["nope"] | default("x") }}`, "x"},
		{`{% if nope is defined %}a{% else %}b{% endif %}`, "b"},
		{`{% if nope is undefined %}a{% endif %}`, "a"},
		{`{% if d.k is defined and d.k == "v" %}a{% endif %}`, "a"},
		{`{{ [d, {"j": 1}] | selectattr("k", "defined") | list | length }}`, "1"},
		{`{{ (nope | default([])) + [1] }}`, "[1]"},
		{`{{ "ab" * 2 }}{{ n * 2 }}{{ n * n * n }}`, "abab627"},
		{`{% for x in l if x != "a" %}{{ x }}{% endfor %}`, "b"},
		{`{% for x in l %}{% if loop.first %}{% continue %}{% endif %}{{ x }}{% endfor %}`, "b"},
		{`{% for x in [[[["a"]]]] recursive %}{% if x is string %}{{ x }}{% else %}{{ loop(x) }}{% endif %}{% endfor %}`, "a"},
		{`{% include "none.j2" ignore missing %}x`, "x"},
		{`{% macro m(x, y="z") %}{{ x }}{{ y }}{% endmacro %}{{ m(1) }}`, "1z"},
	}
	for _, test := range tests {
		if got, err := render(t, test.text); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}

// TestTemplatesWithoutEnd: a rendering ends by its limits.
func TestTemplatesWithoutEnd(t *testing.T) {
	const many = `{% for a in range(100000) %}{% for b in range(1000) %}`
	tests := []struct{ name, text, want string }{
		{"loops that do nothing", many + `{% endfor %}{% endfor %}`, "takes too long"},
		{"loops that set", many + `{% set x = 1 %}{% endfor %}{% endfor %}`, "takes too long"},
		{"loops that test", many + `{% if x is defined %}{% endif %}{% endfor %}{% endfor %}`, "takes too long"},
		{"loops with conditions", `{% for a in range(100000) %}{% for b in range(1000) if b < 0 %}{% endfor %}{% endfor %}`, "takes too long"},
		{"output", many + `{{ "0" * 10000 }}{% endfor %}{% endfor %}`, "the result is larger than 16 MiB"},
		{"captured output", `{% set x %}` + many + strings.Repeat("0123456789", 100) + `{% endfor %}{% endfor %}{% endset %}`, "the result is larger than 16 MiB"},
		{"captured expressions", `{% set x %}` + many + `{{ s * 100000 }}{% endfor %}{% endfor %}{% endset %}`, "the result is larger than 16 MiB"},
		{"a text repeated", `{{ "x" * 2000000000 }}`, "the text would take more than 16 MiB"},
		{"a text repeated twice", `{{ "x" * 100000 * 100000 }}`, "the text would take more than 16 MiB"},
		{"a text repeated, in a condition", `{% if "x" * 2000000000 %}{% endif %}`, "the text would take more than 16 MiB"},
		{"a text repeated, set", `{% set x = "x" * 2000000000 %}`, "the text would take more than 16 MiB"},
		{"a text doubled", `{% set ns = namespace(s="0123456789") %}{% for a in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`, "the text would take more than 16 MiB"},
		{"a list doubled", `{% set ns = namespace(s=[1]) %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}`, "a list would have more than 1000000 elements"},
		{"made wide", `{{ "x" | center(2000000000) }}`, "center: the text would take more than 16 MiB"},
		{"a loop in itself", `{% for x in l recursive %}{{ loop(l) }}{% endfor %}`, "are within each other"},
		{"a file in itself", `{% include "itself.j2" %}`, "are within each other"},
		{"a power", `{{ 9 ** (9 ** 9) }}`, "the number would have more than"},
		{"a range", `{{ range(1000000000) | length }}`, "range() of more than 1000000 numbers"},
		{"a wide number", `{{ "%1000000000d" % 1 }}`, "the text would take more than 16 MiB"},
		{"a number with many digits", `{{ "{:.1000000000f}".format(1.5) }}`, "the text would take more than 16 MiB"},
		{"a text replaced", `{{ ("a" * 1000000).replace("a", "b" * 1000000) }}`, "the text would take more than 16 MiB"},
		{"a text joined", `{{ ("a" * 1000000).join(["a"] * 1000000) }}`, "the text would take more than 16 MiB"},
		{"tabs", `{{ "\t".expandtabs(1000000000) }}`, "the text would take more than 16 MiB"},
		{"indented", `{{ ("a\n" * 1000000) | indent(1000000) }}`, "the text would take more than 16 MiB"},
		{"a list repeated", `{{ [0] * 1000000000 }}`, "a list would have more than 1000000 elements"},
		{"a text as a list", `{{ ("a" * 2000000) | list | length }}`, "a list would have more than 1000000 elements"},
		{"filled", `{{ [1] | batch(1000000000, "x") | list }}`, "a list would have more than 1000000 elements"},
		{"combined", `{{ range(1000) | product(repeat=3) | list }}`, "the result would have 1000000000 elements"},
		{"permuted", `{{ range(12) | permutations | list }}`, "the result would have 479001600 elements"},
		{"a word broken into lines of a letter", `{{ ("a" * 1000000) | wordwrap(1) }}`, "more steps than a rendering may"},
		{"values without a hash, compared", `{{ range(50000) | batch(1) | list | difference(range(50000, 100000) | batch(1) | list) }}`, "more steps than a rendering may"},
		{"a password", `{{ "x" | password_hash("bcrypt", "abcdefghijklmnopqrstuu", rounds=31) }}`, "more steps than a rendering may"},
		{"a pattern that backtracks", `{{ (s * 40 ~ "!") | regex_search("(x+)+$") }}`, "takes too long on this text"},
		{"a macro in itself", `{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}`, "are within each other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := jinja.New(fstest.MapFS{"itself.j2": {Data: []byte(`{% include "itself.j2" %}`)}}, nil)
			r := rendering(t, given{"l": []any{int64(1)}, "s": "x"})
			r.Limit = 10 * time.Minute // another limit comes first
			if test.want == "takes too long" {
				r.Limit = 500 * time.Millisecond
			}
			if strings.HasPrefix(test.want, "more steps") {
				r.Steps, r.MaxSteps = new(uint64), 2_000_000
			}
			got, err := set.Text(r, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d bytes, %v, want %q", len(got), err, test.want)
			}
		})
	}
}

// TestInterruptedTemplate: a rendering ends with its context, and says why.
func TestInterruptedTemplate(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("told so")) })
	_, err := jinja.New(fstest.MapFS{}, nil).Text(jinja.Rendering{Context: ctx, Vars: jinja.Dict(starlark.NewDict(0))}, `{% for a in range(100000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}`)
	if err == nil || !strings.Contains(err.Error(), "told so") {
		t.Errorf("got %v", err)
	}
}

// TestInterruptedRegularExpression: a match that does not end is left when the rendering is to end, long before its own
// time limit.
func TestInterruptedRegularExpression(t *testing.T) {
	render := func(ctx context.Context) (time.Duration, error) {
		begin := time.Now()
		_, err := jinja.New(fstest.MapFS{}, nil).Text(jinja.Rendering{Context: ctx, Vars: jinja.Dict(starlark.NewDict(0))}, `{{ ("a" * 40 ~ "!") | regex_search("(a+)+$") }}`)
		return time.Since(begin), err
	}
	whole, err := render(t.Context())
	if err == nil || !strings.Contains(err.Error(), "takes too long on this text") {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(whole/20, func() { cancel(errors.New("told so")) })
	ended, err := render(ctx)
	if err == nil || !strings.Contains(err.Error(), "told so") || ended > whole/2 {
		t.Errorf("after %v of %v: %v", ended, whole, err)
	}
}

// TestRenderingLeftBehind: a rendering that is at work between two steps is not waited for when it is to end, and reads
// no more variables.
func TestRenderingLeftBehind(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	held, read := make(chan struct{}), make(chan struct{})
	busy := (&jinja.Object{Name: "busy", Get: func(string) (starlark.Value, bool, error) {
		cancel(errors.New("told so"))
		<-held
		return starlark.None, true, nil
	}}).Value()
	vars := variablesOf(func(name string) starlark.Value {
		if name == "next" {
			close(read)
		}
		return busy
	})
	_, err := jinja.New(fstest.MapFS{}, nil).Text(jinja.Rendering{Context: ctx, Vars: vars}, `{{ busy.x }}{{ next }}`)
	if err == nil || !strings.Contains(err.Error(), "told so") {
		t.Errorf("got %v", err)
	}
	close(held)
	select {
	case <-read:
		t.Error("the rendering goes on reading variables")
	case <-time.After(100 * time.Millisecond):
	}
}

// variablesOf are variables that a function gives.
type variablesOf func(name string) starlark.Value

func (v variablesOf) Variable(name string) (starlark.Value, bool, error) { return v(name), true, nil }
func (v variablesOf) Names() []string                                    { return nil }
