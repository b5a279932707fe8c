package syntax

import "strings"

// statements reads each tag after its name.
var statements map[string]func(p *parser, at Pos) (Stmt, error)

func init() { // a tag's reader reads other tags
	statements = map[string]func(p *parser, at Pos) (Stmt, error){
		"set": (*parser).set, "for": (*parser).loop, "if": (*parser).cond, "with": (*parser).with, "block": (*parser).block,
		"extends": (*parser).extends, "include": (*parser).include, "import": (*parser).importAs, "from": (*parser).fromImport,
		"macro": (*parser).macro, "call": (*parser).callBlock, "filter": (*parser).filterBlock, "do": (*parser).do,
		"print": (*parser).printTag, "break": (*parser).breakLoop, "continue": (*parser).continueLoop, "autoescape": (*parser).autoescape,
	}
}

func (p *parser) set(at Pos) (Stmt, error) {
	var target Expr
	var err error
	if dot := p.look(); dot.kind == operator && dot.value == "." {
		place := p.here()
		object, err := p.expectName()
		if err != nil {
			return nil, err
		}
		p.next++
		field, err := p.expectName()
		if err != nil {
			return nil, err
		}
		target = &Field{Pos: place, Object: object, Name: field}
	} else if target, err = p.target(); err != nil {
		return nil, err
	}
	if p.skipOp("=") {
		value, err := p.tuple(true)
		return &Set{Pos: at, Target: target, Value: value}, err
	}
	filter, err := p.filters(nil, false)
	if err != nil {
		return nil, err
	}
	body, err := p.rest("endset")
	return &SetBlock{Pos: at, Target: target, Filter: filter, Body: body}, err
}

// target reads what is assigned to: a name or a tuple of targets.
func (p *parser) target(ends ...string) (Expr, error) {
	at := p.tok().at
	x, err := p.list(p.primary, false, ends...)
	if err != nil {
		return nil, err
	}
	return x, p.assignable(x, at)
}

func (p *parser) assignable(x Expr, at int) error {
	switch x := x.(type) {
	case *Name:
		return nil
	case *Tuple:
		for _, item := range x.Items {
			if err := p.assignable(item, at); err != nil {
				return err
			}
		}
		return nil
	}
	return p.fail(at, "expected a name, or names, to assign to")
}

func (p *parser) loop(at Pos) (Stmt, error) {
	f := &For{Pos: at}
	var err error
	if f.Target, err = p.target("in"); err != nil {
		return nil, err
	}
	if !p.skipName("in") {
		return nil, p.unexpected(`"in"`)
	}
	if f.Iter, err = p.list(p.or, false, "recursive"); err != nil {
		return nil, err
	}
	if p.skipName("if") {
		if f.Cond, err = p.expression(); err != nil {
			return nil, err
		}
	}
	f.Recursive = p.skipName("recursive")
	p.loops++
	body, end, err := p.until("endfor", "else")
	p.loops--
	if err != nil {
		return nil, err
	}
	f.Body = body
	if end == "else" {
		f.Else, err = p.rest("endfor")
	}
	return f, err
}

func (p *parser) cond(at Pos) (Stmt, error) {
	out := &If{Pos: at}
	for {
		cond, err := p.tuple(false)
		if err != nil {
			return nil, err
		}
		body, end, err := p.until("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		out.Branches = append(out.Branches, Branch{Cond: cond, Body: body})
		switch end {
		case "endif":
			return out, nil
		case "else":
			out.Else, err = p.rest("endif")
			return out, err
		}
	}
}

func (p *parser) with(at Pos) (Stmt, error) {
	w := &With{Pos: at}
	for p.tok().kind != blockEnd && !p.isOp(":") {
		if len(w.Targets) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		target, err := p.target()
		if err != nil {
			return nil, err
		}
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		value, err := p.expression()
		if err != nil {
			return nil, err
		}
		w.Targets, w.Values = append(w.Targets, target), append(w.Values, value)
	}
	var err error
	w.Body, err = p.rest("endwith")
	return w, err
}

// autoescape is accepted where it changes nothing.
func (p *parser) autoescape(at Pos) (Stmt, error) {
	tok := p.tok()
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if l, ok := x.(*Literal); !ok || bool(l.Value.Truth()) {
		return nil, p.fail(tok.at, "nothing is escaped by itself; write the filter e where text is to be escaped")
	}
	body, err := p.rest("endautoescape")
	return &Scope{Pos: at, Body: body}, err
}

func (p *parser) block(at Pos) (Stmt, error) {
	tok := p.tok()
	n, err := p.expectName()
	if err != nil {
		return nil, err
	}
	if p.blocks[n] {
		return nil, p.fail(tok.at, "there are two blocks %q", n)
	}
	p.blocks[n] = true
	b := &Block{Pos: at, Name: n, Scoped: p.skipName("scoped"), Required: p.skipName("required")}
	if p.isOp("-") {
		return nil, p.fail(p.tok().at, "a block's name has no hyphens")
	}
	loops := p.loops
	p.loops = 0
	b.Body, err = p.rest("endblock")
	p.loops = loops
	if err != nil {
		return nil, err
	}
	for _, s := range b.Body {
		if t, ok := s.(*Text); b.Required && (!ok || strings.TrimSpace(t.Value) != "") {
			return nil, p.fail(tok.at, "the block %q is required, so it has no content here", n)
		}
	}
	p.skipName(n)
	return b, nil
}

func (p *parser) extends(at Pos) (Stmt, error) {
	x, err := p.expression()
	return &Extends{Pos: at, Template: x}, err
}

// context reads "with context" or "without context".
func (p *parser) context(otherwise bool) bool {
	if next := p.look(); p.isName("with", "without") && next.kind == name && next.value == "context" {
		with := p.take().value == "with"
		p.next++
		return with
	}
	return otherwise
}

func (p *parser) include(at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	out := &Include{Pos: at, Template: x}
	if next := p.look(); p.isName("ignore") && next.kind == name && next.value == "missing" {
		out.IgnoreMissing = true
		p.next += 2
	}
	out.WithContext = p.context(true)
	return out, nil
}

func (p *parser) importAs(at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.skipName("as") {
		return nil, p.unexpected(`"as"`)
	}
	target, err := p.expectName()
	return &Import{Pos: at, Template: x, Target: target, WithContext: p.context(false)}, err
}

func (p *parser) fromImport(at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.skipName("import") {
		return nil, p.unexpected(`"import"`)
	}
	out := &FromImport{Pos: at, Template: x}
	for {
		before := p.next
		if out.WithContext = p.context(false); p.next > before {
			return out, nil
		}
		tok := p.tok()
		n, err := p.expectName()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(n, "_") {
			return nil, p.fail(tok.at, "names that begin with an underscore cannot be imported")
		}
		as := n
		if p.skipName("as") {
			if as, err = p.expectName(); err != nil {
				return nil, err
			}
		}
		out.Names = append(out.Names, Alias{Name: n, As: as})
		before = p.next
		if out.WithContext = p.context(false); p.next > before || !p.skipOp(",") {
			return out, nil
		}
	}
}

func (p *parser) signature() (Signature, error) {
	var s Signature
	if err := p.expectOp("("); err != nil {
		return s, err
	}
	for !p.skipOp(")") {
		if len(s.Params) > 0 {
			if err := p.expectOp(","); err != nil {
				return s, err
			}
		}
		n, err := p.expectName()
		if err != nil {
			return s, err
		}
		s.Params = append(s.Params, n)
		if p.skipOp("=") {
			x, err := p.expression()
			if err != nil {
				return s, err
			}
			s.Defaults = append(s.Defaults, x)
		} else if len(s.Defaults) > 0 {
			return s, p.unexpected(`"=": parameters with a default come last`)
		}
	}
	return s, nil
}

// function reads the body of a macro or a call, whose loops are its own.
func (p *parser) function(end string) ([]Stmt, error) {
	loops := p.loops
	p.loops = 0
	body, err := p.rest(end)
	p.loops = loops
	return body, err
}

func (p *parser) macro(at Pos) (Stmt, error) {
	n, err := p.expectName()
	if err != nil {
		return nil, err
	}
	m := &Macro{Pos: at, Name: n}
	if m.Signature, err = p.signature(); err != nil {
		return nil, err
	}
	m.Body, err = p.function("endmacro")
	return m, err
}

func (p *parser) callBlock(at Pos) (Stmt, error) {
	c := &CallBlock{Pos: at}
	var err error
	if p.isOp("(") {
		if c.Signature, err = p.signature(); err != nil {
			return nil, err
		}
	}
	tok := p.tok()
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	call, ok := x.(*Call)
	if !ok {
		return nil, p.fail(tok.at, "expected the call of a macro")
	}
	c.Call = call
	c.Body, err = p.function("endcall")
	return c, err
}

func (p *parser) filterBlock(at Pos) (Stmt, error) {
	f, err := p.filters(nil, true)
	if err != nil {
		return nil, err
	}
	body, err := p.rest("endfilter")
	return &FilterBlock{Pos: at, Filter: f, Body: body}, err
}

func (p *parser) do(at Pos) (Stmt, error) {
	x, err := p.tuple(true)
	return &Do{Pos: at, X: x}, err
}

// printTag reads {% print a, b %}, which prints each.
func (p *parser) printTag(at Pos) (Stmt, error) {
	out := &Scope{Pos: at}
	for p.tok().kind != blockEnd {
		if len(out.Body) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		place := p.here()
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		out.Body = append(out.Body, &Print{Pos: place, X: x})
	}
	return out, nil
}

func (p *parser) breakLoop(at Pos) (Stmt, error) {
	if p.loops == 0 {
		return nil, p.fail(p.tok().at, "break is outside of a loop")
	}
	return &Break{Pos: at}, nil
}

func (p *parser) continueLoop(at Pos) (Stmt, error) {
	if p.loops == 0 {
		return nil, p.fail(p.tok().at, "continue is outside of a loop")
	}
	return &Continue{Pos: at}, nil
}
