// Package syntax reads Jinja templates: tokens, and the tree that they make. It follows the grammar of Jinja2 3.1 with
// the tags do, break and continue.
//
// It imports the Starlark library, for the values of literals, only.
package syntax

import "go.starlark.net/starlark"

// Node is an element of the tree.
type Node interface{ Place() Pos }

// Place returns where the element begins.
func (p Pos) Place() Pos { return p }

// Expr is an expression.
type Expr interface {
	Node
	expr()
}

// Stmt is text, an expression that is printed, or a tag.
type Stmt interface {
	Node
	stmt()
}

// Expressions.
type (
	// Literal is a constant: None, a boolean, a number, a text.
	Literal struct {
		Pos
		Value starlark.Value
	}
	// Name is a variable.
	Name struct {
		Pos
		Name string
	}
	// Tuple is (a, b).
	Tuple struct {
		Pos
		Items []Expr
	}
	// List is [a, b].
	List struct {
		Pos
		Items []Expr
	}
	// Dict is {k: v}; Keys and Values have one length.
	Dict struct {
		Pos
		Keys, Values []Expr
	}
	// Attr is x.name.
	Attr struct {
		Pos
		X    Expr
		Name string
	}
	// Index is x[i]; Key may be a Slice.
	Index struct {
		Pos
		X, Key Expr
	}
	// Slice is lo:hi:step, each of which may be nil.
	Slice struct {
		Pos
		Lo, Hi, Step Expr
	}
	// Call is f(args).
	Call struct {
		Pos
		Func Expr
		Args Args
	}
	// Filter is x|name(args). X is nil for the filter of a block.
	Filter struct {
		Pos
		X    Expr
		Name string
		Args Args
	}
	// Test is x is name(args).
	Test struct {
		Pos
		X    Expr
		Name string
		Args Args
	}
	// Unary is -x, +x or not x.
	Unary struct {
		Pos
		Op string
		X  Expr
	}
	// Binary is x op y; Op is one of + - * / // % ** and or.
	Binary struct {
		Pos
		Op   string
		X, Y Expr
	}
	// Concat is a ~ b ~ c.
	Concat struct {
		Pos
		Items []Expr
	}
	// Compare is a < b < c; Ops and Rest have one length, and an operator is one of == != < <= > >= in notin.
	Compare struct {
		Pos
		X    Expr
		Ops  []string
		Rest []Expr
	}
	// Cond is x if test else y; Else is nil where there is none.
	Cond struct {
		Pos
		Test, Then, Else Expr
	}
	// Field is ns.name as the target of a set.
	Field struct {
		Pos
		Object, Name string
	}
)

// Args are the arguments of a call. Star and Kwargs are nil where they are not given.
type Args struct {
	Positional []Expr
	Named      []NamedArg
	Star       Expr
	Kwargs     Expr
}

// NamedArg is name=value.
type NamedArg struct {
	Name  string
	Value Expr
}

// Statements.
type (
	// Text is what stands outside of tags.
	Text struct {
		Pos
		Value string
	}
	// Print is {{ x }}.
	Print struct {
		Pos
		X Expr
	}
	// Set is {% set target = value %}.
	Set struct {
		Pos
		Target Expr
		Value  Expr
	}
	// SetBlock is {% set target | filter %}...{% endset %}; Filter is nil where there is none.
	SetBlock struct {
		Pos
		Target Expr
		Filter Expr
		Body   []Stmt
	}
	// For is a loop; Cond is nil where there is none.
	For struct {
		Pos
		Target    Expr
		Iter      Expr
		Cond      Expr
		Recursive bool
		Body      []Stmt
		Else      []Stmt
	}
	// If has one branch for if and each elif, and what else brings.
	If struct {
		Pos
		Branches []Branch
		Else     []Stmt
	}
	// With is {% with a = 1, b = 2 %}.
	With struct {
		Pos
		Targets []Expr
		Values  []Expr
		Body    []Stmt
	}
	// Block is a part that a child template can replace.
	Block struct {
		Pos
		Name             string
		Scoped, Required bool
		Body             []Stmt
	}
	// Extends names the parent template.
	Extends struct {
		Pos
		Template Expr
	}
	// Include puts another template here.
	Include struct {
		Pos
		Template      Expr
		IgnoreMissing bool
		WithContext   bool
	}
	// Import makes another template's macros a variable.
	Import struct {
		Pos
		Template    Expr
		Target      string
		WithContext bool
	}
	// FromImport makes some of another template's names variables.
	FromImport struct {
		Pos
		Template    Expr
		Names       []Alias
		WithContext bool
	}
	// Macro declares a macro.
	Macro struct {
		Pos
		Name string
		Signature
		Body []Stmt
	}
	// CallBlock calls a macro with its body as caller.
	CallBlock struct {
		Pos
		Call *Call
		Signature
		Body []Stmt
	}
	// FilterBlock prints its body through a filter.
	FilterBlock struct {
		Pos
		Filter Expr
		Body   []Stmt
	}
	// Do evaluates an expression for its effect.
	Do struct {
		Pos
		X Expr
	}
	// Break ends a loop.
	Break struct{ Pos }
	// Continue goes on with a loop's next element.
	Continue struct{ Pos }
	// Scope is a part whose variables are its own.
	Scope struct {
		Pos
		Body []Stmt
	}
)

// Branch is the condition and body of an if or elif.
type Branch struct {
	Cond Expr
	Body []Stmt
}

// Alias is name as alias.
type Alias struct{ Name, As string }

// Signature are the parameters of a macro; the last of them have the defaults.
type Signature struct {
	Params   []string
	Defaults []Expr
}

// Template is a parsed template.
type Template struct {
	Body []Stmt
	// Source is the text with \n for each newline; positions count in it.
	Source string
	// First is the line of the template's file on which Source begins: 2 after a header, otherwise 1.
	First int
	// Options are those that the text was read with, changed by its header.
	Options Options
}

func (*Literal) expr() {}
func (*Name) expr()    {}
func (*Tuple) expr()   {}
func (*List) expr()    {}
func (*Dict) expr()    {}
func (*Attr) expr()    {}
func (*Index) expr()   {}
func (*Slice) expr()   {}
func (*Call) expr()    {}
func (*Filter) expr()  {}
func (*Test) expr()    {}
func (*Unary) expr()   {}
func (*Binary) expr()  {}
func (*Concat) expr()  {}
func (*Compare) expr() {}
func (*Cond) expr()    {}
func (*Field) expr()   {}

func (*Text) stmt()        {}
func (*Print) stmt()       {}
func (*Set) stmt()         {}
func (*SetBlock) stmt()    {}
func (*For) stmt()         {}
func (*If) stmt()          {}
func (*With) stmt()        {}
func (*Block) stmt()       {}
func (*Extends) stmt()     {}
func (*Include) stmt()     {}
func (*Import) stmt()      {}
func (*FromImport) stmt()  {}
func (*Macro) stmt()       {}
func (*CallBlock) stmt()   {}
func (*FilterBlock) stmt() {}
func (*Do) stmt()          {}
func (*Break) stmt()       {}
func (*Continue) stmt()    {}
func (*Scope) stmt()       {}
