package script

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/guard"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/builtins/source"
	"github.com/openfroyo/froyo/builtins/std"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/stdlib"
)

// dialect is the language: Starlark with sets and top-level control flow, and
// without while, recursion and reassignment of globals.
func dialect() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, TopLevelControl: true}
}

// module is one file.
type module struct {
	name    string // "lib/base.star", "@std//web.star"
	tree    *tree
	prog    *starlark.Program
	deps    map[string]starlark.StringDict // by the name in the load statement
	globals starlark.StringDict
	run     *builtins.Evaluation // of its top level; nil where that did not come to run
	failed  bool
}

// loader loads the files of a program, each once. It is used by one goroutine.
type loader struct {
	p       *Program
	modules map[string]*module
	loading []string // names of the files being loaded, outermost first
	entries string   // the name that the entries at a prompt have as a file; "" where there are none
}

func newLoader(p *Program) *loader { return &loader{p: p, modules: map[string]*module{}} }

func (l *loader) main(ctx context.Context, name string) (*module, []*diag.Error) {
	return l.load(ctx, name, nil)
}

// load returns the module of a file. chain holds the load statements that led
// to it, outermost first.
func (l *loader) load(ctx context.Context, name string, chain []diag.Frame) (*module, []*diag.Error) {
	if i := slices.Index(l.loading, name); i >= 0 {
		path := append(slices.Clone(l.loading[i:]), name)
		return &module{failed: true}, []*diag.Error{at(chain, &diag.Error{
			Summary: "files load each other: " + strings.Join(path, " -> "),
			Hint:    "move what they share into a file of its own",
		})}
	}
	if m := l.modules[name]; m != nil {
		return m, nil
	}
	l.loading = append(l.loading, name)
	defer func() { l.loading = l.loading[:len(l.loading)-1] }()

	m := &module{name: name, deps: map[string]starlark.StringDict{}}
	l.modules[name] = m
	var errs []*diag.Error
	if file, ok := strings.CutPrefix(name, eval.StdPrefix); ok {
		if names, found, err := std.Load(file); found {
			if err != nil {
				errs = append(errs, at(chain, &diag.Error{Summary: err.Error(), Cause: err}))
			}
			m.globals = names
			return m, errs
		}
	}
	errs = l.source(ctx, m, chain)
	m.failed = len(errs) > 0
	return m, errs
}

// at gives an error the place of the load statement that led to it.
func at(chain []diag.Frame, err *diag.Error) *diag.Error {
	if len(chain) > 0 && err.Pos == (diag.Pos{}) {
		err.Pos = eval.Pos(chain)
	}
	err.Stack = append(slices.Clone(chain), err.Stack...)
	return err
}

// source reads, parses, resolves and runs a file.
func (l *loader) source(ctx context.Context, m *module, chain []diag.Frame) []*diag.Error {
	text, err := l.read(m.name)
	if err != nil {
		return []*diag.Error{at(chain, err)}
	}
	l.p.keep(m.name, text)
	file, parseErr := dialect().Parse(m.name, text, 0)
	if parseErr != nil {
		return []*diag.Error{at(chain, syntaxError(parseErr, text))}
	}
	m.tree = newTree(file)
	guard.Rewrite(file)
	errs := l.dependencies(ctx, m, file, chain)
	prog, resolveErr := starlark.FileProgram(file, l.p.names.Has)
	if resolveErr != nil {
		for _, e := range l.resolveErrors(resolveErr) {
			errs = append(errs, at(chain, e))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	m.tree.resolved()
	m.prog = prog
	return l.execute(ctx, m, chain)
}

// forgetFailed has files that have errors be read again.
func (l *loader) forgetFailed() {
	maps.DeleteFunc(l.modules, func(_ string, m *module) bool { return m.failed })
}

func (l *loader) read(name string) ([]byte, *diag.Error) {
	fsys := l.p.opts.FS
	file := name
	if rest, ok := strings.CutPrefix(name, eval.StdPrefix); ok {
		fsys, file = stdlib.FS, rest
	}
	text, err := bounds.ReadFile(fsys, file, bounds.MaxSource)
	if err == nil {
		return text, nil
	}
	missing := source.Missing(fsys, file, err)
	if file != name {
		missing.Summary = fmt.Sprintf("there is no module %s", name)
		all := Modules()
		missing.Hint = fmt.Sprintf("there are: %s", strings.Join(all, ", "))
		if near := diag.Nearest(file, all); near != "" {
			missing.Hint = fmt.Sprintf("did you mean %s%s?", eval.StdPrefix, near)
		}
	}
	return nil, missing
}

// Modules are the files that froyo brings along, as load("@std//NAME") has them.
func Modules() []string {
	names, err := fs.Glob(stdlib.FS, "*.star")
	if err != nil {
		names = nil // the pattern is right
	}
	names = append(names, std.Names()...)
	slices.Sort(names)
	return names
}

// dependencies loads what the file's load statements name.
func (l *loader) dependencies(ctx context.Context, m *module, file *syntax.File, chain []diag.Frame) []*diag.Error {
	var errs []*diag.Error
	for _, stmt := range file.Stmts {
		load, ok := stmt.(*syntax.LoadStmt)
		if !ok {
			continue
		}
		frame := diag.Frame{Name: "load", Pos: eval.Place(load.Module.TokenPos)}
		here := append(slices.Clone(chain), frame)
		name, err := moduleName(m.name, load.ModuleName())
		if err != nil {
			errs = append(errs, at(here, err))
			continue
		}
		dep, depErrs := l.load(ctx, name, here)
		errs = append(errs, depErrs...)
		if dep.failed {
			if len(depErrs) == 0 && len(errs) == 0 { // told at its first load
				errs = append(errs, at(here, &diag.Error{Summary: name + " has errors"}))
			}
			continue
		}
		m.deps[load.ModuleName()] = dep.globals
		for _, from := range load.From {
			if from.Name != "" && !dep.globals.Has(from.Name) {
				errs = append(errs, notDefined(name, from, dep.globals, here))
			}
		}
	}
	return errs
}

func notDefined(module string, from *syntax.Ident, globals starlark.StringDict, chain []diag.Frame) *diag.Error {
	err := &diag.Error{
		Summary: fmt.Sprintf("%s does not define %q", module, from.Name),
		Pos:     eval.Place(from.NamePos), Stack: chain,
	}
	names := slices.DeleteFunc(globals.Keys(), func(n string) bool { return strings.HasPrefix(n, "_") })
	if near := diag.Nearest(from.Name, names); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	if len(names) == 0 {
		return err.WithHint("it defines nothing")
	}
	return err.WithHint("it defines: %s", strings.Join(names, ", "))
}

// moduleName turns what a load statement says into the name of a module.
func moduleName(from, name string) (string, *diag.Error) {
	root, rest, rooted := strings.Cut(name, "//")
	fromFile, inStd := strings.CutPrefix(from, eval.StdPrefix)
	switch {
	case rooted && root == "@std":
		if !fs.ValidPath(rest) {
			return "", &diag.Error{Summary: fmt.Sprintf("%q is not a module", name)}
		}
		return eval.StdPrefix + rest, nil
	case rooted && root != "":
		return "", (&diag.Error{Summary: fmt.Sprintf("%q is not a module: there is no root %q", name, root)}).
			WithHint(`write "@std//x.star", "//x.star" from the workspace's root, or "x.star" beside this file`)
	case inStd:
		path, err := source.ResolvePath(fromFile, name)
		return eval.StdPrefix + path, err
	}
	return source.ResolvePath(from, name)
}

// execute runs the top level of a file.
func (l *loader) execute(ctx context.Context, m *module, chain []diag.Frame) (errs []*diag.Error) {
	thread, done := l.p.thread(ctx, m.name)
	defer done()
	main := len(chain) == 0 || len(chain) == 1 && l.entries != "" && chain[0].Pos.File == l.entries // which may have plays
	m.run = builtins.Loading(ctx, l.p.env, thread, main)
	globals, err := m.init(thread, l.p.names)
	if err == nil {
		err = m.freeze(globals)
	}
	if err == nil {
		err = freezePlays(m.run.Plays.Plays())
	}
	if err != nil {
		errs = append(errs, at(chain, l.p.env.Diagnose(err, "")))
	}
	m.globals = globals
	if !main {
		m.run.Scope.End()
	}
	if !main || err != nil {
		errs = append(m.run.Scope.Errors(), errs...)
	}
	return errs
}

// init runs the file once more, with globals of its own.
func (m *module) init(thread *starlark.Thread, names starlark.StringDict) (globals starlark.StringDict, err error) {
	defer func() {
		if r := recover(); r != nil {
			globals, err = nil, recovered(r)
		}
	}()
	thread.Load = func(_ *starlark.Thread, name string) (starlark.StringDict, error) {
		return m.deps[name], nil
	}
	return m.prog.Init(thread, names)
}

// freeze makes a module's globals immutable, so that threads can share them.
func (m *module) freeze(globals starlark.StringDict) error {
	for _, name := range globals.Keys() {
		err := capture.Freeze(globals[name])
		if _, cycle := errors.AsType[*capture.CycleError](err); cycle {
			return err
		}
		if err != nil {
			return &diag.Error{Summary: fmt.Sprintf("variable %s: %v", name, err), Pos: m.placeOf(name), Cause: err}
		}
	}
	return nil
}

// freezePlays makes what the functions of plays have captured immutable, which no global needs to name: hosts share it.
func freezePlays(plays []*play.Play) error {
	for _, p := range plays {
		for _, fn := range []starlark.Callable{p.Do, p.Verify, p.Before, p.After} {
			if fn == nil {
				continue
			}
			err := capture.Freeze(fn)
			if _, cycle := errors.AsType[*capture.CycleError](err); cycle {
				return err
			}
			if err != nil {
				return &diag.Error{Summary: fmt.Sprintf("play %q: %v", p.Name, err), Pos: p.Pos, Cause: err}
			}
		}
	}
	return nil
}

// placeOf is where a global is first assigned.
func (m *module) placeOf(name string) diag.Pos {
	if globals, ok := m.tree.file.Module.(*resolve.Module); ok {
		for _, b := range globals.Globals {
			if b.First.Name == name {
				return eval.Place(b.First.NamePos)
			}
		}
	}
	return diag.Pos{File: m.name}
}

func recovered(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("internal error: %v", r)
}

func syntaxError(err error, text []byte) *diag.Error {
	if e, ok := errors.AsType[syntax.Error](err); ok {
		return rephraseSyntax(&diag.Error{Summary: e.Msg, Pos: eval.Place(e.Pos), Cause: err}, text)
	}
	return &diag.Error{Summary: err.Error(), Cause: err}
}

// resolveErrors are the errors of a file's names, all at once.
func (l *loader) resolveErrors(err error) []*diag.Error {
	list, ok := errors.AsType[resolve.ErrorList](err)
	if !ok {
		return []*diag.Error{{Summary: err.Error(), Cause: err}}
	}
	names := slices.DeleteFunc(l.p.names.Keys(), func(n string) bool {
		return !guard.IsName(n) || starlark.Universe.Has(n)
	})
	names = append(names, starlark.Universe.Keys()...) // ours first: they win a tie
	errs := make([]*diag.Error, len(list))
	for i, e := range list {
		errs[i] = nameError(e, names, l.p.env.Types)
	}
	return errs
}

func nameError(e resolve.Error, names []string, types []*schema.Type) *diag.Error {
	out := &diag.Error{Summary: e.Msg, Pos: eval.Place(e.Pos), Cause: e}
	text, near, hinted := strings.Cut(e.Msg, " (did you mean ")
	if hinted {
		out.Summary, out.Hint = text, "did you mean "+strings.TrimSuffix(near, ")")
	}
	name, undefined := strings.CutPrefix(out.Summary, "undefined: ")
	foreign := ""
	if undefined {
		foreign = foreignWord(name, types)
	}
	switch {
	case !undefined:
		rephraseName(out)
	case foreign != "":
		out.Hint = foreign
	case name == "host":
		out.Hint = "a host is what a play's function gets: def web(host), play(\"web\", hosts = \"all\", do = web)"
	default:
		if best := diag.Nearest(name, names); best != "" && !hinted {
			out.Hint = fmt.Sprintf("did you mean %s?", best)
		}
	}
	return out
}
