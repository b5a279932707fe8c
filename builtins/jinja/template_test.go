package jinja_test

// templateCase is a template of statements, with files that it may name.
func (g *gen) templateCase() *testCase {
	g.files, g.calm = map[string]*node{}, g.chance(95)
	if g.chance(30) {
		g.files["f0.j2"] = g.body(1)
		g.files["f1.j2"] = &node{body, []any{stmt("{{ x | default('none') }}"), g.body(1), stmt("\n")}}
	}
	if g.chance(25) {
		g.files["m.j2"] = &node{body, []any{
			stmt("{% set v = 7 %}"), stmt("{% macro m(x, y=2) %}[", g.body(1), "]{% endmacro %}"), stmt("{% macro _p() %}{% endmacro %}"), g.statement(1),
		}}
	}
	root := g.body(1 + g.IntN(3))
	if g.chance(12) {
		g.files["base.j2"] = &node{body, []any{
			g.statement(1), stmt("{% block one %}", g.body(1), "{% endblock %}"), stmt("\n"),
			stmt("{% block two scoped %}", g.body(1), "{% endblock two %}"), stmt("{{ self.one() }}"),
			stmt("{% for x in l %}{% block three", g.one("", " scoped"), " %}{{ x | default('no') }}{% endblock %}{% endfor %}"),
		}}
		child := &node{kind: body, parts: []any{stmt("{% extends 'base.j2' %}"), g.statement(1)}}
		for _, name := range []string{"one", "two", "three"} {
			if g.chance(60) {
				child.parts = append(child.parts, stmt("{% block "+name+" %}", g.body(1), stmt(g.one("", "{{ super() }}")), "{% endblock %}"))
			}
		}
		root = child
	}
	root.parts = append(root.parts, stmt(g.one("", "\n", "\n\n", " ", "x\n")))
	if g.chance(5) {
		root.parts = append([]any{stmt(g.one("#jinja2: trim_blocks: False\n", "#jinja2: lstrip_blocks: True\n", "#jinja2:trim_blocks:False, lstrip_blocks:True\n", "#jinja2: variable_start_string: '[%', variable_end_string: '%]'\n"))}, root.parts...)
	}
	return &testCase{root: root, named: g.files}
}

// tag writes a tag, with signs for the white space around it.
func (g *gen) tag(parts ...any) *node {
	signs := func() string { return g.one("", "", "", "-", "+") }
	return part("{%"+signs()+g.one(" ", " ", ""), part(parts...), g.one(" ", " ", "\n")+signs()+"%}")
}

// body is statements with text between them.
func (g *gen) body(depth int) *node {
	n := &node{kind: body}
	for range 1 + g.IntN(3) {
		n.parts = append(n.parts, g.statement(depth), stmt(g.one("", "\n", " x ", "\n  ", "\t", "é\n")))
	}
	return n
}

// loop is the body of a loop.
func (g *gen) loop(depth int) *node {
	was := g.inLoop
	g.inLoop = true
	b := g.body(depth)
	g.inLoop = was
	return b
}

var texts = []string{
	"text", "\n", "  ", "{# c #}", "a\n", "{#- c -#}\n", "\n\n", " {% raw %} {{ x }} {% endraw %}\n", "{%- raw -%} \n{% if %} {%- endraw -%}\n", "{% raw %}\n{{ y }}\n{% endraw %}\n",
	"{#\n {{ x }} \n#}\n", "{#+ c +#}\n", "  {# c #}  \n", "{{ '{{' }}", "a } } %} b", "\r\n", "{{- ' x ' -}}\n", "{{+ 1 +}}", "# comment\n", "  {%- if t %}\n  y\n  {%- endif %}\n",
}

func (g *gen) output(depth int) *node {
	return stmt("{{"+g.one("", "", "-")+" ", g.expr(depth), " "+g.one("", "", "-")+"}}")
}

func (g *gen) statement(depth int) *node {
	if depth <= 0 {
		return g.pick(func() *node { return g.output(1) }, func() *node { return stmt(g.one(texts...)) }, func() *node { return stmt(g.tag("set ", g.name(), " = ", g.expr(1))) })
	}
	switch g.IntN(24) {
	case 0, 1:
		return g.output(2)
	case 2:
		return stmt(g.one(texts...))
	case 3:
		return stmt(g.tag("set ", g.name(), " = ", g.expr(1)))
	case 4, 5:
		n := stmt(g.tag("if ", g.expr(2)), g.body(depth-1))
		if g.chance(40) {
			n.parts = append(n.parts, g.tag("elif ", g.expr(1)), g.body(depth-1))
		}
		if g.chance(50) {
			n.parts = append(n.parts, g.tag("else"), g.body(depth-1))
		}
		n.parts = append(n.parts, g.tag("endif"))
		return n
	case 6, 7, 8, 9:
		return g.forLoop(depth)
	case 10:
		return stmt(g.tag("with ", g.name(), " = ", g.expr(1), g.one("", ", y = x", ", b = 2")), g.body(depth-1), g.tag("endwith"))
	case 11, 12:
		return g.macro(depth)
	case 13:
		return stmt(g.tag("set ", g.name(), g.one("", "", " | upper", " | trim | replace('a', 'b')")), g.body(depth-1), g.tag("endset"))
	case 14:
		return stmt(g.tag("filter ", g.one("upper", "indent(2)", "trim", "replace('a', 'b') | upper", "comment", "nosuch")), g.body(depth-1), g.tag("endfilter"))
	case 15:
		return stmt(g.tag("set ns = namespace(v=", g.expr(1), ")"), g.tag("for x in l"), g.tag("set ns.v = ", g.one("ns.v + x", "ns.v ~ x", "x", "loop.index")), g.tag("endfor"), "{{ ns.v }}")
	case 16:
		return stmt(g.tag("set ", g.one("a, b", "(a, b)", "a, (b, x)"), " = ", g.one("1, 2", "l", "(s, i)", "ll[0]", "1, (2, 3)", "pairs[1]")), "{{ a }}{{ b }}")
	case 17:
		return stmt(g.tag("block "+g.fresh("k")+g.one("", "", " scoped")), g.body(depth-1), g.tag("endblock"))
	case 18:
		return stmt(g.tag("do ", g.one("ls.append(", "l.extend([1]) or (", "d.update(q=", "(", "le.append("), g.expr(1), ")"), "{{ ls }}{{ le | length }}")
	case 19, 20:
		return g.include(depth)
	case 21:
		return stmt(g.tag("set out = []"), g.tag("for x in ", g.typed('L', 1)), g.tag("set _ = out.append(", g.expr(1), ")"), g.tag("endfor"), "{{ out }}")
	case 22:
		return stmt(g.tag("autoescape false"), g.body(depth-1), g.tag("endautoescape"))
	default:
		return g.output(3)
	}
}

func (g *gen) forLoop(depth int) *node {
	if g.chance(10) {
		return stmt(g.tag("for x in ", g.one("ld", "ll", "[[1, [2]], 3]", "nest"), " recursive"), "{{ loop.depth }}{{ loop.index }}", g.loop(0),
			g.one("{% if x is sequence and x is not string %}{{ loop(x) }}{% endif %}", "{{ loop(x.zz | default([])) }}", "", "{{ loop.depth0 }}"), g.tag("endfor"))
	}
	over, target := part(g.one("l", "ls", "le", "ll", "d", "range(3)", "ld", "'abc'", "1, 2", "nest.values()", "mixed", "u")), g.one("x", "x", "i", "a")
	if g.chance(30) {
		over, target = part(g.one("ll", "d.items()", "pairs", "d | dictsort", "l | zip(ls)")), g.one("a, b", "(a, b)", "x, s")
	}
	if g.chance(12) {
		over = part(g.expr(1))
	}
	n := stmt()
	header := []any{"for ", target, " in ", over}
	if g.chance(25) {
		header = append(header, " if ", g.pick(func() *node { return g.expr(1) }, func() *node { return expr(g.one("x is defined", "loop is defined", "x", "not x", "x != 1")) }))
	}
	n.parts = append(n.parts, g.tag(header...), g.loop(depth-1))
	if g.chance(60) {
		n.parts = append(n.parts, "{{ loop."+g.one("index", "index0", "first", "last", "length", "revindex", "revindex0", "cycle('p', 'q')", "previtem | default('P')", "nextitem | default('N')", "depth", "changed(i)", "depth0", "nextitem is defined")+" }}")
	}
	if g.chance(12) {
		n.parts = append(n.parts, g.tag("if ", g.one("x == 1", "loop.index == 2", "loop.first", "t")), g.tag(g.one("break", "continue")), g.tag("endif"), "-")
	}
	if g.chance(30) {
		n.parts = append(n.parts, g.tag("else"), g.body(depth-1))
	}
	n.parts = append(n.parts, g.tag("endfor"))
	return n
}

func (g *gen) macro(depth int) *node {
	name := g.fresh("m")
	n := stmt(g.tag("macro ", name, "(", g.one("", "x", "x, y=1", "x=i, y=s", "x, y=x"), ")"), g.body(depth-1),
		g.one("", "{{ varargs }}", "{{ kwargs | length }}", "{{ caller() if caller is defined }}", "{{ x | default('X') }}", "{{ y }}", "{{ caller(1) if caller is defined else 0 }}"), g.tag("endmacro"))
	args := g.one("", "1", "1, 2", "x=5", "1, 2, 3", "q=1", "*l", "**{'x': 2}", "1, y=s", "zzundef")
	switch g.IntN(4) {
	case 0:
		n.parts = append(n.parts, g.tag("call ", name, "(", args, ")"), g.body(depth-1), g.tag("endcall"))
	case 1:
		n.parts = append(n.parts, g.tag("call(", g.one("u", "u=3", "u, v=1"), ") ", name, "(", args, ")"), "<{{ u }}>", g.tag("endcall"))
	case 2:
		n.parts = append(n.parts, "{{ ", name, ".", g.one("name", "arguments", "varargs", "catch_kwargs", "caller", "defaults", "nosuch"), " }}")
	default:
		n.parts = append(n.parts, "{{ ", name, "(", args, ")", g.one("", "", " | upper", " | trim", " ~ 'x'"), " }}")
	}
	return n
}

func (g *gen) include(depth int) *node {
	switch g.IntN(7) {
	case 0, 1, 2:
		return stmt(g.tag("set x = 'X'"), g.tag("include ", g.one("'f1.j2'", "'f1.j2'", "['zz', 'f1.j2']", "'zz.j2'", "zzundef", "('f' ~ 1) ~ '.j2'"), g.one("", "", " ignore missing"), g.one("", "", " with context", " without context")))
	case 3:
		return stmt(g.tag("import 'm.j2' as mm", g.one("", " with context", " without context")), "{{ mm.m(1) }}{{ mm.v }}", g.one("", "{{ mm.nosuch }}", "{{ mm._p }}", "{{ mm.m(i, y=3) }}"))
	case 4, 5:
		return stmt(g.tag("from 'm.j2' import ", g.one("m", "m as n", "m, v", "v as w, m", "nosuch", "m, nosuch with context", "m without context", "_p")),
			g.one("{{ m(1) }}", "{{ m is defined }}{{ v | default('no') }}", "{{ n(2) if n is defined and n is callable }}", "{{ nosuch is defined }}", "{{ w | default(0) }}"))
	default:
		return stmt(g.tag("if ", g.expr(1)), g.tag("include 'f0.j2' ignore missing"), g.tag("endif"))
	}
}
