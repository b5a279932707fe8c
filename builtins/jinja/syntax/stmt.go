package syntax

import "strings"

// statements reads each tag after its name.
var statements map[string]func(p *parser, at Pos) (Stmt, error)

func init() { // a tag's reader reads other tags
	statements = map[string]func(p *parser, at Pos) (Stmt, error){
		"set": readSet, "for": readLoop, "if": readCond, "with": readWith, "block": readBlock,
		"extends": readExtends, "include": readInclude, "import": readImportAs, "from": readFromImport,
		"macro": readMacro, "call": readCallBlock, "filter": readFilterBlock, "do": readDo,
		"print": readPrintTag, "break": readBreakLoop, "continue": readContinueLoop, "autoescape": readAutoescape,
	}
}

func readSet(p *parser, at Pos) (Stmt, error) {
	var target Expr
	var err error
	if dot := p.t.look(); dot.kind == operator && dot.value == "." {
		place := p.t.here()
		object, err := p.t.expectName()
		if err != nil {
			return nil, err
		}
		p.t.next++
		field, err := p.t.expectName()
		if err != nil {
			return nil, err
		}
		target = &Field{Pos: place, Object: object, Name: field}
	} else if target, err = readTarget(p); err != nil {
		return nil, err
	}
	if p.t.skipOp("=") {
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
func readTarget(p *parser, ends ...string) (Expr, error) {
	at := p.t.tok().at
	x, err := p.list(p.primary, false, ends...)
	if err != nil {
		return nil, err
	}
	return x, readAssignable(p, x, at)
}

func readAssignable(p *parser, x Expr, at int) error {
	switch x := x.(type) {
	case *Name:
		return nil
	case *Tuple:
		for _, item := range x.Items {
			if err := readAssignable(p, item, at); err != nil {
				return err
			}
		}
		return nil
	}
	return p.t.fail(at, "expected a name, or names, to assign to")
}

func readLoop(p *parser, at Pos) (Stmt, error) {
	f := &For{Pos: at}
	var err error
	if f.Target, err = readTarget(p, "in"); err != nil {
		return nil, err
	}
	if !p.t.skipName("in") {
		return nil, p.t.unexpected(`"in"`)
	}
	if f.Iter, err = p.list(p.or, false, "recursive"); err != nil {
		return nil, err
	}
	if p.t.skipName("if") {
		if f.Cond, err = p.expression(); err != nil {
			return nil, err
		}
	}
	f.Recursive = p.t.skipName("recursive")
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

func readCond(p *parser, at Pos) (Stmt, error) {
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

func readWith(p *parser, at Pos) (Stmt, error) {
	w := &With{Pos: at}
	for p.t.tok().kind != blockEnd && !p.t.isOp(":") {
		if len(w.Targets) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return nil, err
			}
		}
		target, err := readTarget(p)
		if err != nil {
			return nil, err
		}
		if err := p.t.expectOp("="); err != nil {
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
func readAutoescape(p *parser, at Pos) (Stmt, error) {
	tok := p.t.tok()
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if l, ok := x.(*Literal); !ok || bool(l.Value.Truth()) {
		return nil, p.t.fail(tok.at, "nothing is escaped by itself; write the filter e where text is to be escaped")
	}
	body, err := p.rest("endautoescape")
	return &Scope{Pos: at, Body: body}, err
}

func readBlock(p *parser, at Pos) (Stmt, error) {
	tok := p.t.tok()
	n, err := p.t.expectName()
	if err != nil {
		return nil, err
	}
	if p.blocks[n] {
		return nil, p.t.fail(tok.at, "there are two blocks %q", n)
	}
	p.blocks[n] = true
	b := &Block{Pos: at, Name: n, Scoped: p.t.skipName("scoped"), Required: p.t.skipName("required")}
	if p.t.isOp("-") {
		return nil, p.t.fail(p.t.tok().at, "a block's name has no hyphens")
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
			return nil, p.t.fail(tok.at, "the block %q is required, so it has no content here", n)
		}
	}
	p.t.skipName(n)
	return b, nil
}

func readExtends(p *parser, at Pos) (Stmt, error) {
	x, err := p.expression()
	return &Extends{Pos: at, Template: x}, err
}

// context reads "with context" or "without context".
func readContext(p *parser, otherwise bool) bool {
	if next := p.t.look(); p.t.isName("with", "without") && next.kind == name && next.value == "context" {
		with := p.t.take().value == "with"
		p.t.next++
		return with
	}
	return otherwise
}

func readInclude(p *parser, at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	out := &Include{Pos: at, Template: x}
	if next := p.t.look(); p.t.isName("ignore") && next.kind == name && next.value == "missing" {
		out.IgnoreMissing = true
		p.t.next += 2
	}
	out.WithContext = readContext(p, true)
	return out, nil
}

func readImportAs(p *parser, at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.t.skipName("as") {
		return nil, p.t.unexpected(`"as"`)
	}
	target, err := p.t.expectName()
	return &Import{Pos: at, Template: x, Target: target, WithContext: readContext(p, false)}, err
}

func readFromImport(p *parser, at Pos) (Stmt, error) {
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.t.skipName("import") {
		return nil, p.t.unexpected(`"import"`)
	}
	out := &FromImport{Pos: at, Template: x}
	for {
		before := p.t.next
		if out.WithContext = readContext(p, false); p.t.next > before {
			return out, nil
		}
		tok := p.t.tok()
		n, err := p.t.expectName()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(n, "_") {
			return nil, p.t.fail(tok.at, "names that begin with an underscore cannot be imported")
		}
		as := n
		if p.t.skipName("as") {
			if as, err = p.t.expectName(); err != nil {
				return nil, err
			}
		}
		out.Names = append(out.Names, Alias{Name: n, As: as})
		before = p.t.next
		if out.WithContext = readContext(p, false); p.t.next > before || !p.t.skipOp(",") {
			return out, nil
		}
	}
}

func readSignature(p *parser) (Signature, error) {
	var s Signature
	if err := p.t.expectOp("("); err != nil {
		return s, err
	}
	for !p.t.skipOp(")") {
		if len(s.Params) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return s, err
			}
		}
		n, err := p.t.expectName()
		if err != nil {
			return s, err
		}
		s.Params = append(s.Params, n)
		if p.t.skipOp("=") {
			x, err := p.expression()
			if err != nil {
				return s, err
			}
			s.Defaults = append(s.Defaults, x)
		} else if len(s.Defaults) > 0 {
			return s, p.t.unexpected(`"=": parameters with a default come last`)
		}
	}
	return s, nil
}

// function reads the body of a macro or a call, whose loops are its own.
func readFunction(p *parser, end string) ([]Stmt, error) {
	loops := p.loops
	p.loops = 0
	body, err := p.rest(end)
	p.loops = loops
	return body, err
}

func readMacro(p *parser, at Pos) (Stmt, error) {
	n, err := p.t.expectName()
	if err != nil {
		return nil, err
	}
	m := &Macro{Pos: at, Name: n}
	if m.Signature, err = readSignature(p); err != nil {
		return nil, err
	}
	m.Body, err = readFunction(p, "endmacro")
	return m, err
}

func readCallBlock(p *parser, at Pos) (Stmt, error) {
	c := &CallBlock{Pos: at}
	var err error
	if p.t.isOp("(") {
		if c.Signature, err = readSignature(p); err != nil {
			return nil, err
		}
	}
	tok := p.t.tok()
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	call, ok := x.(*Call)
	if !ok {
		return nil, p.t.fail(tok.at, "expected the call of a macro")
	}
	c.Call = call
	c.Body, err = readFunction(p, "endcall")
	return c, err
}

func readFilterBlock(p *parser, at Pos) (Stmt, error) {
	f, err := p.filters(nil, true)
	if err != nil {
		return nil, err
	}
	body, err := p.rest("endfilter")
	return &FilterBlock{Pos: at, Filter: f, Body: body}, err
}

func readDo(p *parser, at Pos) (Stmt, error) {
	x, err := p.tuple(true)
	return &Do{Pos: at, X: x}, err
}

// printTag reads {% print a, b %}, which prints each.
func readPrintTag(p *parser, at Pos) (Stmt, error) {
	out := &Scope{Pos: at}
	for p.t.tok().kind != blockEnd {
		if len(out.Body) > 0 {
			if err := p.t.expectOp(","); err != nil {
				return nil, err
			}
		}
		place := p.t.here()
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		out.Body = append(out.Body, &Print{Pos: place, X: x})
	}
	return out, nil
}

func readBreakLoop(p *parser, at Pos) (Stmt, error) {
	if p.loops == 0 {
		return nil, p.t.fail(p.t.tok().at, "break is outside of a loop")
	}
	return &Break{Pos: at}, nil
}

func readContinueLoop(p *parser, at Pos) (Stmt, error) {
	if p.loops == 0 {
		return nil, p.t.fail(p.t.tok().at, "continue is outside of a loop")
	}
	return &Continue{Pos: at}, nil
}
