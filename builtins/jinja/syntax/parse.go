package syntax

import (
	"fmt"
	"strings"
)

// parser makes the tree.
type parser struct {
	t *stream
	// tags are the tags that are open, each with what may end its present part.
	tags  []openTag
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
	p := &parser{t: &stream{src: s}, blocks: map[string]bool{}}
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

// body reads statements up to a tag that ends the innermost open one, whose name is left to be read, or to the end.
func (p *parser) body() ([]Stmt, error) {
	var out []Stmt
	for {
		t := p.t.tok()
		at := p.t.place(t.at)
		switch t.kind {
		case data:
			p.t.next++
			out = append(out, &Text{Pos: at, Value: t.value})
		case variableBegin:
			p.t.next++
			x, err := p.tuple(true)
			if err != nil {
				return nil, err
			}
			if err := p.t.expect(variableEnd); err != nil {
				return nil, err
			}
			out = append(out, &Print{Pos: at, X: x})
		case blockBegin:
			p.t.next++
			if n := len(p.tags); n > 0 && p.t.isName(p.tags[n-1].ends...) {
				return out, nil
			}
			stmts, err := p.statement(at)
			if err != nil {
				return nil, err
			}
			out = append(out, stmts...)
			if err := p.t.expect(blockEnd); err != nil {
				return nil, err
			}
		default:
			if n := len(p.tags); n > 0 {
				open := p.tags[n-1]
				return nil, p.t.fail(open.at, "the tag %q has no end: %s is missing", open.name, alternatives(open.ends))
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
	p.t.skipOp(":")
	if err := p.t.expect(blockEnd); err != nil {
		return nil, "", err
	}
	p.tags[len(p.tags)-1].ends = ends
	body, err := p.body()
	if err != nil {
		return nil, "", err
	}
	return body, p.t.take().value, nil
}

// rest is until for a tag that has one part.
func (p *parser) rest(end string) ([]Stmt, error) {
	body, _, err := p.until(end)
	return body, err
}

// statement reads one tag, whose name comes next.
func (p *parser) statement(at Pos) ([]Stmt, error) {
	t := p.t.tok()
	if t.kind != name {
		return nil, p.t.unexpected("the name of a tag")
	}
	read, ok := statements[t.value]
	if !ok {
		return nil, p.unknownTag(t)
	}
	if err := p.t.enter(); err != nil {
		return nil, err
	}
	defer func() { p.t.depth-- }()
	p.t.next++
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
			return p.t.fail(t.at, "unexpected tag %q: the tag %q of line %d expects %s", t.value, open.name, p.t.place(open.at).Line, alternatives(open.ends))
		}
	}
	if strings.HasPrefix(t.value, "end") || t.value == "else" || t.value == "elif" {
		return p.t.fail(t.at, "the tag %q ends nothing that is open", t.value)
	}
	return p.t.fail(t.at, "there is no tag %q", t.value)
}
