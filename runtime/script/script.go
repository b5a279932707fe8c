// Package script loads runbooks and evaluates them: it parses and runs
// Starlark files, and turns each play into the units of a host.
//
// A program is loaded once and evaluated once for each host, in parallel.
// Evaluation is hermetic: it sees the workspace's files, the variables it was
// given, and what a Reader answers. It may import builtins, the engine and
// what lies below.
package script

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/guard"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/schema"
)

// Options are what a program is made from.
type Options struct {
	// FS is the workspace, Main the runbook's path in it, with slashes.
	FS   fs.FS
	Main string
	// Types are the resource types that the runbook can use.
	Types     []*schema.Type
	Inventory *inventory.Inventory
	// Facts are the namespaces that hosts can tell; nil is froyo's.
	Facts *facts.Registry
	// Vars are the variables of the command line, as plain data.
	Vars map[string]any
	// Secrets gives the secrets that files name; nil is that there are none.
	Secrets eval.Secrets
	// Declared are the variables that are declared, and whether hosts have values of their own:
	// these are read of a host.
	Declared map[string]bool
	// Print shows what a runbook prints; it is called by many goroutines. nil drops it.
	Print eval.Print
	// Seal gives the keyed digest that stands for what must not be shown; see eval.Env.
	Seal func() (func([]byte) string, error)
	// Action is the action that is to be run in place of the plays, nil for these.
	Action *runbook.Call
	// MaxSteps bounds each evaluation; 0 is DefaultSteps.
	MaxSteps uint64
	// Predeclared are further names that every file can use, for tests.
	Predeclared starlark.StringDict
}

// DefaultSteps is how many steps of Starlark an evaluation may take: about a second.
const DefaultSteps = 100_000_000

// Program is a runbook whose files are loaded. It is safe for concurrent use.
type Program struct {
	opts     Options
	env      *eval.Env
	names    starlark.StringDict
	watchdog watchdog

	main     *module
	plays    []*play.Play
	actions  []*play.Action
	implicit bool
	loaded   []*eval.Scope // of all files
	warnings []*diag.Error
	usedVars map[string]any
	// reachable are the variables that an evaluation may come to read.
	reachable map[string]any
	used      map[string]bool // predeclared names

	mu      sync.Mutex
	sources map[string][]byte
	printed []printed // while the main file is loaded
	holding bool
}

type printed struct {
	pos  diag.Pos
	host string
	text string
}

// Load parses and runs the main file and all that it loads. It returns every
// independent error, joined: each is a *diag.Error.
func Load(ctx context.Context, opts Options) (*Program, error) {
	p, l := newProgram(opts)
	var errs []*diag.Error
	if !bounds.Within(ctx, func() { errs = p.run(ctx, l) }) {
		return nil, fmt.Errorf("load %s: %w", opts.Main, ctx.Err())
	}
	p.flush(len(errs) > 0 || !p.implicit)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load %s: %w", opts.Main, err)
	}
	if len(errs) > 0 {
		return nil, join(errs)
	}
	p.usedVars, p.used = l.usedVars(opts.Vars), l.predeclared()
	if p.reachable = p.usedVars; l.usesHostVars() {
		p.reachable = opts.Vars
	}
	for _, m := range l.modules {
		if m.run != nil {
			p.loaded = append(p.loaded, m.run.Scope)
		}
	}
	l.preload()
	p.warnUnused(l)
	l.warnLiterals()
	return p, nil
}

// newProgram makes a program that has loaded nothing yet.
func newProgram(opts Options) (*Program, *loader) {
	if opts.MaxSteps == 0 {
		opts.MaxSteps = DefaultSteps
	}
	if opts.Facts == nil {
		opts.Facts = facts.BuiltIn()
	}
	p := &Program{opts: opts, sources: map[string][]byte{}}
	p.env = &eval.Env{
		FS: opts.FS, Types: opts.Types, Inventory: opts.Inventory, Facts: opts.Facts, Vars: opts.Vars, Declared: opts.Declared,
		Print:     p.print,
		Seal:      opts.Seal,
		Secrets:   opts.Secrets,
		Thread:    p.thread,
		Templates: jinja.New(opts.FS, p.keep), MaxSteps: opts.MaxSteps,
	}
	l := newLoader(p)
	p.env.Start, p.env.Globals = l.start, p.globals(l)
	p.names = guard.Predeclared()
	maps.Copy(p.names, builtins.Predeclared(p.env))
	maps.Copy(p.names, opts.Predeclared)
	return p, l
}

// run loads the functions that tell facts and the main file, and settles what its plays are.
func (p *Program) run(ctx context.Context, l *loader) []*diag.Error {
	p.holding = true
	if errs := l.collectors(ctx); len(errs) > 0 || p.opts.Main == "" {
		return errs
	}
	main, errs := l.main(ctx, p.opts.Main)
	p.main = main
	if len(errs) > 0 || main.run == nil {
		return errs
	}
	scope, units := main.run.Scope, main.run.Units
	defer scope.End()
	if errs := p.findActions(l); len(errs) > 0 {
		return errs
	}
	if p.opts.Action != nil {
		chosen, errs := play.Choose(p.actions, p.opts.Action.Name, p.opts.Action.Args)
		if len(errs) > 0 {
			return errs
		}
		p.plays, p.warnings = []*play.Play{chosen}, scope.Warnings()
		return scope.Errors()
	}
	p.plays, p.warnings = main.run.Plays.Plays(), scope.Warnings()
	top := units.TopLevel()
	if len(top) == 0 {
		return scope.Errors()
	}
	if len(p.plays) == 0 {
		p.implicit = true
		p.plays = []*play.Play{{Selector: "all", Pos: top[0].Pos}}
		units.Finish()
		return scope.Errors()
	}
	for _, f := range top {
		errs = append(errs, (&diag.Error{
			Summary: f.Name + "() at the top level, beside play()", Pos: f.Pos, Stack: []diag.Frame{f},
		}).WithHint("put it into the function of a play"))
	}
	return errs
}

// Plays returns the plays in the order of the runbook.
func (p *Program) Plays() []runbook.Play {
	plays := make([]runbook.Play, len(p.plays))
	for i, d := range p.plays {
		plays[i] = runbook.Play{
			Name: d.Name, Selector: d.Selector, Tags: slices.Clone(d.Tags),
			Implicit: p.implicit, Batch: d.Batch, MaxFail: d.MaxFail, Graph: d.Order == play.OrderGraph, Pos: d.Pos,
		}
	}
	return plays
}

// Uses reports whether any file names a resource type or builtin.
func (p *Program) Uses(name string) bool { return p.used[name] }

// Vars returns the variables of the command line that an evaluation may come to
// read: those that no file names are left out.
func (p *Program) Vars() map[string]any { return p.reachable }

// Warnings returns what is worth knowing about the files, and no error.
func (p *Program) Warnings() []*diag.Error { return slices.Clone(p.warnings) }

// Sources returns every file that was read as text, by its path; those that
// froyo brings along begin with "@std//".
func (p *Program) Sources() map[string][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.sources)
}

// keep notes a source.
func (p *Program) keep(path string, content []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources[path] = content
}

// print passes a line on, or holds it back while the main file is loaded: as
// an implicit play the file runs again for each host.
func (p *Program) print(pos diag.Pos, host, text string) {
	if p.opts.Print == nil {
		return
	}
	p.mu.Lock()
	if p.holding {
		p.printed = append(p.printed, printed{pos, host, text})
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.opts.Print(pos, host, text)
}

// flush ends the holding back of lines.
func (p *Program) flush(show bool) {
	p.mu.Lock()
	lines := p.printed
	p.printed, p.holding = nil, false
	p.mu.Unlock()
	for _, l := range lines {
		if show {
			p.opts.Print(l.pos, l.host, l.text)
		}
	}
}

// warnUnused tells of variables that no file names: a likely misspelling.
func (p *Program) warnUnused(l *loader) {
	for _, name := range slices.Sorted(maps.Keys(p.opts.Vars)) {
		_, used := p.usedVars[name]
		if _, isDeclared := p.opts.Declared[name]; used || isDeclared || l.usesHostVars() {
			continue
		}
		w := &diag.Error{Summary: fmt.Sprintf("variable %q is given, but no file uses it", name)}
		if near := diag.Nearest(name, l.varNames()); near != "" {
			w.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		p.warnings = append(p.warnings, w)
	}
}

func join(errs []*diag.Error) error {
	list := make([]error, len(errs))
	for i, err := range errs {
		list[i] = err
	}
	return errors.Join(list...)
}
