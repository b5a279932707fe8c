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
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// Options are what a program is made from.
type Options struct {
	// FS is the workspace, Main the runbook's path in it, with slashes.
	FS   fs.FS
	Main string
	// Types are the resource types that the runbook can use.
	Types     []*schema.Type
	Inventory *inventory.Inventory
	// Vars are the variables of the command line, as plain data.
	Vars map[string]any
	// Print shows what a runbook prints; it is called by many goroutines. nil drops it.
	Print builtins.Print
	// MaxSteps bounds each evaluation; 0 is DefaultSteps.
	MaxSteps uint64
	// Predeclared are further names that every file can use, for tests.
	Predeclared starlark.StringDict
}

// DefaultSteps is how many steps of Starlark an evaluation may take: about a second.
const DefaultSteps = 100_000_000

// Play is a play as the runbook declares it.
type Play struct {
	Name     string
	Selector string
	Tags     []string
	// Implicit says that the runbook's top level is the play, over all selected targets.
	Implicit bool
	// Batch and MaxFail say how many hosts are at work at a time, and how many may fail.
	Batch   []unit.Size
	MaxFail *unit.Size
	// Graph says that units run side by side as their edges allow.
	Graph bool
	Pos   diag.Pos
}

// Program is a runbook whose files are loaded. It is safe for concurrent use.
type Program struct {
	opts  Options
	env   *builtins.Env
	names starlark.StringDict
	guard watchdog

	main     *module
	plays    []*builtins.Play
	implicit bool
	loaded   []*builtins.Scope // of all files
	warnings []*diag.Error
	usedVars map[string]any
	used     map[string]bool // predeclared names

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
	if opts.MaxSteps == 0 {
		opts.MaxSteps = DefaultSteps
	}
	p := &Program{opts: opts, sources: map[string][]byte{}}
	p.env = &builtins.Env{
		FS: opts.FS, Types: opts.Types, Inventory: opts.Inventory, Vars: opts.Vars,
		UsedVars:  func() map[string]any { return p.usedVars },
		Print:     p.print,
		Thread:    p.thread,
		Templates: jinja.New(opts.FS, p.keep),
	}
	l := newLoader(p)
	p.env.Start, p.env.Globals = l.start, p.globals(l)
	p.names = p.env.Predeclared()
	maps.Copy(p.names, opts.Predeclared)
	errs := p.run(ctx, l)
	p.flush(len(errs) > 0 || !p.implicit)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load %s: %w", opts.Main, err)
	}
	if len(errs) > 0 {
		return nil, join(errs)
	}
	p.usedVars, p.used = l.usedVars(opts.Vars), l.predeclared()
	for _, m := range l.modules {
		if m.scope != nil {
			p.loaded = append(p.loaded, m.scope)
		}
	}
	l.preload()
	p.warnUnused(l)
	return p, nil
}

// run loads the main file and settles what its plays are.
func (p *Program) run(ctx context.Context, l *loader) []*diag.Error {
	p.holding = true
	main, errs := l.main(ctx, p.opts.Main)
	p.main = main
	if len(errs) > 0 || main.scope == nil {
		return errs
	}
	scope := main.scope
	defer scope.End()
	p.plays, p.warnings = scope.Plays(), scope.Warnings()
	top := scope.TopLevel()
	if len(top) == 0 {
		return scope.Errors()
	}
	if len(p.plays) == 0 {
		p.implicit = true
		p.plays = []*builtins.Play{{Selector: "all", Pos: top[0].Pos}}
		scope.Finish()
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
func (p *Program) Plays() []Play {
	plays := make([]Play, len(p.plays))
	for i, play := range p.plays {
		plays[i] = Play{
			Name: play.Name, Selector: play.Selector, Tags: slices.Clone(play.Tags),
			Implicit: p.implicit, Batch: play.Batch, MaxFail: play.MaxFail, Graph: play.Order == builtins.OrderGraph, Pos: play.Pos,
		}
	}
	return plays
}

// Uses reports whether any file names a resource type or builtin.
func (p *Program) Uses(name string) bool { return p.used[name] }

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
		if _, used := p.usedVars[name]; used || l.usesHostVars() {
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
