// Package cli is froyo's command line: the grammar, one file per command. It
// is the one place where the engine meets its concrete parts: connections
// (connect.go), guests (packages.go), the store (store.go).
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Process is what the command line touches of its process.
type Process struct {
	Args                  []string
	Stdin, Stdout, Stderr *os.File
	Getenv                func(string) string
	Environ               func() []string
	// Signals are those that ask the process to end; nil for none.
	Signals <-chan os.Signal
}

// grammar is all commands and flags. Flags bear the names that operators of
// comparable tools know.
type grammar struct {
	Init       initCommand       `cmd:"" help:"Make a workspace: settings, inventory, a first runbook, keys."`
	Validate   validateCommand   `cmd:"" help:"Check a runbook without connecting to any host."`
	Plan       planCommand       `cmd:"" help:"Show what apply would change. Changes nothing."`
	Apply      applyCommand      `cmd:"" help:"Plan, ask, and make the changes."`
	Resume     resumeCommand     `cmd:"" help:"Go on with an apply that was interrupted, killed, or failed."`
	Show       showCommand       `cmd:"" help:"Print a saved plan."`
	Graph      graphCommand      `cmd:"" help:"Draw a plan's units and what leads from one to the other."`
	Runs       runsCommand       `cmd:"" help:"Look at earlier runs: list, show."`
	State      stateCommand      `cmd:"" help:"Look at what is kept between runs: notifications, protections."`
	Lock       lockCommand       `cmd:"" help:"Look at the locks of hosts that are being changed: list, break."`
	Queue      queueCommand      `cmd:"" help:"Look at what runs still have to do: list, drop."`
	Inventory  inventoryCommand  `cmd:"" help:"Look at the inventory: list, host, graph."`
	Completion completionCommand `cmd:"" help:"Print a script that completes froyo's command line."`
	Complete   completeCommand   `cmd:"" hidden:""`
	Docs       docsCommand       `cmd:"" help:"Print the runbook reference as Markdown."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	Verbose int  `short:"v" type:"counter" help:"Log to standard error; twice for more. Errors show their call stack."`
	NoColor bool `name:"no-color" help:"Print without colours (also: NO_COLOR)."`
}

const description = `Configures fleets of machines from runbooks written in Starlark.

Exit codes: 0 fine, 1 usage or evaluation, 2 changes pending (--detailed-exitcode), 3 a host failed, 4 unreachable,
6 the plan no longer fits, 7 another run has the host, 130 interrupted.`

// env is what every command gets.
type env struct {
	Process
	verbose int
	color   func(*os.File) bool
	errors  *ui.Errors
	model   *kong.Application
	answers *bufio.Reader // of standard input, from the first question on
	// interrupts says what a signal does just now.
	interrupts *interrupts
	// atExit closes what commands leave open for others to write to.
	atExit []func() error
}

// exited carries kong's wish to end the process past code that goes on otherwise.
type exited int

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, p Process) (code diag.Code) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code = diag.Code(r)
		default:
			panic(r)
		}
	}()
	var g grammar
	e := &env{Process: p, interrupts: &interrupts{}}
	ctx, cancel := e.interrupts.heed(ctx, p.Signals)
	defer cancel()
	parser, err := kong.New(&g, kong.Name("froyo"), kong.Description(description),
		kong.Writers(p.Stdout, p.Stderr), kong.Exit(func(n int) { panic(exited(n)) }),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(e))
	if err != nil {
		fmt.Fprintln(p.Stderr, "froyo: error:", err)
		return diag.Usage
	}
	e.model = parser.Model
	e.color = func(f *os.File) bool {
		return !g.NoColor && p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb" && isTerminal(f)
	}
	e.errors = &ui.Errors{Out: p.Stderr, Style: ui.Style{Color: e.color(p.Stderr)}, Columns: func() int { return columns(p.Stderr) }}
	args := p.Args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	cmd, err := parser.Parse(args)
	if err != nil {
		e.errors.Print(usageError(err))
		return diag.Usage
	}
	e.verbose = g.Verbose
	e.errors.Verbose = g.Verbose > 0
	code = e.finish(ctx, cmd.Run(ctx, e))
	for _, closing := range e.atExit {
		if err := closing(); err != nil {
			e.errors.Print(err)
			code = diag.Worst(code, diag.Usage)
		}
	}
	return code
}

// finish prints what went wrong and decides the exit code.
func (e *env) finish(ctx context.Context, err error) diag.Code {
	if silent, ok := errors.AsType[*codeError](err); ok {
		err = silent.err
		if err != nil {
			e.errors.Print(err)
		}
		return silent.code
	}
	if err == nil {
		return diag.OK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		e.errors.Print(&diag.Error{Summary: "interrupted"})
		return diag.Interrupted
	}
	e.errors.Print(err)
	return diag.CodeOf(err)
}

// codeError ends the process with a code; err, where there is one, is printed.
type codeError struct {
	code diag.Code
	err  error
}

func (c *codeError) Error() string {
	if c.err == nil {
		return fmt.Sprintf("exit code %d", c.code)
	}
	return c.err.Error()
}

// usageError gives a mistake on the command line a hint.
func usageError(err error) error {
	d := &diag.Error{Summary: err.Error(), Cause: err, Hint: "froyo --help lists commands and flags; froyo COMMAND --help explains one"}
	if summary, alternative, ok := strings.Cut(err.Error(), ", did you mean "); ok {
		d.Summary, d.Hint = summary, "did you mean "+alternative
	}
	return d
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// columns is how wide a terminal is, or 0 where the file is none.
func columns(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	n, _ := size(f)
	return n
}

// size is how large the terminal is.
func size(f *os.File) (columns, rows int) {
	if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
		return w, h
	}
	return 80, 24
}
