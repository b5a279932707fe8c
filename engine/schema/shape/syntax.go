package shape

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// maxExact bounds the integers that shapes work with: up to here a float64 holds them all.
const maxExact = 1 << 53

// maxReferences bounds how many definitions a constraint may lead through.
const maxReferences = 8

// Syntax is the text of one definition.
type Syntax struct {
	fields map[string]ast.Expr // nil for a field with several declarations
	// definitions are the package's, by name; nil for one with several declarations.
	definitions map[string]ast.Expr
	// taken are the names in scope, which may hide CUE's own.
	taken map[string]bool
	plain bool
}

// Find returns the text of a definition among a package's files.
func Find(files []*ast.File, def string) *Syntax {
	s := &Syntax{fields: map[string]ast.Expr{}, definitions: map[string]ast.Expr{}, taken: map[string]bool{}, plain: true}
	for _, file := range files {
		for _, decl := range file.Decls {
			if name, ok := s.declare(decl, s.definitions); !ok && name == "" {
				s.plain = false // an embedding, for example, may add to any definition
			}
		}
	}
	body, ok := s.definitions[def].(*ast.StructLit)
	if !ok {
		s.plain = false
		return s
	}
	for _, decl := range body.Elts {
		name, ok := s.declare(decl, s.fields)
		if !ok || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") {
			s.plain = false // a hidden field may constrain others
		}
	}
	return s
}

// Plain reports whether the definition consists of its fields and nothing
// else, so that the fields' shapes are all there is to it.
func (s *Syntax) Plain() bool { return s.plain }

// Field compiles the constraint of a field.
func (s *Syntax) Field(name string) Shape { return s.compile(s.fields[name], 0) }

// declare notes a declaration in into, and the names it takes. It reports the
// name, and whether this is all there is to the declaration.
func (s *Syntax) declare(decl ast.Decl, into map[string]ast.Expr) (name string, ok bool) {
	switch decl := decl.(type) {
	case *ast.Package, *ast.CommentGroup, *ast.Attribute:
		return "", true
	case *ast.ImportDecl:
		for _, spec := range decl.Specs {
			s.taken[importName(spec)] = true
		}
		return "", true
	case *ast.LetClause:
		s.taken[decl.Ident.Name] = true
		return decl.Ident.Name, false
	case *ast.Field:
		name = labelName(decl.Label)
		if name == "" {
			return "", false
		}
		s.taken[name] = true
		if _, again := into[name]; again {
			into[name] = nil
			return name, false
		}
		into[name] = decl.Value
		return name, true
	}
	return "", false
}

func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	path, _ := literal.Unquote(spec.Path.Value)
	return path[strings.LastIndexAny(path, "/:")+1:]
}

// labelName returns the name of a plain label, "" for a pattern, an alias or an interpolation.
func labelName(label ast.Label) string {
	switch label := label.(type) {
	case *ast.Ident, *ast.BasicLit:
		name, _, err := ast.LabelName(label)
		if err == nil {
			return name
		}
	}
	return ""
}

// compile turns an expression into a shape, what it does not know into an opaque one.
func (s *Syntax) compile(e ast.Expr, depth int) Shape {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.compile(e.X, depth)
	case *ast.BasicLit:
		return constant(e, 1)
	case *ast.Ident:
		return s.named(e.Name, depth)
	case *ast.UnaryExpr:
		return s.unary(e, depth)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.AND:
			return both(s.compile(e.X, depth), s.compile(e.Y, depth))
		case token.OR:
			return anyOf(s.options(e, depth))
		}
	case *ast.ListLit:
		return s.list(e, depth)
	case *ast.StructLit:
		return s.dict(e, depth)
	}
	return opaque{}
}

// named compiles the name of a kind or of a definition of the package.
func (s *Syntax) named(name string, depth int) Shape {
	_, nested := s.fields[name]
	if body := s.definitions[name]; body != nil && !nested && strings.HasPrefix(name, "#") && depth < maxReferences {
		return s.compile(body, depth+1)
	}
	if s.taken[name] {
		return opaque{}
	}
	switch name {
	case "string":
		return scalar{kinds: kindString}
	case "bool":
		return scalar{kinds: kindBool}
	case "int":
		return scalar{kinds: kindInt}
	case "number":
		return scalar{kinds: kindInt | kindFloat}
	case "uint":
		return scalar{kinds: kindInt, bounds: []bound{{token.GEQ, 0}}}
	case "uint8":
		return scalar{kinds: kindInt, bounds: []bound{{token.GEQ, 0}, {token.LEQ, 255}}}
	case "uint16":
		return scalar{kinds: kindInt, bounds: []bound{{token.GEQ, 0}, {token.LEQ, 65535}}}
	}
	return opaque{}
}

// unary compiles a bound, a pattern, a negative number or a default's mark.
func (s *Syntax) unary(e *ast.UnaryExpr, depth int) Shape {
	if e.Op == token.MUL {
		return s.compile(e.X, depth)
	}
	if e.Op == token.SUB {
		if number, ok := e.X.(*ast.BasicLit); ok {
			return constant(number, -1)
		}
	}
	limit, ok := s.compile(e.X, depth).(exact)
	if !ok {
		return opaque{}
	}
	switch v := limit.value.(type) {
	case string:
		return textLimit(e.Op, v)
	case int64:
		switch e.Op {
		case token.GEQ, token.GTR, token.LEQ, token.LSS:
			return scalar{kinds: kindInt | kindFloat, bounds: []bound{{e.Op, v}}}
		}
	}
	return opaque{}
}

func textLimit(op token.Token, text string) Shape {
	switch op {
	case token.NEQ:
		return scalar{kinds: kindString, not: []string{text}}
	case token.MAT, token.NMAT:
		if re, err := regexp.Compile(text); err == nil {
			return scalar{kinds: kindString, patterns: []pattern{{re, op == token.NMAT}}}
		}
	}
	return opaque{}
}

// constant compiles a literal; sign is 1 or -1.
func constant(lit *ast.BasicLit, sign int64) Shape {
	switch lit.Kind {
	case token.INT:
		n, err := strconv.ParseInt(lit.Value, 0, 64)
		if err == nil && n <= maxExact {
			return exact{sign * n}
		}
	case token.STRING:
		quotes, _, _, err := literal.ParseQuotes(lit.Value, lit.Value)
		if err != nil || !quotes.IsDouble() {
			return opaque{} // bytes
		}
		if text, err := literal.Unquote(lit.Value); err == nil && sign == 1 {
			return exact{text}
		}
	case token.TRUE, token.FALSE:
		return exact{lit.Kind == token.TRUE}
	case token.NULL:
		return exact{nil}
	}
	return opaque{}
}

func (s *Syntax) options(e ast.Expr, depth int) []Shape {
	if or, ok := e.(*ast.BinaryExpr); ok && or.Op == token.OR {
		return append(s.options(or.X, depth), s.options(or.Y, depth)...)
	}
	return []Shape{s.compile(e, depth)}
}

func (s *Syntax) list(e *ast.ListLit, depth int) Shape {
	var l list
	for _, element := range e.Elts {
		switch element := element.(type) {
		case *ast.Ellipsis:
			if element.Type == nil {
				return opaque{}
			}
			l.rest = s.compile(element.Type, depth)
		case *ast.BasicLit, *ast.BinaryExpr, *ast.UnaryExpr, *ast.Ident, *ast.ParenExpr, *ast.ListLit, *ast.StructLit:
			l.items = append(l.items, s.compile(element, depth))
		default: // a comprehension stands for any number of elements
			return opaque{}
		}
	}
	return l
}

// dict compiles {[string]: value}.
func (s *Syntax) dict(e *ast.StructLit, depth int) Shape {
	if len(e.Elts) != 1 {
		return opaque{}
	}
	field, ok := e.Elts[0].(*ast.Field)
	if !ok {
		return opaque{}
	}
	label, ok := field.Label.(*ast.ListLit)
	if !ok || len(label.Elts) != 1 {
		return opaque{}
	}
	if of, ok := label.Elts[0].(*ast.Ident); !ok || of.Name != "string" || s.taken[of.Name] {
		return opaque{}
	}
	return dict{s.compile(field.Value, depth)}
}

// both is what two shapes have in common.
func both(a, b Shape) Shape {
	x, ok := a.(scalar)
	if !ok {
		if _, flip := b.(scalar); !flip {
			return opaque{}
		}
		return both(b, a)
	}
	switch y := b.(type) {
	case scalar:
		if x.kinds&y.kinds == 0 {
			return opaque{}
		}
		return scalar{
			kinds:    x.kinds & y.kinds,
			bounds:   slices.Concat(x.bounds, y.bounds),
			patterns: slices.Concat(x.patterns, y.patterns),
			not:      slices.Concat(x.not, y.not),
		}
	case exact:
		if x.Accept(y.value) == Yes {
			return y
		}
	}
	return opaque{}
}

// anyOf is a choice, without the constants that another option allows anyway.
func anyOf(options []Shape) Shape {
	var kept []Shape
	dicts := 0
	for i, option := range options {
		if option.Schema() == nil {
			return opaque{}
		}
		if strings.Contains(option.Kind(), kindDict.String()) {
			dicts++
		}
		if !covered(options, i) {
			kept = append(kept, option)
		}
	}
	switch {
	case dicts > 1: // which one a value means is for CUE to say
		return opaque{}
	case len(kept) == 1:
		return kept[0]
	}
	return choice{kept}
}

// covered reports whether option i is a constant that a wider option, or an earlier equal one, allows.
func covered(options []Shape, i int) bool {
	value, ok := options[i].constant()
	if !ok {
		return false
	}
	for j, other := range options {
		_, constant := other.constant()
		if (j < i || !constant) && j != i && other.Accept(value) == Yes {
			return true
		}
	}
	return false
}
