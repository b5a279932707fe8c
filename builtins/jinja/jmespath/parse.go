package jmespath

import "go.starlark.net/starlark"

// eval answers a part of a query for a value.
type eval func(r *run, v value) (value, error)

// node is a part of a query.
type node struct {
	eval  eval
	expr  *node // of &expr
	index bool  // it is an element of a list
}

type parser struct {
	tokens []token
	at     int
	depth  int
}

// powers are how strongly operators bind what is on their left.
var powers = map[string]int{
	"|": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "[]": 9, "*": 20, "[?": 21, ".": 40, "!": 45, "{": 50, "[": 55, "(": 60,
}

const (
	projectionStop = 10
	maxDepth       = 100
)

func (p *parser) peek(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.peek(0)
	p.at++
	return t
}

func (p *parser) expect(kind string) error {
	if t := p.next(); t.kind != kind {
		return wrong(t.at, "expected %s", kind)
	}
	return nil
}

func parse(s string) (*node, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(0); t.kind != "end" {
		return nil, wrong(t.at, "expected the end")
	}
	return n, nil
}

func (p *parser) expression(power int) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, wrong(p.peek(0).at, "nested more than %d levels deep", maxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.prefix(p.next())
	for err == nil && power < powers[p.peek(0).kind] {
		left, err = p.infix(p.next(), left)
	}
	return left, err
}

func (p *parser) prefix(t token) (*node, error) {
	switch t.kind {
	case "literal":
		return literal(t.lit), nil
	case "id", "quoted":
		if p.peek(0).kind == "(" {
			if t.kind == "quoted" {
				return nil, wrong(t.at, "a function has no quotes")
			}
			p.next()
			return p.call(t)
		}
		return field(t.text), nil
	case "*":
		right := identity
		if p.peek(0).kind != "]" {
			var err error
			if right, err = p.projected(powers["*"]); err != nil {
				return nil, err
			}
		}
		return valueProjection(identity, right), nil
	case "[?":
		return p.filter(identity)
	case "{":
		return p.hash()
	case "(":
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return &node{eval: n.eval}, p.expect(")")
	case "[]":
		right, err := p.projected(powers["[]"])
		return listProjection(flatten(identity), right), err
	case "!":
		n, err := p.expression(powers["!"])
		return not(n), err
	case "[":
		if k := p.peek(0).kind; k == "number" || k == ":" {
			n, slice, err := p.index(identity)
			if err != nil || !slice {
				return n, err
			}
			right, err := p.projected(powers["*"])
			return listProjection(n, right), err
		}
		if p.peek(0).kind == "*" && p.peek(1).kind == "]" {
			p.at += 2
			right, err := p.projected(powers["*"])
			return listProjection(identity, right), err
		}
		return p.list()
	case "@":
		return identity, nil
	case "&":
		n, err := p.expression(0)
		return &node{expr: n, eval: func(*run, value) (value, error) { return nil, wrong(t.at, "& stands before an argument") }}, err
	}
	return nil, wrong(t.at, "%s is not expected here", t.text)
}

func (p *parser) infix(t token, left *node) (*node, error) {
	switch t.kind {
	case ".":
		if p.peek(0).kind == "*" {
			p.next()
			right, err := p.projected(powers["."])
			return valueProjection(left, right), err
		}
		right, err := p.dotted(powers["."])
		return chain(left, right), err
	case "|":
		right, err := p.expression(powers["|"])
		return chain(left, right), err
	case "||", "&&":
		right, err := p.expression(powers[t.kind])
		return logical(t.kind == "||", left, right), err
	case "==", "!=", "<", "<=", ">", ">=":
		right, err := p.expression(powers[t.kind])
		return comparison(t.kind, left, right), err
	case "[?":
		return p.filter(left)
	case "[]":
		right, err := p.projected(powers["[]"])
		return listProjection(flatten(left), right), err
	case "[":
		if k := p.peek(0).kind; k == "number" || k == ":" {
			n, slice, err := p.index(left)
			if err != nil || !slice {
				return n, err
			}
			if left.index { // as Python's library has it: behind an index a slice is no projection
				n.index = true
				return n, nil
			}
			right, err := p.projected(powers["*"])
			return listProjection(n, right), err
		}
		if err := p.expect("*"); err != nil {
			return nil, err
		}
		if err := p.expect("]"); err != nil {
			return nil, err
		}
		right, err := p.projected(powers["*"])
		return listProjection(left, right), err
	}
	return nil, wrong(t.at, "%s is not expected here", t.text)
}

// dotted is what stands behind a dot.
func (p *parser) dotted(power int) (*node, error) {
	switch t := p.peek(0); t.kind {
	case "id", "quoted", "*":
		return p.expression(power)
	case "[":
		p.next()
		return p.list()
	case "{":
		p.next()
		return p.hash()
	default:
		return nil, wrong(t.at, "expected a name, *, [ or { behind the dot")
	}
}

// projected is what is applied to each element of a projection.
func (p *parser) projected(power int) (*node, error) {
	switch t := p.peek(0); {
	case powers[t.kind] < projectionStop:
		return identity, nil
	case t.kind == "[" || t.kind == "[?":
		return p.expression(power)
	case t.kind == ".":
		p.next()
		return p.dotted(power)
	default:
		return nil, wrong(t.at, "%s is not expected here", t.text)
	}
}

func (p *parser) filter(left *node) (*node, error) {
	condition, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	right := identity
	if p.peek(0).kind != "[]" {
		if right, err = p.projected(powers["[?"]); err != nil {
			return nil, err
		}
	}
	return filterProjection(left, right, condition), nil
}

// index is a number or a slice in brackets, of which the first is gone.
func (p *parser) index(left *node) (n *node, slice bool, err error) {
	var parts [3]value
	at := 0
	for {
		t := p.next()
		switch {
		case t.kind == "]":
			if at == 0 && parts[0] != nil {
				n := element(left, parts[0])
				n.index = true
				return n, false, nil
			}
			for i, v := range parts {
				if v == nil {
					parts[i] = starlark.None
				}
			}
			return sliced(left, parts), true, nil
		case t.kind == ":" && at < 2:
			at++
		case t.kind == "number" && parts[at] == nil:
			parts[at] = t.lit
		default:
			return nil, false, wrong(t.at, "expected a number, : or ]")
		}
	}
}

func (p *parser) list() (*node, error) {
	items, err := p.commas("]")
	if err == nil && len(items) == 0 {
		err = wrong(p.peek(0).at, "a list of nothing")
	}
	return multiList(items), err
}

func (p *parser) hash() (*node, error) {
	var keys []string
	var items []*node
	for {
		t := p.next()
		if t.kind != "id" && t.kind != "quoted" {
			return nil, wrong(t.at, "expected a name")
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		keys, items = append(keys, t.text), append(items, n)
		switch t := p.next(); t.kind {
		case ",":
		case "}":
			return multiHash(keys, items), nil
		default:
			return nil, wrong(t.at, "expected , or }")
		}
	}
}

// commas are expressions up to a closing bracket.
func (p *parser) commas(end string) ([]*node, error) {
	var out []*node
	if p.peek(0).kind == end {
		p.next()
		return nil, nil
	}
	for {
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		switch t := p.next(); t.kind {
		case ",":
		case end:
			return out, nil
		default:
			return nil, wrong(t.at, "expected , or %s", end)
		}
	}
}

func (p *parser) call(name token) (*node, error) {
	args, err := p.commas(")")
	if err != nil {
		return nil, err
	}
	f, ok := functions[name.text]
	if !ok {
		return nil, wrong(name.at, "there is no function %s", name.text)
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, wrong(name.at, "%s() does not take %d arguments", name.text, len(args))
	}
	return &node{eval: func(r *run, v value) (value, error) {
		if err := r.step(1); err != nil {
			return nil, err
		}
		given := make([]value, len(args))
		for i, a := range args {
			if a.expr != nil {
				given[i] = nil
				continue
			}
			var err error
			if given[i], err = a.eval(r, v); err != nil {
				return nil, err
			}
		}
		return f.call(r, given, args)
	}}, nil
}
