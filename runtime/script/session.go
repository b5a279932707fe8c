package script

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/guard"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/script/entry"
)

// Prompt is the name of the file that the entries at a prompt are, in errors.
const Prompt = "froyo repl"

// Last is the name of the value that an entry gave last.
const Last = "_"

// Session evaluates what is typed at a prompt, entry by entry, in the language of runbooks. Names keep their values from entry to
// entry; functions see the latest. It is used by one goroutine.
type Session struct {
	opts   SessionOptions
	p      *Program
	l      *loader
	typed  *module             // the entries, as one file
	names  starlark.StringDict // all that an entry can use
	own    map[string]origin   // of these, what gave a value to them that is not the language
	loads  []*syntax.LoadStmt  // of entries
	lines  []string            // of all entries
	last   *builtins.Evaluation
	held   atomic.Bool     // what is under way ends by itself once it is interrupted, and is waited for
	behind <-chan struct{} // closed once the evaluation ends that was left behind; nil for none
	print  atomic.Pointer[eval.Print]
	mu     sync.RWMutex // guards what names are written while they may be read beside it
	hidden []string     // names of the runbook that stand for what Options.Predeclared has
}

// origin is what gave a name its value.
type origin int

const (
	ofFile origin = iota + 1 // the runbook, or a file that an entry loaded
	ofEntry
)

// SessionOptions are what a session is made from.
type SessionOptions struct {
	// Options are those of a program. Main is a runbook whose names entries can use, "" for none.
	Options Options
	// File is the path, in the workspace, that the entries have as a file: what they load is named as seen from there.
	File string
	// Reader gives what asks hosts for an entry.
	Reader func() eval.Reader
	// Show is told the value of each statement that is an expression, and Warn what is worth knowing and no error.
	Show func(v starlark.Value) error
	Warn func([]*diag.Error)
}

// NewSession begins a session.
func NewSession(ctx context.Context, opts SessionOptions) (*Session, error) {
	s := &Session{opts: opts, own: map[string]origin{}}
	return s, s.Reload(ctx, opts)
}

// Reload reads all files again that the session has read, and takes what opts has by now. What entries gave values to stays, also
// where a file gives the name another; names that no file has any more are gone. If a file has errors, all is as before.
func (s *Session) Reload(ctx context.Context, opts SessionOptions) error {
	main, shown := opts.Options.Main, opts.Options.Print
	opts.Options.Main = "" // whose globals could hold units
	opts.Options.Print = func(pos diag.Pos, host, text string) {
		if to := s.print.Load(); to != nil {
			(*to)(pos, host, text)
		} else if shown != nil {
			shown(pos, host, text)
		}
	}
	p, l := newProgram(opts.Options)
	typed := &module{name: opts.File, tree: newTree(&syntax.File{Path: opts.File}), deps: map[string]starlark.StringDict{}}
	l.modules[opts.File], l.entries = typed, opts.File
	var errs []*diag.Error
	read := starlark.StringDict{}
	if !bounds.Within(ctx, func() { errs = s.files(ctx, l, main, typed, read) }) {
		return context.Cause(ctx)
	}
	if len(errs) > 0 {
		return join(errs)
	}
	if s.typed != nil {
		typed.tree.merge(s.typed.tree)
	}
	s.take(opts, p.names, read)
	s.opts, s.p, s.l, s.typed = opts, p, l, typed
	p.keep(opts.File, []byte(s.Text()))
	return nil
}

// take takes the names of the language and those that files have given values to.
func (s *Session) take(opts SessionOptions, language, read starlark.StringDict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := maps.Clone(language)
	own := map[string]origin{}
	for name, from := range s.own {
		if from == ofEntry {
			names[name], own[name] = s.names[name], ofEntry
		}
	}
	s.hidden = nil
	for name, v := range read {
		switch {
		case own[name] == ofEntry:
		case opts.Options.Predeclared.Has(name):
			s.hidden = append(s.hidden, name)
		default:
			names[name], own[name] = v, ofFile
		}
	}
	slices.Sort(s.hidden)
	if s.names == nil {
		s.names = starlark.StringDict{}
	}
	clear(s.names) // functions of entries look their names up in it
	maps.Copy(s.names, names)
	s.own = own
}

// files reads the runbook and what entries have loaded.
func (s *Session) files(ctx context.Context, l *loader, main string, typed *module, into starlark.StringDict) []*diag.Error {
	if errs := l.collectors(ctx); len(errs) > 0 {
		return errs
	}
	if main != "" {
		m, errs := l.main(ctx, main)
		if len(errs) > 0 {
			return errs
		}
		maps.Copy(into, m.globals)
	}
	for _, load := range s.loads {
		if !s.needs(load) {
			continue
		}
		file := &syntax.File{Path: typed.name, Stmts: []syntax.Stmt{load}}
		if errs := l.dependencies(ctx, typed, file, nil); len(errs) > 0 {
			return errs
		}
		for i, from := range load.From {
			into[load.To[i].Name] = typed.deps[load.ModuleName()][from.Name]
		}
	}
	return nil
}

// needs reports whether any name that an entry has loaded still has its value from there.
func (s *Session) needs(load *syntax.LoadStmt) bool {
	return slices.ContainsFunc(load.To, func(to *syntax.Ident) bool { return s.own[to.Name] == ofFile })
}

// Hidden are the names of the runbook that an entry cannot use, since Options.Predeclared gives them another meaning.
func (s *Session) Hidden() []string { return s.hidden }

// Text is what was typed so far, as one file.
func (s *Session) Text() string { return strings.Join(s.lines, "\n") }

// Source gives the text of a file that the session has read, for the lines under errors.
func (s *Session) Source(file string) ([]byte, bool) {
	if file == s.opts.File {
		return []byte(s.Text()), true
	}
	text, found := s.p.Sources()[file]
	return text, found
}

// Names are the names that an entry can use. It may be called while an entry is evaluated, as may Value and Own.
func (s *Session) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.names)), func(n string) bool { return !guard.IsName(n) })
}

// Value is what a name means, nil for nothing.
func (s *Session) Value(name string) starlark.Value {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.names[name]
}

// Own reports whether a name was given its value by an entry or a file.
func (s *Session) Own(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.own[name] != 0
}

// Hold says whether what an entry does now ends by itself soon after it is interrupted, so that Eval waits for its end.
func (s *Session) Hold(held bool) { s.held.Store(held) }

// Wait waits, for a while, for the evaluation that was left behind.
func (s *Session) Wait() {
	if s.behind == nil {
		return
	}
	patience := time.NewTimer(leaving)
	defer patience.Stop()
	select {
	case <-s.behind:
	case <-patience.C:
	}
}

// leaving is how long the end of a session waits for a call of a library that an interrupt could not end.
const leaving = 2 * time.Second

// PrintTo sends what is printed elsewhere, until it is called with nil.
func (s *Session) PrintTo(print eval.Print) {
	if print == nil {
		s.print.Store(nil)
		return
	}
	s.print.Store(&print)
}

// Eval evaluates an entry. Once ctx is done it returns soon.
func (s *Session) Eval(ctx context.Context, text string) error {
	if s.behind != nil {
		select {
		case <-s.behind:
			s.behind = nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	first := len(s.lines)
	s.lines = append(s.lines, strings.Split(text, "\n")...)
	s.p.keep(s.opts.File, []byte(s.Text()))
	file, err := entry.Dialect().Parse(s.opts.File, strings.Repeat("\n", first)+text+"\n", 0)
	if err != nil {
		return syntaxError(err, []byte(s.Text()))
	}
	done := make(chan struct{})
	work := func() {
		defer close(done)
		err = s.statements(ctx, file)
	}
	if bounds.Within(ctx, work) {
		return err
	}
	if s.held.Load() {
		<-done
		return err
	}
	s.behind = done
	return context.Cause(ctx)
}

// statements executes the statements of an entry, one after the other.
func (s *Session) statements(ctx context.Context, file *syntax.File) error {
	later := map[string]bool{} // names that statements of the entry give values to
	for _, stmt := range file.Stmts {
		for _, name := range entry.Bound(stmt) {
			later[name] = true
		}
	}
	for _, stmt := range file.Stmts {
		if err := s.statement(ctx, stmt, later); err != nil {
			return err
		}
	}
	return nil
}

// before begins the name under which a statement finds the value that a name had before it.
const before = ".."

// statement executes one statement.
func (s *Session) statement(ctx context.Context, stmt syntax.Stmt, later map[string]bool) error {
	load, isLoad := stmt.(*syntax.LoadStmt)
	expr, isExpr := stmt.(*syntax.ExprStmt)
	if isExpr {
		start, _ := expr.Span()
		stmt = &syntax.AssignStmt{OpPos: start, Op: syntax.EQ, LHS: &syntax.Ident{NamePos: start, Name: Last}, RHS: expr.X}
	}
	file := &syntax.File{Path: s.opts.File, Options: entry.Dialect(), Stmts: []syntax.Stmt{stmt}}
	t := newTree(file)
	guard.Rewrite(file)
	if errs := s.l.dependencies(ctx, s.typed, file, nil); len(errs) > 0 {
		s.l.forgetFailed()
		return join(errs)
	}
	bound := entry.Bound(stmt)
	if err := s.free(stmt, bound); err != nil {
		return err
	}
	if !isExpr {
		s.carry(file, bound)
	}
	prog, err := starlark.FileProgram(file, func(name string) bool { return s.names.Has(name) || later[name] })
	if err != nil {
		return join(s.l.resolveErrors(err))
	}
	t.resolved()
	s.typed.tree.merge(t)
	globals, err := s.execute(ctx, prog)
	from := ofEntry
	if isLoad {
		from = ofFile
	}
	s.publish(globals, bound, from)
	if err != nil {
		return err
	}
	if isLoad {
		s.loads = append(s.loads, load)
	}
	if v := globals[Last]; isExpr && v != starlark.None {
		return s.opts.Show(v)
	}
	return nil
}

// free refuses to give another value to a function of the prompt: there would be no way back.
func (s *Session) free(stmt syntax.Stmt, bound []string) error {
	loops := entry.Loops(stmt)
	for _, name := range bound {
		if !s.opts.Options.Predeclared.Has(name) || slices.Contains(loops, name) {
			continue
		}
		start, _ := stmt.Span()
		return (&diag.Error{Summary: name + " is a function of the prompt", Pos: eval.Place(start)}).WithHint("take another name, such as my_%s", name)
	}
	return nil
}

// publish gives names the values that a statement gave them. Functions of the prompt, which a loop may use as its variable, keep theirs.
func (s *Session) publish(globals starlark.StringDict, bound []string, from origin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range bound {
		delete(s.names, before+name)
		v := globals[name]
		if v == nil || s.opts.Options.Predeclared.Has(name) || name == Last && v == starlark.None {
			continue
		}
		s.names[name], s.own[name] = v, from
	}
}

// carry has a statement begin with the values that its names have: each is a program of its own.
func (s *Session) carry(file *syntax.File, bound []string) {
	start, _ := file.Stmts[0].Span()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range bound {
		if v := s.names[name]; v != nil && s.names[before+name] == nil {
			s.names[before+name] = v
			file.Stmts = append([]syntax.Stmt{&syntax.AssignStmt{
				OpPos: start, Op: syntax.EQ, LHS: &syntax.Ident{NamePos: start, Name: name}, RHS: &syntax.Ident{NamePos: start, Name: before + name},
			}}, file.Stmts...)
		}
	}
}

// execute runs a statement in an evaluation of its own.
func (s *Session) execute(ctx context.Context, prog *starlark.Program) (globals starlark.StringDict, err error) {
	thread, done := s.p.thread(ctx, s.opts.File)
	defer done()
	s.last = builtins.Prompt(ctx, s.p.env, thread, s.opts.Reader(), s.last)
	scope := s.last.Scope
	defer func() {
		if r := recover(); r != nil {
			err = recovered(r)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		default:
			err = scope.Blame(s.p.env.Diagnose(err, ""))
		}
		if errs := scope.Errors(); len(errs) > 0 && ctx.Err() == nil {
			err = join(append(errs, diagsOf(err)...))
		}
		s.opts.Warn(scope.Warnings())
	}()
	thread.Load = func(_ *starlark.Thread, name string) (starlark.StringDict, error) { return s.typed.deps[name], nil }
	return prog.Init(thread, s.names)
}

func diagsOf(err error) []*diag.Error {
	if err == nil {
		return nil
	}
	return []*diag.Error{diag.Of(err)}
}

// Play is a program that has one play, which calls a function for the hosts that a selector matches. What the session knows is not changed from then on: hosts share it.
func (s *Session) Play(fn starlark.Callable, selector string) (*Program, error) {
	if err := args.Arity(fn, 1); err != nil {
		return nil, (&diag.Error{Summary: fn.Name() + ": " + err.Error()}).WithHint("it gets the host: def %s(host)", fn.Name())
	}
	for _, name := range slices.Sorted(maps.Keys(s.own)) {
		if err := capture.Freeze(s.names[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	of := &play.Play{Name: fn.Name(), Selector: selector, Do: fn, Order: play.OrderScript, Pos: eval.Place(place0(fn))}
	if err := freezePlays([]*play.Play{of}); err != nil {
		return nil, err
	}
	return &Program{
		opts: s.p.opts, env: s.p.env, names: s.names, plays: []*play.Play{of}, usedVars: s.p.opts.Vars, reachable: s.p.opts.Vars,
		used: s.l.predeclared(), sources: s.p.Sources(),
	}, nil
}

// place0 is where a function begins, if it is of a file.
func place0(fn starlark.Callable) syntax.Position {
	if f, ok := fn.(*starlark.Function); ok {
		return f.Position()
	}
	return syntax.Position{}
}
