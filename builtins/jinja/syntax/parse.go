package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// MaxDepth is how deeply tags and expressions may be nested.
const MaxDepth = 200

// parser reads tokens, one of which it looks at.
type parser struct {
	*scanner
	next int
	// tags are the tags that are open, each with what may end its present part.
	tags  []openTag
	depth int
	loops int // loops of the present macro or block that are open
	// blocks are the names of blocks.
	blocks map[string]bool
}

type openTag struct {
	name string
	at   int
	ends []string
}

// Parse reads a template's text. Its first line may change the options, unless it is one that another template names.
func Parse(source string, o Options) (t *Template, err error) {
	rest := source
	if !o.Named {
		if rest, o, err = Header(source, o); err != nil {
			return nil, err
		}
	}
	first := 1
	if len(rest) < len(source) {
		first = 2
	}
	defer func() {
		if e, ok := errorAs(err); ok {
			e.Pos.Line += first - 1
		}
	}()
	s, err := scan(rest, o)
	if err != nil {
		return nil, err
	}
	p := &parser{scanner: s, blocks: map[string]bool{}}
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	return &Template{Body: body, Source: s.src, First: first, Options: o}, nil
}

func errorAs(err error) (*Error, bool) {
	e, ok := err.(*Error) //nolint:errorlint // made here, and not wrapped
	return e, ok
}

func (p *parser) tok() token  { return p.tokens[p.next] }
func (p *parser) look() token { return p.tokens[min(p.next+1, len(p.tokens)-1)] }
func (p *parser) here() Pos   { return p.place(p.tok().at) }
func (p *parser) take() token {
	t := p.tok()
	if t.kind != eof {
		p.next++
	}
	return t
}

// isName reports whether the present token is one of some names.
func (p *parser) isName(names ...string) bool {
	t := p.tok()
	return t.kind == name && slices.Contains(names, t.value)
}

func (p *parser) isOp(ops ...string) bool {
	t := p.tok()
	return t.kind == operator && slices.Contains(ops, t.value)
}

// skipName takes a name if it is the present token.
func (p *parser) skipName(n string) bool {
	if !p.isName(n) {
		return false
	}
	p.next++
	return true
}

func (p *parser) skipOp(op string) bool {
	if !p.isOp(op) {
		return false
	}
	p.next++
	return true
}

func (p *parser) expectOp(op string) error {
	if p.skipOp(op) {
		return nil
	}
	return p.unexpected(fmt.Sprintf("%q", op))
}

func (p *parser) expectName() (string, error) {
	if p.tok().kind != name {
		return "", p.unexpected("a name")
	}
	return p.take().value, nil
}

func (p *parser) expect(k kind) error {
	if p.tok().kind != k {
		return p.unexpected(token{kind: k}.String())
	}
	p.next++
	return nil
}

// unexpected is the error of another token than was expected.
func (p *parser) unexpected(want string) error {
	t := p.tok()
	return p.fail(t.at, "expected %s, got %s", want, t)
}

// enter counts what is nested.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.fail(p.tok().at, "more than %d levels are nested", MaxDepth)
	}
	return nil
}

// body reads statements up to a tag that ends the innermost open one, whose name is left to be read, or to the end.
func (p *parser) body() ([]Stmt, error) {
	var out []Stmt
	for {
		t := p.tok()
		at := p.place(t.at)
		switch t.kind {
		case data:
			p.next++
			out = append(out, &Text{Pos: at, Value: t.value})
		case variableBegin:
			p.next++
			x, err := p.tuple(true)
			if err != nil {
				return nil, err
			}
			if err := p.expect(variableEnd); err != nil {
				return nil, err
			}
			out = append(out, &Print{Pos: at, X: x})
		case blockBegin:
			p.next++
			if n := len(p.tags); n > 0 && p.isName(p.tags[n-1].ends...) {
				return out, nil
			}
			stmts, err := p.statement(at)
			if err != nil {
				return nil, err
			}
			out = append(out, stmts...)
			if err := p.expect(blockEnd); err != nil {
				return nil, err
			}
		default:
			if n := len(p.tags); n > 0 {
				open := p.tags[n-1]
				return nil, p.fail(open.at, "the tag %q has no end: %s is missing", open.name, alternatives(open.ends))
			}
			return out, nil
		}
	}
}

// alternatives joins the names of tags.
func alternatives(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, " or ")
}

// until reads the body of an open tag up to one of some tags, and returns the one that ended it.
func (p *parser) until(ends ...string) ([]Stmt, string, error) {
	p.skipOp(":")
	if err := p.expect(blockEnd); err != nil {
		return nil, "", err
	}
	p.tags[len(p.tags)-1].ends = ends
	body, err := p.body()
	if err != nil {
		return nil, "", err
	}
	return body, p.take().value, nil
}

// rest is until for a tag that has one part.
func (p *parser) rest(end string) ([]Stmt, error) {
	body, _, err := p.until(end)
	return body, err
}

// statement reads one tag, whose name comes next.
func (p *parser) statement(at Pos) ([]Stmt, error) {
	t := p.tok()
	if t.kind != name {
		return nil, p.unexpected("the name of a tag")
	}
	read, ok := statements[t.value]
	if !ok {
		return nil, p.unknownTag(t)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.next++
	p.tags = append(p.tags, openTag{name: t.value, at: t.at})
	stmt, err := read(p, at)
	p.tags = p.tags[:len(p.tags)-1]
	if err != nil {
		return nil, err
	}
	return []Stmt{stmt}, nil
}

// unknownTag says which tag would have been right.
func (p *parser) unknownTag(t token) error {
	if len(p.tags) > 0 {
		open := p.tags[len(p.tags)-1]
		if strings.HasPrefix(t.value, "end") || t.value == "else" || t.value == "elif" {
			return p.fail(t.at, "unexpected tag %q: the tag %q of line %d expects %s", t.value, open.name, p.place(open.at).Line, alternatives(open.ends))
		}
	}
	if strings.HasPrefix(t.value, "end") || t.value == "else" || t.value == "elif" {
		return p.fail(t.at, "the tag %q ends nothing that is open", t.value)
	}
	return p.fail(t.at, "there is no tag %q", t.value)
}
