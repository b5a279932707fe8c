package jinja_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// variables are what generated templates are given.
const variables = `{"i": 3, "n": -7, "z": 0, "f": 2.5, "big": 1234567890123, "s": "Hello World", "e": "", "u": "grüße ☃",
"ml": "a\n b\n\nc", "num": "42", "t": true, "fa": false, "no": null, "l": [3, 1, 2], "ls": ["b", "A", "c"], "le": [],
"ll": [[1, 2], [3, 4]], "d": {"a": 1, "b": "x", "c": [1]}, "de": {}, "mixed": [1, "b", null, 2.5, true],
"ld": [{"n": "x", "v": 2}, {"n": "y", "v": 1}, {"n": "X", "v": 2}], "nest": {"a": {"b": {"c": 5}}, "z": {"a": [{"b": 1}]}},
"path": "/etc/nginx/nginx.conf", "q": "it's \"q\"", "pairs": [["a", 1], ["b", 2]], "kv": [{"key": "a", "value": 1}, {"key": "b", "value": [2]}],
"js": "{\"a\": [1, 2.50, null]}", "url": "http://u:p@www.example.com:8080/a/b.html?x=1&y=2#frag", "ver": "1.10.2", "host": "web1.example.org"}`

// gen makes parts of templates.
type gen struct {
	*rand.Rand
	inLoop bool
	calm   bool // most expressions are such that do not fail
	files  map[string]*node
	count  int
}

func (g *gen) one(of ...string) string       { return of[g.IntN(len(of))] }
func (g *gen) chance(percent int) bool       { return g.IntN(100) < percent }
func expr(parts ...any) *node                { return &node{expression, parts} }
func stmt(parts ...any) *node                { return &node{statement, parts} }
func part(parts ...any) *node                { return &node{detail, parts} }
func (g *gen) pick(of ...func() *node) *node { return of[g.IntN(len(of))]() }

// expressionCase is one expression that is printed.
func (g *gen) expressionCase() *testCase {
	return &testCase{root: stmt("{{ ", g.expr(1+g.IntN(3)), " }}")}
}

// literals by the type that they have.
var literals = map[byte][]string{
	'I': {"0", "1", "2", "3", "-1", "5", "12", "i", "n", "z", "1_0", "0x1f", "0b11", "0o17"},
	'F': {"f", "1.5", "0.1", "1e3", "2.0", "1e16", "-0.0", "3.14159", "1.5e-7", "2.5", "1_0.5"},
	'S': {"s", "e", "u", "ml", "num", "path", "q", "ver", "host", "'a'", `"b c"`, `'it\'s'`, `'\n'`, "'x%sy'", "'{}'", "'%d'", "'a,b,c'", "''", "'é'", "'abcabc'", "'12'", "'3.7'", "' pad '", `'\x41\u00e9\t'`, `'a' 'b'`, `'\.d'`, "'<b>&amp;'", "'yes'", "'A-b_c'", "'1,2,,3'"},
	'L': {"l", "ls", "le", "ll", "ld", "mixed", "pairs", "[]", "[1, 2]", "['a', 'b',]", "(1, 2)", "(1,)", "[none, 'x']", "()", "range(4)", "range(5, 0, -2)", "[1, 1.0, true]", "['b', 'a', 'B']", "[[1], [2, [3]]]"},
	'D': {"d", "de", "nest", "{}", "{'k': 1}", "{'a': {'b': 2}}", "{'b': 1, 'a': 2,}", "{1: 'x', 2: 'y'}", "dict(b=1, a=2)", "{'x': none, 'y': [1, 2]}", "{true: 1, 'a': 2.50}"},
	'B': {"true", "false", "True", "False", "t", "fa"},
	'N': {"none", "None", "no"},
	'U': {"zzundef", "d.zz", "nest.q"},
	'P': {"ld", "ld", "kv"},
	'A': {"'n'", "'v'", "'a'", "'zz'", "'0'", "'n.x'", "0", "'key'", "'v,n'"},
	'R': {`'l+'`, `'[aeiou]'`, `'(\w)(\w)'`, `'^H'`, `'b$'`, `'(?P<x>l)'`, `'\\s+'`, `'o|a'`, `''`, `'[^a-z]'`, `'\.'`, `'(a)|(b)'`, `'l{2}'`, `'(?i)h'`, `'x*'`, `'W(?=o)'`, `'(.)\1'`, `'('`},
	'W': {`'X'`, `'\\1'`, `'[\\1]'`, `'\\g<0>'`, `''`, `'$1'`, `'\\2\\1'`},
	'J': {"js", "'[1, 2.0, \"x\"]'", "'{\"b\": 1, \"a\": null}'", "'nope'", "'1e5'", "'\"\\u00e9\"'"},
	'V': {"ver", "'1.9'", "'1.10'", "'1.10.2'", "'2.0-rc1'", "'1.2.3+b'", "'1.0a1'", "''"},
	'T': {"'odd'", "'string'", "'none'", "'defined'", "'number'", "'nosuch'", "'mapping'", "'truthy'"},
	'G': {"'upper'", "'int'", "'string'", "'length'", "'first'", "'list'", "'abs'", "'nosuch'", "'default', 'x'", "'replace', 'a', 'b'"},
	'X': {"path", "'/x/y'", "'/x/../y'", "'/'", "'//a'"},
	'K': {"{'failed': true}", "{'changed': true, 'failed': 'no'}", "{'skipped': 1}", "{'unreachable': true}", "{'results': [{'changed': true}, {'failed': 0}]}", "d", "{'rc': 1}"},
	'H': {"url", "'https://a.b/c?d=e'", "'/x/y'", "'ftp://h:21'", "'mailto:a@b.c'"},
}

// typed is an expression that has a type in most cases.
func (g *gen) typed(letter byte, depth int) *node {
	of := literals[letter]
	if of == nil || letter != 'A' && letter != 'T' && letter != 'G' && g.chance(8) {
		return expr("(", g.expr(depth-1), ")")
	}
	if depth <= 0 || g.chance(60) {
		return expr(g.one(of...))
	}
	switch letter {
	case 'S':
		return g.pick(
			func() *node { return expr("(", g.typed('S', depth-1), " ~ ", g.typed('S', depth-1), ")") },
			func() *node { return expr(g.typed('S', depth-1), ".", g.call(stringMethods, depth-1)) },
			func() *node { return expr(g.typed('S', depth-1), g.slice(depth-1)) },
			func() *node { return expr("(", g.typed('S', depth-1), " % ", g.typed('L', depth-1), ")") })
	case 'I':
		return expr("(", g.typed('I', depth-1), g.one(" + ", " - ", " * ", " // ", " % "), g.typed('I', depth-1), ")")
	case 'L':
		return g.pick(
			func() *node { return expr("(", g.typed('L', depth-1), " + ", g.typed('L', depth-1), ")") },
			func() *node { return expr(g.typed('L', depth-1), g.slice(depth-1)) },
			func() *node { return expr("[", g.expr(depth-1), ", ", g.expr(depth-1), "]") },
			func() *node { return expr("(", g.typed('D', depth-1), " | dict2items)") })
	case 'D':
		return expr("{", g.typed('S', 0), ": ", g.expr(depth-1), ", ", g.typed('I', 0), ": ", g.expr(depth-1), "}")
	}
	return expr(g.one(of...))
}

// call is a row of a table with its capital letters replaced by expressions of their types.
func (g *gen) call(table []string, depth int) *node { return g.fill(g.one(table...), depth) }

func (g *gen) fill(row string, depth int) *node {
	n := part()
	from := 0
	for i := range len(row) {
		alone := (i == 0 || strings.IndexByte("(,= ", row[i-1]) >= 0) && (i+1 == len(row) || strings.IndexByte("),", row[i+1]) >= 0)
		if c := row[i]; c >= 'A' && c <= 'Z' && alone {
			if from < i {
				n.parts = append(n.parts, row[from:i])
			}
			from = i + 1
			switch c {
			case 'E':
				n.parts = append(n.parts, g.expr(depth))
			default:
				n.parts = append(n.parts, g.typed(c, depth))
			}
		}
	}
	n.parts = append(n.parts, row[from:])
	return n
}

func (g *gen) slice(depth int) *node {
	limit := func() any {
		if g.chance(35) {
			return ""
		}
		return g.typed('I', 0)
	}
	if g.chance(50) {
		return part("[", limit(), ":", limit(), "]")
	}
	return part("[", limit(), ":", limit(), ":", g.one("1", "2", "-1", "-2", "", "none"), "]")
}

var attributes = []string{".a", ".b", "['a']", "[0]", "[1]", "[-1]", "[5]", ".a.b.c", ".zz", ".n", "['zz']", ".0", "['a']['b']", ".items", "[none]", "[1.0]", "[true]", ".a[0]", "[1, 2]", ".z.a.0.b", "['a', 1]"}

// spaced puts an operator, sometimes with more space around it.
func (g *gen) spaced(op string) string {
	return g.one(" ", " ", " ", "\n", "  ") + op + g.one(" ", " ", " ", "\n ")
}

// expr is any expression.
func (g *gen) expr(depth int) *node {
	if depth <= 0 {
		return expr(g.one(literals["IFSSLLDDBN"[g.IntN(10)]]...))
	}
	if g.calm && g.chance(88) {
		return g.harmless(depth)
	}
	e := func() *node { return g.expr(depth - 1) }
	p := func() any {
		if g.chance(50) {
			return e()
		}
		return part("(", e(), ")")
	}
	switch g.IntN(24) {
	case 0:
		return expr(g.one(literals["IFSLDBNUJVH"[g.IntN(11)]]...))
	case 1, 2:
		op := g.one("+", "-", "*", "/", "//", "%", "~", "+", "~")
		return expr(p(), g.spaced(op), p())
	case 3:
		return expr(p(), g.spaced(g.one("==", "!=", "<", "<=", ">", ">=", "in", "not in")), p())
	case 4:
		return expr(p(), g.spaced(g.one("and", "or")), p())
	case 5:
		return expr(g.one("not ", "-", "+", "not not "), p())
	case 6, 7, 8, 9, 10, 11:
		return g.filtered(depth)
	case 12, 13:
		return g.tested(depth, p)
	case 14, 15, 16:
		letter := "SSLD"[g.IntN(4)]
		return expr(g.typed(letter, depth-1), ".", g.call(methods[letter], depth-1))
	case 17:
		return expr(p(), g.one(attributes...))
	case 18:
		n := expr(e(), " if ", e())
		if g.chance(70) {
			n.parts = append(n.parts, " else ", e())
		}
		return n
	case 19:
		return g.collection(depth)
	case 20:
		return expr(p(), " ", g.one("<", "==", ">=", "in"), " ", p(), " ", g.one("<", "!=", "not in"), " ", p())
	case 21:
		return expr(g.one("2", "i", "f", "10", "n", "0"), " ** ", g.one("2", "3", "-1", "0", "0.5", "2 ** 2"))
	case 22:
		return expr(p(), g.slice(depth-1))
	default:
		return g.call([]string{
			"(S % L)", "('%s' % E)", "('%s=%s' % (E, E))", "('%5.2f|%-4d|%x' % (F, I, I))", "('%(a)s' % D)", "('%r' % E)", "('%05d' % I)", "('%e %g' % (F, F))",
			"range(I)", "range(I, I, I) | list", "dict(E)", "dict(a=E, b=E)", "'{} {}'.format(E, E)", "'{0:>8}|{1:<5}'.format(S, I)", "'{a[0]}'.format(a=L)", "'{:08.3f}'.format(F)", "'{!r:^12}'.format(E)",
			"(E, E)", "E, E", "cycler(1, 2).next()", "joiner(S)()", "namespace(a=E).a",
		}, depth-1)
	}
}

// harmless is an expression that does not fail in most cases.
func (g *gen) harmless(depth int) *node {
	h := func() *node {
		if depth <= 1 {
			return expr(g.one(literals["IFSSLLDDBN"[g.IntN(10)]]...))
		}
		return expr("(", g.harmless(depth-1), ")")
	}
	switch g.IntN(9) {
	case 0:
		return expr(h(), g.spaced("~"), h())
	case 1:
		return expr(h(), g.spaced(g.one("and", "or", "==", "!=")), h())
	case 2:
		return expr(h(), g.one(" is ", " is not "), g.one("defined", "none", "string", "mapping", "iterable", "number", "sequence"))
	case 3:
		return expr(h(), " if ", h(), " else ", h())
	case 4:
		return expr(h(), g.one(" | string | upper", " | to_json", " | string | length", " | string | replace('a', 'b')", " | default('D')", " | type_debug", " | string | quote", " | bool", " | ternary('y', 'n')"))
	case 5:
		return expr(g.one("x", "a", "b", "zzundef", "d.zz", "ns", "y"), " | default(", h(), ")")
	case 6:
		return expr("[", h(), ", ", h(), "]")
	case 7:
		return expr(g.one("ls | join(',')", "d.a", "d['c'][0]", "l | sort | first", "ld | map(attribute='n') | list", "nest.a.b.c", "l[-1] + i", "i * 2", "s.split()", "s[1:3]", "'%s-%02d' % (s, i)", "l | sum", "x | default(i)", "d.get('q', s)"))
	default:
		return h()
	}
}

func (g *gen) filtered(depth int) *node {
	row := g.one(filterTable...)
	letter, call := row[0], row[2:]
	n := expr()
	if letter == 'E' {
		n.parts = append(n.parts, "(", g.expr(depth-1), ")")
	} else {
		n.parts = append(n.parts, g.typed(letter, depth-1))
	}
	n.parts = append(n.parts, g.one("|", " | ", " |\n"))
	if g.chance(3) {
		n.parts = append(n.parts, g.one("ansible.builtin.", "nosuch."))
	}
	n.parts = append(n.parts, g.fill(call, depth-1))
	if g.chance(25) {
		n.parts = append(n.parts, " | ", g.one("list", "length", "first", "string", "join(',')", "to_json", "default('D')", "sort"))
	}
	return n
}

func (g *gen) tested(depth int, p func() any) *node {
	row := g.one(testTable...)
	letter, call := row[0], row[2:]
	n := expr()
	if letter == 'E' {
		n.parts = append(n.parts, p())
	} else {
		n.parts = append(n.parts, g.typed(letter, depth-1))
	}
	n.parts = append(n.parts, g.one(" is ", " is ", " is not "), g.fill(call, depth-1))
	if g.chance(20) {
		n.parts = append(n.parts, g.one(" and ", " or ", " == ", " if true else "), p())
	}
	return n
}

func (g *gen) collection(depth int) *node {
	n := expr("[")
	isDict := g.chance(40)
	end := "]"
	if isDict {
		n, end = expr("{"), "}"
	}
	for i := range g.IntN(4) {
		if i > 0 {
			n.parts = append(n.parts, ", ")
		}
		if isDict {
			n.parts = append(n.parts, g.typed("SSSI"[g.IntN(4)], 0), ": ")
		}
		n.parts = append(n.parts, g.expr(depth-1))
	}
	n.parts = append(n.parts, end)
	return n
}

func (g *gen) name() string { return g.one("a", "b", "i", "s", "x") }

func (g *gen) fresh(prefix string) string {
	g.count++
	return fmt.Sprint(prefix, g.count)
}
