package script

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/guard"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
)

// Expression is an expression that is evaluated for hosts. It is safe for concurrent use.
type Expression struct {
	p    *Program
	prog *starlark.Program
	// namespaces are those of facts that it names.
	namespaces []*facts.Namespace
}

// result is the global that holds the value of an expression.
const result = "_"

// Compile compiles an expression in the language of a program, which is named so in errors. Beside the names of the language it may use host, and what a
// host has as if it stood alone: name, groups, labels, vars, and the namespaces of facts, such as os.basic.family.
func Compile(p *Program, name, text string) (*Expression, error) {
	expr, err := dialect().ParseExpr(name, text, 0)
	if err != nil {
		return nil, syntaxError(err, []byte(text))
	}
	start, _ := expr.Span()
	file := &syntax.File{
		Path: name, Options: dialect(),
		Stmts: []syntax.Stmt{&syntax.AssignStmt{OpPos: start, Op: syntax.EQ, LHS: &syntax.Ident{NamePos: start, Name: result}, RHS: expr}},
	}
	e := &Expression{p: p, namespaces: namespacesIn(file, p.opts.Facts)}
	tree := newTree(file)
	guard.Rewrite(file)
	l := &loader{p: p, modules: map[string]*module{}}
	var resolveErr error
	has := func(name string) bool { return p.names.Has(name) || slices.Contains(e.hostNames(), name) }
	if e.prog, resolveErr = starlark.FileProgram(file, has); resolveErr != nil {
		errs := l.resolveErrors(resolveErr)
		for _, err := range errs {
			name := strings.TrimPrefix(err.Summary, "undefined: ")
			if near := diag.Nearest(name, e.hostNames()); near != "" {
				err.Hint = fmt.Sprintf("did you mean %s?", near)
			}
		}
		return nil, join(errs)
	}
	tree.resolved()
	return e, nil
}

// hostNames are the names by which the expression reads its host.
func (e *Expression) hostNames() []string {
	return slices.Concat(facts.Reserved, e.p.opts.Facts.Below(""))
}

// Namespaces are the namespaces of facts that the expression names, as far as that shows.
func (e *Expression) Namespaces() []*facts.Namespace { return e.namespaces }

// namespacesIn finds the namespaces of facts that a file names.
func namespacesIn(file *syntax.File, all *facts.Registry) []*facts.Namespace {
	var found []*facts.Namespace
	syntax.Walk(file, func(n syntax.Node) bool {
		path := strings.TrimPrefix(dotted(n), "host.facts.")
		for path != "" {
			if n := all.Lookup(path); n != nil && !slices.Contains(found, n) {
				found = append(found, n)
			}
			path = path[:max(strings.LastIndexByte(path, '.'), 0)]
		}
		return true
	})
	return found
}

// dotted is a chain of names such as os.basic.family, "" for what is none.
func dotted(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.Ident:
		return n.Name
	case *syntax.DotExpr:
		if x := dotted(n.X); x != "" {
			return x + "." + n.Name.Name
		}
	}
	return ""
}

// Eval evaluates the expression for a host. The value is frozen.
func (e *Expression) Eval(ctx context.Context, h *inventory.Host, r eval.Reader) (starlark.Value, error) {
	var v starlark.Value
	var err error
	if !bounds.Within(ctx, func() { v, err = e.eval(ctx, h, r) }) {
		return nil, context.Cause(ctx)
	}
	return v, err
}

func (e *Expression) eval(ctx context.Context, h *inventory.Host, r eval.Reader) (v starlark.Value, err error) {
	thread, done := e.p.thread(ctx, h.Name)
	defer done()
	run := builtins.Planning(ctx, e.p.env, thread, h, r)
	defer run.Scope.End()
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err != nil {
			err = run.Scope.Blame(e.p.env.Diagnose(err, h.Name))
		}
	}()
	names := maps.Clone(e.p.names)
	host := hostapi.Of(run.Scope, h)
	all, err := host.Attr("facts")
	if err != nil {
		return nil, err
	}
	for _, name := range e.p.opts.Facts.Below("") {
		if names[name], err = all.(starlark.HasAttrs).Attr(name); err != nil {
			return nil, err
		}
	}
	for _, name := range facts.Reserved[1:] {
		if names[name], err = host.Attr(name); err != nil {
			return nil, err
		}
	}
	names["host"] = host
	v, err = eval.OnlyAsking(run.Scope, func() (starlark.Value, error) {
		globals, err := e.prog.Init(thread, names)
		return globals[result], err
	})
	if err != nil {
		return nil, err
	}
	return v, capture.Freeze(v)
}
