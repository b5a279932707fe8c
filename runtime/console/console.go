// Package console is the terminal side of a command: its streams, colour and
// size, the questions it asks, and what the process's signals mean to it.
//
// It imports runtime/ui and the engine's leaves.
package console

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/progress"
)

// Process is what a console takes of its process.
type Process struct {
	Args                  []string
	Stdin, Stdout, Stderr *os.File
	Getenv                func(string) string
	Environ               func() []string
	// Signals are those that ask the process to end; nil for none.
	Signals <-chan os.Signal
	// Version is froyo's.
	Version string
}

// Console is what every command gets.
type Console struct {
	Process Process
	Stdin   *os.File
	Stdout  *os.File
	Stderr  *os.File
	Errors  *ui.Errors
	// Verbose is how often -v was given.
	Verbose int
	// Log is where --log writes, nil for nowhere.
	Log *os.File

	plain      bool          // no colours
	answers    *bufio.Reader // of standard input, from the first question on
	interrupts *interrupts
	atExit     []func() error
	ended      <-chan struct{}   // closed when the command is to end, nil for never
	passwords  map[string]string // that were asked for, by the variable that stands for each
}

// New returns the console of a process. The context is cancelled by its signals,
// and by the returned function.
func New(ctx context.Context, p Process) (*Console, context.Context, context.CancelFunc) {
	c := &Console{Process: p, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, interrupts: &interrupts{}}
	c.Errors = &ui.Errors{Out: p.Stderr, Style: c.Style(p.Stderr), Columns: func() int { return Columns(p.Stderr) }}
	ctx, cancel := c.interrupts.watch(ctx, p.Signals)
	c.ended = ctx.Done()
	return c, ctx, cancel
}

// Configure applies the flags that all commands have.
func (c *Console) Configure(verbose int, plain bool) {
	c.Verbose, c.plain = verbose, plain
	c.Errors.Verbose, c.Errors.Style = verbose > 0, c.Style(c.Stderr)
}

// Getenv reads the environment.
func (c *Console) Getenv(name string) string { return c.Process.Getenv(name) }

// Style is how to paint what is written to a file.
func (c *Console) Style(f *os.File) ui.Style {
	colorterm := c.Getenv("COLORTERM")
	return ui.Style{
		Color: !c.plain && c.Getenv("NO_COLOR") == "" && c.Getenv("TERM") != "dumb" && IsTerminal(f),
		Exact: colorterm == "truecolor" || colorterm == "24bit", Columns: Columns(f),
	}
}

// Interactive reports whether there is a terminal to ask on.
func (c *Console) Interactive() bool { return IsTerminal(c.Stdin) }

// Quiet is a console that writes standard error to w and nothing to the terminal.
func (c *Console) Quiet(w *os.File) *Console {
	quiet := *c
	quiet.Stderr, quiet.Errors = w, c.Errors.To(w)
	return &quiet
}

// OpenLog opens the file of --log, to which it adds; "" is none and "-" standard error.
func (c *Console) OpenLog(name string) error {
	switch name {
	case "":
		return nil
	case "-":
		c.Log = c.Stderr
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d := diag.WriteFailed("--log "+name, name, err)
		return d.WithHint("nothing was done; %s", d.Hint)
	}
	c.Log = f
	c.AtExit(f.Close)
	return nil
}

// Progress shows how the hosts of a run get on, on standard error: a live screen on a terminal that
// can be rewritten and that no log is written to.
func (c *Console) Progress(verb, run string, hosts []string) *progress.Progress {
	return progress.New(c.Stderr, progress.Options{
		Style: c.Style(c.Stderr), Live: IsTerminal(c.Stderr) && c.Getenv("TERM") != "dumb" && c.Log != c.Stderr,
		Size: func() (int, int) { return Size(c.Stderr) }, Verb: verb, Hosts: hosts, Verbose: c.Verbose, Run: run,
	})
}

// PrintLine shows what a runbook prints where no run is under way.
func (c *Console) PrintLine(pos diag.Pos, host, text string) {
	fmt.Fprintln(c.Stderr, ui.Style{Columns: Columns(c.Stderr)}.Wrap("", progress.Printed(pos, host, text), 0, 4))
}

// AtExit keeps what is to be closed after the command, for what it leaves open for others to write to.
func (c *Console) AtExit(closing func() error) { c.atExit = append(c.atExit, closing) }

// Close closes what commands left open, and returns the worst of code and what went wrong.
func (c *Console) Close(code diag.Code) diag.Code {
	for _, closing := range c.atExit {
		if err := closing(); err != nil {
			c.Errors.Print(err)
			code = diag.Worst(code, diag.Usage)
		}
	}
	return code
}

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Columns is how wide a terminal is, or 0 where the file is none.
func Columns(f *os.File) int {
	if !IsTerminal(f) {
		return 0
	}
	n, _ := Size(f)
	return n
}

// Size is how large the terminal is.
func Size(f *os.File) (columns, rows int) {
	if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
		return w, h
	}
	return 80, 24
}
