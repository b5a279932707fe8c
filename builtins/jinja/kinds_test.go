package jinja_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

// silent are the kinds of templates that an engine may render differently without a word, or must refuse though Ansible
// renders them: several members of each. The texts are Ansible's.
var silent = []struct {
	kind  string
	cases []member
}{
	{"changes to lists and dicts in loops and macros stay", []member{
		{"{% set o = [] %}{% for x in l %}{% set _ = o.append(x ~ '!') %}{% endfor %}{{ o | join(',') }}", "3!,1!,2!"},
		{"{% set o = {} %}{% for x in l %}{% set _ = o.update({x: loop.index}) %}{% endfor %}{{ o }}", "{3: 1, 1: 2, 2: 3}"},
		{"{% set o = [1, 2, 3] %}{% for x in l %}{% if o.pop() %}{% endif %}{% endfor %}{{ o }}", "[]"},
		{"{% set o = [] %}{% macro add(v) %}{% set _ = o.insert(0, v) %}{% endmacro %}{{ add(1) }}{{ add(2) }}{{ o }}", "[2, 1]"},
		{"{% set o = {'n': []} %}{% for x in l %}{% do o.n.extend([x, x]) %}{% endfor %}{{ o.n | length }}", "6"},
		{"{% set o = {} %}{% for x in ['a', 'b', 'a'] %}{% set _ = o.setdefault(x, []).append(loop.index) %}{% endfor %}{{ o }}", "{'a': [1, 3], 'b': [2]}"},
		{"{% set o = l %}{% do o.sort() %}{{ l }}", "[1, 2, 3]"},
		{"{% set a = 1 %}{% for x in l %}{% set a = x %}{% endfor %}{{ a }}", "1"},
		{"{% set ns = namespace(a=1) %}{% for x in l %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}", "7"},
	}},
	{"order is kept", []member{
		{"{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "z=1;a=two;m=[3];"},
		{"{{ d.keys() | list }}{{ d.values() | list }}{{ d }}", "['z', 'a', 'm'][1, 'two', [3]]{'z': 1, 'a': 'two', 'm': [3]}"},
		{"{{ d | to_json }}{{ dict(b=1, a=2) }}{{ d | dict2items | map(attribute='key') | join }}", `{"z": 1, "a": "two", "m": [3]}{'b': 1, 'a': 2}zam`},
		{"{{ l | reverse | list }}{{ ['c', 'a', 'b'] | reverse | join }}{{ d | list }}", "[2, 1, 3]bac['z', 'a', 'm']"},
		{"{{ {'b': 1} | combine({'c': 2, 'a': 3}, {'b': 4}) }}{{ l | unique }}{{ l | union([9, 1]) }}", "{'b': 4, 'c': 2, 'a': 3}[3, 1, 2][3, 1, 2, 9]"},
		{"{{ (d | items2dict) if false else d | dictsort | first | first }}{{ '{\"q\": 1, \"b\": 2}' | from_json }}", "a{'q': 1, 'b': 2}"},
	}},
	{"newlines at the end and around tags", []member{
		{"a {% if false %}b{% endif %}\n", "a \n"},
		{"a {% if true %}b{% else %}c{% endif %}\n\n", "a b\n\n"},
		{"{% if true %}\nx\n{% endif %}\ny", "x\ny"},
		{"  {% if true %}\n  x\n  {% endif %}\n", "    x\n  \n"},
		{"a\n{% raw %}\n{{ b }}\n{% endraw %}\nc\n", "a\n\n{{ b }}\nc\n"},
		{"a {#- b -#} c\n{# d #}\ne{%- raw -%} {{ f }} {%- endraw -%} g", "ac\ne{{ f }}g"},
		{"#jinja2: trim_blocks: False\n{% if true %}\nx\n{% endif %}\n", "\nx\n"},
		{"#jinja2: lstrip_blocks: True\n  {% if true %}\nx\n  {% endif %}\n", "x\n"},
		{"a{%+ if true +%}\nb{% endif %}", "a\nb"},
		{"{{ 'a' -}}\n  b", "ab"},
	}},
	{"an inline if is an expression", []member{
		{"{{ '-x ' ~ ('-v' if t else '-q') }}{{ ['a' if t else 'b', 'c'] | join(',') }}", "-x -va,c"},
		{"{{ {'k': 1 if t else 2}.k }}{{ s | replace('b' if t else 'c', 'X') }}{{ (1 if t else 2) + 1 }}", "1aXc2"},
		{"{{ 'a' if false }}|{{ ('a' if false) | default('b') }}|{{ 1 if false else 2 if false else 3 }}", "|b|3"},
		{"{% for x in (l if t else []) %}{{ x }}{% endfor %}{% set y = 'p' if t %}{{ y }}{{ dict(a=1 if t else 2) }}", "312p{'a': 1}"},
	}},
	{"white space within tags is free", []member{
		{"{% if t and\n   t %}yes{% endif %}{{ l\n | length }}{{ [1,\n 2] }}", "yes3[1, 2]"},
		{"{{ 1\n+\n2 }}{{ not\nt }}{{ 1 in\n l }}{{ t is\n defined }}{%\nset x\n=\n1\n%}{{x}}", "3FalseTrueTrue1"},
		{"{{l[\n0\n]}}{{d.\n a}}{{ s.upper(\n) }}", "3twoABC"},
	}},
	{"texts as Python writes them", []member{
		{`{{ 'a\.b' }}{{ 'a\\.b' }}{{ '\x41\u00e9\n'|trim }}{{ "it's" }}`, `a\.ba\.bAéit's`},
		{`{{ 'web1.example.org' | regex_replace('\.example\.org$', '') }}{{ 'a1' | regex_search('\d') }}`, "web11"},
		{"{{ 'a' 'b' \"c\" }}{{ 'x' 'y' | upper }}", "abcXY"},
		{"{{ '%s.%s' % ('x', 'y') }} {{ '%02d' % 4 }} {{ '%-4s|' % s }} {{ '%.1f%%' % 12.34 }} {{ '%(a)s' % {'a': 1} }}", "x.y 04 abc | 12.3% 1"},
		{"{{ '{}:{}'.format(1, 'b') }}{{ '{0}{0}'.format(s) }}{{ '{:>5}'.format('a') }}", "1:babcabc    a"},
		{"{{ 'k:v:w'.split(':', 1)[1] }} {{ '/a/b/c'.rsplit('/', 1)[0] }} {{ 'a  b'.split() }} {{ ' a '.strip() }}", "v:w /a/b ['a', 'b'] a"},
		{"{{ 'aé' | reverse }} {{ 'aé'[1] }} {{ 'aé' | wordwrap(2) }} {{ 'éa' | length }} {{ 'é' | center(3) }}|{{ 'aéa' | replace('é', 'b') }}", "éa é aé 2  é |aba"},
		{"{{ 7 // 2 }}{{ -7 // 2 }}{{ -7 % 3 }}{{ 7 / 2 }}{{ 2 ** 3 }}{{ 6 / 2 }}{{ 1_000 }}", "3-423.583.01000"},
	}},
	{"names of filters and tests", []member{
		{"{{ {'a': 1} | ansible.builtin.to_json }}{{ s | ansible.builtin.b64encode }}", `{"a": 1}YWJj`},
		{"{{ '1.27' is version('1.26', operator='>=') }}{{ '1.9' is version('1.10', '<') }}{{ 4 is divisibleby 2 }}{{ 4 is divisibleby(num=3) }}", "TrueTrueTrueFalse"},
		{"{{ ['web1', 'db1'] | select('match', '^web') | list }}{{ ['web1', 'db1'] | reject('search', 'b1$') | list }}", "['web1'][]"},
		{"{{ ld | selectattr('v', 'gt', 1) | map(attribute='n') | join(',') }}{{ l | select('in', [1, 2]) | list }}", "y[1, 2]"},
	}},
	{"None, default and what is false", []member{
		{"{{ no == none }}{{ no is none }}{{ none }}|{{ no | default('x') }}|{{ no | default('x', true) }}", "TrueTrue||x"},
		{"{{ nope | default }}|{{ d.nope | d() }}|{{ nope.a.b | default('x') }}|{{ '' | default('x') }}|{{ 0 | default('x', true) }}", "||x||x"},
		{"{{ 'y' if {} else 'n' }}{{ 'y' if [] else 'n' }}{{ 'y' if '' else 'n' }}{{ 'y' if 0.0 else 'n' }}{{ 'y' if (nope | default({})) else 'n' }}", "nnnnn"},
		{"{% set port = listen %}{{ port | default(80) }}{% macro m(x) %}{{ x | default('u') }}{% endmacro %}{{ m(nope) }}", "80u"},
		{"{{ [1, no, true] }} {{ [no] | join(',') }} {{ [\"it's\", 1.0, 'é\\n'] }} {{ (1,) }} {{ {'a': no} }}", "[1, None, True] None [\"it's\", 1.0, 'é\\n'] (1,) {'a': None}"},
	}},
	{"targets, tuples and trailing commas", []member{
		{"{% for s in 'a', 'b' %}{{ s }}{% endfor %}{% for (k, v) in d.items() %}{{ k }}{% endfor %}", "abzam"},
		{"{{ ['a', 'b',] | join }}{{ {'x': 1,}.x }}{{ (1, 2,) }}{{ (1,) | length }}", "ab1(1, 2)1"},
		{"{% set a, b = 1, 2 %}{{ a + b }}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "3123"},
		{"{% for k, v in (d | default({})).items() %}{{ k }}{% endfor %}{{ ('a' ~ 'b').upper() }}{{ [3, 1].index(1) }}{{ {'a': 1}.get('a') }}", "zamAB11"},
	}},
	{"precedence", []member{
		{"{{ 'A' in ['a'] | map('upper') | list }}{{ 'a' not in ['a'] | map('upper') }}", "TrueTrue"},
		{"{{ 1 + 2 | string | length }}{{ -1 | abs }}{{ 2 * 3 ~ 'x' }}{{ not 1 == 2 }}{{ 1 < 2 < 3 }}{{ 3 > 2 > 2 }}", "216xTrueTrueFalse"},
		{"{{ 1 if t and not false or nope else 2 }}{{ 'a' ~ (1 + 2) }}{{ 2 ** 3 ** 2 }}{{ -2 ** 2 }}{{ 'x' is string and 1 is number }}", "1a3644True"},
	}},
	{"macros, calls and blocks", []member{
		{"{{ \"'a': 2}it's\" | wordwrap(5) }}", "'a': \n2}it'\ns"},
		{"{% autoescape false %}{% set s = 1 %}{{ s }}{% endautoescape %}{{ s }}{% autoescape false %}{% for x in l %}{{ x }}{% endfor %}{% endautoescape %}", "1abc312"},
		{"{{ ['ab', 'bc', 'ac'] | difference('abc') }}{{ ['ab', 'ac'] | intersect('abc') }}{{ 'x' | format(nope) if false else '%s' | format(1) }}", "['ac']['ab']1"},
		{"{% macro e(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(u) e(['a', 'b']) %}<{{ u }}>{% endcall %}", "<a><b>"},
		{"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}", "(1, 2){'a': 3}"},
		{"{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}", "1132"},
		{"{% set x | upper %}ab{% endset %}{{ x }}{% set y %}{{ x }}c{% endset %}{{ y | length }}{% filter upper %}q{% endfilter %}", "AB3Q"},
		{"{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}{% for x in l %}{% if loop.last %}{% break %}{% endif %}{{ x }}{% endfor %}", "3False31"},
	}},
	{"JSON, YAML and comments", []member{
		{"{{ {'b': 1, 'a': [1, 2]} | to_json }}{{ 'é' | to_json }}{{ 1.0 | to_json }}", `{"b": 1, "a": [1, 2]}"\u00e9"1.0`},
		{"{{ {'a': 1} | to_nice_json(indent=2) }}{{ [] | to_nice_json }}", "{\n  \"a\": 1\n}[]"},
		{"{{ {'b': 1, 'a': 2} | to_json(sort_keys=true) }}{{ [1, {'a': none}] | to_json(separators=(',', ':')) }}", `{"a": 2, "b": 1}[1,{"a":null}]`},
		{"{{ {'a': {'b': 1}} | to_nice_yaml(indent=2) }}{{ ['b', 'a'] | to_yaml }}{{ 'x' | to_yaml }}", "a:\n  b: 1\n[b, a]\nx\n"},
		{"{{ {'a': 'yes', 'b': '1', 'c': none} | to_nice_yaml }}", "a: 'yes'\nb: '1'\nc: null\n"},
		{"{{ 'managed' | comment }}|{{ 'a\nb' | comment('c') }}|{{ 'x' | comment(decoration='; ') }}", "#\n# managed\n#|//\n// a\n// b\n//|;\n; x\n;"},
	}},
	{"keys that are no texts", []member{
		{"{% for k, v in {1: 'a', 2: 'b'}.items() %}{{ k }}={{ v }};{% endfor %}{{ {1: 'a'}[1] }}{{ {1: 'a'}.keys() | list }}", "1=a;2=b;a[1]"},
		{"{{ {1: 'a', 2: 'b'} | to_json }}{{ {2: 'a', 1: 'b'} | dictsort }}{{ {1: 'a'} | to_nice_yaml }}{{ {1: 2} | dict2items }}", `{"1": "a", "2": "b"}[(1, 'b'), (2, 'a')]1: a` + "\n[{'key': 1, 'value': 2}]"},
		{"{{ {1: 'a', true: 'b'} }}{{ {none: 1} }}{{ 1 in {1: 2} }}{{ {(1, 2): 3} }}", "{1: 'b'}{None: 1}True{(1, 2): 3}"},
	}},
}

type member = struct{ text, want string }

// mustFail are templates in which something is wrong that an engine may pass over.
var mustFail = []struct {
	kind  string
	texts []string
}{
	{"a filter that fails or is not there", []string{"{{ l | map('nofilter') | list }}", "{{ [nope] | join(',') }}", "{{ l | map('round', 'x') | list }}", "{{ 'x' | from_json }}", "{{ [l | nofilter] }}", "{% if s | nofilter %}{% endif %}"}},
	{"a test that is not there", []string{"{{ l | select('notest') | list }}", "{{ l | reject('notest') | list }}", "{{ ld | selectattr('v', 'notest') | list }}", "{{ ld | rejectattr('v', 'notest') | list }}", "{{ 1 is notest }}", "{{ 1 is not notest }}"}},
	{"an attribute that an element lacks", []string{"{{ ld | map(attribute='q') | join }}", "{{ ld | map(attribute='q') | list }}", "{{ d.q }}", "{{ d['q'] }}", "{{ l[9] }}", "{{ ld | sum(attribute='q') }}", "{{ d.a.b }}", "{{ ld | sort(attribute='q') }}"}},
	{"an undefined value that is used", []string{"{{ nope }}", "{{ nope ~ 'x' }}", "{{ nope + 1 }}", "{{ nope == 1 }}", "{% if nope %}{% endif %}", "{% for x in nope %}{% endfor %}", "{{ nope | upper }}", "{{ nope.a }}", "{{ nope() }}", "{{ not nope }}", "{{ nope in l }}", "{{ 1 in nope }}", "{{ [nope] }}", "{{ {'a': nope} }}", "{{ (nope | default(nope2)) }}"}},
	{"wrong types", []string{"{{ 1 + 'a' }}", "{{ 'a' + 1 }}", "{{ l + 1 }}", "{{ 'a' < 1 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % 1 }}", "{{ d.items().x }}", "{{ s.nosuch() }}", "{{ s.upper(1) }}", "{{ [3, 'a'] | sort }}", "{% for a, b in l %}{% endfor %}"}},
}

const kindVariables = `{"l": [3, 1, 2], "d": {"z": 1, "a": "two", "m": [3]}, "t": true, "no": null, "s": "abc", "ld": [{"n": "x", "v": 1}, {"n": "y", "v": 2}]}`

func kindRendering(t *testing.T) jinja.Rendering {
	t.Helper()
	v, err := pyjson.Load(kindVariables)
	if err != nil {
		t.Fatal(err)
	}
	return jinja.Rendering{Context: t.Context(), Vars: jinja.Dict(v.(*starlark.Dict))}
}

// TestKinds: what other engines write differently in silence is written as Ansible does.
func TestKinds(t *testing.T) {
	set := jinja.New(fstest.MapFS{}, nil)
	for _, kind := range silent {
		for _, c := range kind.cases {
			got, err := set.Text(kindRendering(t), c.text)
			if err != nil || got != c.want {
				t.Errorf("%s: %q:\ngot  %q, %v\nwant %q", kind.kind, c.text, got, err, c.want)
			}
		}
	}
}

// TestKindsOfErrors: what Ansible refuses is refused, and nothing of it becomes text.
func TestKindsOfErrors(t *testing.T) {
	set := jinja.New(fstest.MapFS{}, nil)
	for _, kind := range mustFail {
		for _, text := range kind.texts {
			got, err := set.Text(kindRendering(t), text)
			e, ok := errors.AsType[*jinja.Error](err)
			if !ok {
				t.Errorf("%s: %s: got %q, %v", kind.kind, text, got, err)
				continue
			}
			if e.Line != 1 || e.Source != text || strings.TrimSpace(e.Message) == "" {
				t.Errorf("%s: %s: the error %q is at line %d of %q", kind.kind, text, e.Message, e.Line, e.Source)
			}
		}
	}
}

// TestKindsAsAnsible: the texts above are Ansible's, where it is installed.
func TestKindsAsAnsible(t *testing.T) {
	o := newOracle(t)
	ask := func(text string) outcome {
		c := &testCase{root: stmt(text)}
		said, err := o.renderWith(c, kindVariables)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	for _, kind := range silent {
		for _, c := range kind.cases {
			if said := ask(c.text); said.Error != "" || said.Out != c.want {
				t.Errorf("%s: %q:\nAnsible %s\nwant    %q", kind.kind, c.text, said, c.want)
			}
		}
	}
	for _, kind := range mustFail {
		for _, text := range kind.texts {
			if said := ask(text); said.Error == "" && said.Out != text {
				t.Errorf("%s: %q: Ansible renders %s", kind.kind, text, said)
			}
		}
	}
}
