package syntax

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// maxDigits is how many digits a number in a template may have.
const maxDigits = 4000

// expression reads an expression, with a condition behind it or without.
func (p *parser) expression() (Expr, error) {
	if err := p.t.enter(); err != nil {
		return nil, err
	}
	defer func() { p.t.depth-- }()
	at := p.t.here()
	x, err := p.or()
	for err == nil && p.t.skipName("if") {
		c := &Cond{Pos: at, Then: x}
		if c.Test, err = p.or(); err != nil {
			return nil, err
		}
		if p.t.skipName("else") {
			if c.Else, err = p.expression(); err != nil {
				return nil, err
			}
		}
		x = c
	}
	return x, err
}

// tuple reads one expression, or several with commas between them.
func (p *parser) tuple(conditions bool) (Expr, error) {
	if conditions {
		return p.list(p.expression, false)
	}
	return p.list(p.or, false)
}

// list reads what a function reads, or a tuple of that, up to the end of a tag, a closing parenthesis or one of some
// names. Only in parentheses may it be empty.
func (p *parser) list(read func() (Expr, error), parens bool, ends ...string) (Expr, error) {
	at := p.t.here()
	var items []Expr
	isTuple := false
	for {
		if k := p.t.tok().kind; k == variableEnd || k == blockEnd || p.t.isOp(")") || p.t.isName(ends...) {
			break
		}
		x, err := read()
		if err != nil {
			return nil, err
		}
		items = append(items, x)
		if !p.t.skipOp(",") {
			break
		}
		isTuple = true
	}
	if !isTuple {
		if len(items) == 1 {
			return items[0], nil
		}
		if !parens {
			return nil, p.t.unexpected("an expression")
		}
	}
	return &Tuple{Pos: at, Items: items}, nil
}

func (p *parser) or() (Expr, error) {
	return p.binary(func() (Expr, error) {
		return p.binary(p.not, func() bool { return p.t.isName("and") })
	}, func() bool { return p.t.isName("or") })
}

func (p *parser) not() (Expr, error) {
	if !p.t.isName("not") {
		return p.compare()
	}
	if err := p.t.enter(); err != nil {
		return nil, err
	}
	defer func() { p.t.depth-- }()
	at := p.t.here()
	p.t.next++
	x, err := p.not()
	return &Unary{Pos: at, Op: "not", X: x}, err
}

// binary reads operands with operators between them, from the left.
func (p *parser) binary(operand func() (Expr, error), is func() bool) (Expr, error) {
	x, err := operand()
	for err == nil && is() {
		at := p.t.here()
		op := p.t.take().value
		var y Expr
		if y, err = operand(); err == nil {
			x = &Binary{Pos: at, Op: op, X: x, Y: y}
		}
	}
	return x, err
}

func (p *parser) compare() (Expr, error) {
	at := p.t.here()
	x, err := p.sum()
	if err != nil {
		return nil, err
	}
	c := &Compare{Pos: at, X: x}
	for {
		op := ""
		switch next := p.t.look(); {
		case p.t.isOp("==", "!=", "<", "<=", ">", ">="):
			op = p.t.take().value
		case p.t.skipName("in"):
			op = "in"
		case p.t.isName("not") && next.kind == name && next.value == "in":
			p.t.next += 2
			op = "notin"
		default:
			if len(c.Ops) == 0 {
				return x, nil
			}
			return c, nil
		}
		y, err := p.sum()
		if err != nil {
			return nil, err
		}
		c.Ops, c.Rest = append(c.Ops, op), append(c.Rest, y)
	}
}

func (p *parser) sum() (Expr, error) {
	return p.binary(p.concat, func() bool { return p.t.isOp("+", "-") })
}

func (p *parser) concat() (Expr, error) {
	at := p.t.here()
	x, err := p.product()
	if err != nil || !p.t.isOp("~") {
		return x, err
	}
	c := &Concat{Pos: at, Items: []Expr{x}}
	for p.t.skipOp("~") {
		if x, err = p.product(); err != nil {
			return nil, err
		}
		c.Items = append(c.Items, x)
	}
	return c, nil
}

func (p *parser) product() (Expr, error) {
	return p.binary(p.power, func() bool { return p.t.isOp("*", "/", "//", "%") })
}

func (p *parser) power() (Expr, error) {
	return p.binary(func() (Expr, error) { return p.unary(true) }, func() bool { return p.t.isOp("**") })
}

// unary reads a value with a sign before it; filters belong to the whole of it.
func (p *parser) unary(filters bool) (Expr, error) {
	if err := p.t.enter(); err != nil {
		return nil, err
	}
	defer func() { p.t.depth-- }()
	var x Expr
	var err error
	if at := p.t.here(); p.t.isOp("-", "+") {
		op := p.t.take().value
		if x, err = p.unary(false); err != nil {
			return nil, err
		}
		x = &Unary{Pos: at, Op: op, X: x}
	} else if x, err = p.primary(); err != nil {
		return nil, err
	}
	if x, err = p.postfix(x); err != nil || !filters {
		return x, err
	}
	return p.filtered(x)
}

// constants are the names of values.
var constants = map[string]starlark.Value{
	"true": starlark.True, "True": starlark.True, "false": starlark.False, "False": starlark.False,
	"none": starlark.None, "None": starlark.None,
}

// primary reads a literal, a name, or what stands in brackets.
func (p *parser) primary() (Expr, error) {
	t, at := p.t.tok(), p.t.here()
	switch t.kind {
	case name:
		p.t.next++
		if v, ok := constants[t.value]; ok {
			return &Literal{Pos: at, Value: v}, nil
		}
		return &Name{Pos: at, Name: t.value}, nil
	case text:
		var b strings.Builder
		for p.t.tok().kind == text { // adjacent strings are one
			b.WriteString(p.t.take().value)
		}
		return &Literal{Pos: at, Value: starlark.String(b.String())}, nil
	case integer, float:
		p.t.next++
		v, err := readNumber(p, t)
		return &Literal{Pos: at, Value: v}, err
	case operator:
		switch t.value {
		case "(":
			p.t.next++
			return p.parens()
		case "[":
			p.t.next++
			items, err := readItems(p, "]")
			return &List{Pos: at, Items: items}, err
		case "{":
			p.t.next++
			return readDict(p, at)
		}
	}
	return nil, p.t.unexpected("an expression")
}

// number makes the value of a number.
func readNumber(p *parser, t token) (starlark.Value, error) {
	if len(t.value) > maxDigits {
		return nil, p.t.fail(t.at, "a number of more than %d digits", maxDigits)
	}
	if t.kind == float {
		f, err := strconv.ParseFloat(t.value, 64)
		if err != nil && !strings.Contains(err.Error(), "range") { // what is out of range is infinite, as in Python
			return nil, p.t.fail(t.at, "%q is no number", t.value)
		}
		return starlark.Float(f), nil
	}
	n, ok := new(big.Int).SetString(t.value, 0)
	if !ok {
		return nil, p.t.fail(t.at, "%q is no whole number", t.value)
	}
	return starlark.MakeBigInt(n), nil
}

// parens reads what stands in parentheses: an expression, or a tuple.
func (p *parser) parens() (Expr, error) {
	if err := p.t.enter(); err != nil {
		return nil, err
	}
	defer func() { p.t.depth-- }()
	x, err := p.list(p.expression, true)
	if err != nil {
		return nil, err
	}
	return x, p.t.expectOp(")")
}

// items reads expressions with commas between them up to a closing bracket.
func readItems(p *parser, end string) ([]Expr, error) {
	var out []Expr
	for !p.t.skipOp(end) {
		if len(out) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return nil, err
			}
			if p.t.skipOp(end) {
				break
			}
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func readDict(p *parser, at Pos) (Expr, error) {
	d := &Dict{Pos: at}
	for !p.t.skipOp("}") {
		if len(d.Keys) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return nil, err
			}
			if p.t.skipOp("}") {
				break
			}
		}
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.t.expectOp(":"); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		d.Keys, d.Values = append(d.Keys, k), append(d.Values, v)
	}
	return d, nil
}

// postfix reads attributes, subscripts and calls behind a value.
func (p *parser) postfix(x Expr) (Expr, error) {
	for {
		at := p.t.here()
		var err error
		switch {
		case p.t.isOp("."):
			p.t.next++
			x, err = readAttr(p, x, at)
		case p.t.isOp("["):
			p.t.next++
			x, err = readSubscript(p, x, at)
		case p.t.isOp("("):
			x, err = readCall(p, x, at)
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func readAttr(p *parser, x Expr, at Pos) (Expr, error) {
	t := p.t.take()
	switch t.kind {
	case name:
		return &Attr{Pos: at, X: x, Name: t.value}, nil
	case integer:
		v, err := readNumber(p, t)
		return &Index{Pos: at, X: x, Key: &Literal{Pos: at, Value: v}}, err
	}
	return nil, p.t.fail(t.at, "expected a name or a number after the dot, got %s", t)
}

func readSubscript(p *parser, x Expr, at Pos) (Expr, error) {
	var keys []Expr
	for !p.t.skipOp("]") {
		if len(keys) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return nil, err
			}
		}
		k, err := readSubscribed(p)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 1 {
		return &Index{Pos: at, X: x, Key: keys[0]}, nil
	}
	return &Index{Pos: at, X: x, Key: &Tuple{Pos: at, Items: keys}}, nil
}

// subscribed reads an index or a slice.
func readSubscribed(p *parser) (Expr, error) {
	s := &Slice{Pos: p.t.here()}
	var err error
	if !p.t.isOp(":") {
		if s.Lo, err = p.expression(); err != nil || !p.t.isOp(":") {
			return s.Lo, err
		}
	}
	p.t.next++
	part := func() (Expr, error) {
		if p.t.isOp(":", "]", ",") {
			return nil, nil
		}
		return p.expression()
	}
	if s.Hi, err = part(); err != nil {
		return nil, err
	}
	if p.t.skipOp(":") {
		s.Step, err = part()
	}
	return s, err
}

func readCall(p *parser, f Expr, at Pos) (Expr, error) {
	args, err := readArgs(p)
	return &Call{Pos: at, Func: f, Args: args}, err
}

// args reads the arguments of a call.
func readArgs(p *parser) (Args, error) {
	var a Args
	if err := p.t.expectOp("("); err != nil {
		return a, err
	}
	for n := 0; !p.t.skipOp(")"); n++ {
		if n > 0 {
			if err := p.t.expectOp(","); err != nil {
				return a, err
			}
			if p.t.skipOp(")") {
				break
			}
		}
		if err := readArg(p, &a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// arg reads one argument: *x, **x, name=x or x.
func readArg(p *parser, a *Args) (err error) {
	at := p.t.tok().at
	next := p.t.look()
	switch {
	case p.t.skipOp("*"):
		if a.Star != nil || a.Kwargs != nil {
			return p.t.fail(at, "an argument *... comes once, and before **...")
		}
		a.Star, err = p.expression()
	case p.t.skipOp("**"):
		if a.Kwargs != nil {
			return p.t.fail(at, "an argument **... comes once")
		}
		a.Kwargs, err = p.expression()
	case p.t.tok().kind == name && next.kind == operator && next.value == "=":
		if a.Kwargs != nil {
			return p.t.fail(at, "arguments come before **...")
		}
		key := p.t.take().value
		if slices.ContainsFunc(a.Named, func(n NamedArg) bool { return n.Name == key }) {
			return p.t.fail(at, "the argument %s is given twice", key)
		}
		p.t.next++
		var x Expr
		x, err = p.expression()
		a.Named = append(a.Named, NamedArg{Name: key, Value: x})
	default:
		if a.Star != nil || a.Kwargs != nil || len(a.Named) > 0 {
			return p.t.fail(at, "arguments without a name come before those with one")
		}
		var x Expr
		x, err = p.expression()
		a.Positional = append(a.Positional, x)
	}
	return err
}

// filtered reads filters, tests and calls behind a value.
func (p *parser) filtered(x Expr) (Expr, error) {
	for {
		at := p.t.here()
		var err error
		switch {
		case p.t.isOp("|"):
			x, err = p.filters(x, false)
		case p.t.isName("is"):
			p.t.next++
			x, err = p.test(x, at)
		case p.t.isOp("("):
			x, err = readCall(p, x, at)
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// dotted reads a name with dots in it.
func readDotted(p *parser) (string, error) {
	n, err := p.t.expectName()
	for err == nil && p.t.skipOp(".") {
		var part string
		part, err = p.t.expectName()
		n = fmt.Sprintf("%s.%s", n, part)
	}
	return n, err
}

// filters reads filters behind a value, or behind nothing, where the value is a block's text. Inline, the first has no
// bar before it.
func (p *parser) filters(x Expr, inline bool) (Expr, error) {
	for inline || p.t.isOp("|") {
		if !inline {
			p.t.next++
		}
		inline = false
		f := &Filter{Pos: p.t.here(), X: x}
		var err error
		if f.Name, err = readDotted(p); err != nil {
			return nil, err
		}
		if p.t.isOp("(") {
			if f.Args, err = readArgs(p); err != nil {
				return nil, err
			}
		}
		x = f
	}
	return x, nil
}

// test reads what comes after "is".
func (p *parser) test(x Expr, at Pos) (Expr, error) {
	negated := p.t.skipName("not")
	t := &Test{Pos: at, X: x}
	var err error
	if t.Name, err = readDotted(p); err != nil {
		return nil, err
	}
	switch k := p.t.tok().kind; {
	case p.t.isOp("("):
		t.Args, err = readArgs(p)
	case p.t.isName("is"):
		return nil, p.t.fail(p.t.tok().at, "two tests follow each other; write and between them")
	case k == name && !p.t.isName("else", "or", "and"), k == text, k == integer, k == float, p.t.isOp("[", "{"):
		var arg Expr
		if arg, err = p.primary(); err == nil {
			arg, err = p.postfix(arg)
		}
		t.Args.Positional = []Expr{arg}
	}
	if negated {
		return &Unary{Pos: at, Op: "not", X: t}, err
	}
	return t, err
}
