// Package repl is froyo repl: the language of runbooks at a prompt.
//
// It imports runtime/cli/client, runtime/cli/runbook, runtime/cli/prompt, runtime/script and builtins/hostapi.
package repl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/prompt"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/runtime/script/entry"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Command is froyo repl.
type Command struct {
	File string `arg:"" optional:"" complete:"files:star" help:"Runbook whose functions the session has; default: site.star, if there is one."`
	flags.Target
	flags.Vars
	flags.Guard
	Yes     bool          `short:"y" name:"auto-approve" help:"apply() does not ask. Pauses still do: --no-pause."`
	NoPause bool          `name:"no-pause" help:"Continue at pauses without asking."`
	Wait    time.Duration `name:"lock-timeout" env:"FROYO_LOCK_TIMEOUT" placeholder:"DURATION" default:"0s" help:"apply() waits this long for hosts that another run has locked, such as 30s."`
}

// Help gives the command's example.
func (*Command) Help() string {
	return `The language of runbooks, answered at once. hosts() and host("h1") give the hosts that -l selects; their facts and files are
asked for when they are read. plan(f) shows what a function would do, apply(f) does it after the usual question. help() says more.
Ctrl-C ends what is under way, Ctrl-D the session. Through a pipe, values and what print() prints are on standard output.

Examples:
  froyo repl
  froyo repl site.star -l 'role=web'
  echo 'len(hosts())' | froyo repl
  froyo repl -i h1,h2, <questions.star`
}

// session is one session at a prompt.
type session struct {
	command *Command
	console *console.Console
	prompt  *client.Prompt
	asking  *asking
	// ctx is that of the entry under way.
	ctx    context.Context //nolint:containedctx // the functions of the language are called without one
	reload bool            // once the entry has ended
	told   error           // ends an entry of which all has been told; nil for none
}

// Run reads entries until there are no more.
func (c *Command) Run(ctx context.Context, e *console.Console) (err error) {
	if err := c.CheckWindow(); err != nil {
		return err
	}
	s := &session{command: c, console: e}
	p, err := client.OpenPrompt(ctx, e, c.planning(), s.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	s.prompt, s.asking = p, &asking{prompt: p}
	p.Wrap = s.asking.of
	if !e.Interactive() {
		return s.lines(ctx, e.Stdin)
	}
	return s.entries(ctx)
}

// planning are the flags of plan and apply.
func (c *Command) planning() *flags.Planning {
	return &flags.Planning{File: c.File, Target: c.Target, Vars: c.Vars}
}

// options are what the session of the language is made from, without what the workspace says.
func (s *session) options() script.SessionOptions {
	o := script.SessionOptions{Show: s.show, Warn: func(all []*diag.Error) {
		s.pause()
		s.console.Errors.Warnings(all)
	}}
	o.Options.Predeclared, o.Options.Print = s.names(), s.print
	return o
}

// pause takes the screen away that shows how hosts answer.
func (s *session) pause() {
	if s.asking != nil {
		s.asking.end()
	}
}

// print prints what an entry prints: lines as they are into a pipe, safe to show on a terminal.
func (s *session) print(_ diag.Pos, _, text string) {
	s.pause()
	if console.IsTerminal(s.console.Stdout) {
		text = readable(text)
	}
	fmt.Fprintln(s.console.Stdout, text)
}

// show prints the value of an entry.
func (s *session) show(v starlark.Value) error {
	text, err := shape{columns: s.console.Style(s.console.Stdout).Columns, facts: s.prompt.Fleet.Facts}.shown(v)
	if err != nil {
		return err
	}
	s.pause()
	_, err = io.WriteString(s.console.Stdout, text+"\n")
	return err
}

// eval evaluates an entry, which Ctrl-C ends.
func (s *session) eval(ctx context.Context, text string) error {
	work, end := s.console.Interruptible(ctx)
	defer end()
	defer s.console.WatchReaders()()
	s.ctx, s.reload, s.told = work, false, nil
	s.asking.begin(work)
	err := s.prompt.Session.Eval(work, text)
	s.pause()
	s.prompt.Session.PrintTo(nil)
	s.prompt.Fleet.Collector.Pool.Renew(context.WithoutCancel(ctx), s.asking.takeLost())
	if err == nil && s.reload {
		err = s.prompt.Reload(work, s.options())
	}
	if s.told != nil {
		return s.told
	}
	if work.Err() != nil && ctx.Err() == nil && (err == nil || errors.Is(err, context.Canceled)) {
		return &diag.Error{Summary: "interrupted", Code: diag.Interrupted}
	}
	return err
}

// lines evaluates what comes from a file or a pipe, until something of it fails.
func (s *session) lines(ctx context.Context, from io.Reader) error {
	var l entry.Lines
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return diag.ReadFailed("standard input", err)
		}
		last := err != nil
		var entries []string
		if line != "" {
			entries = l.Add(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		}
		if last {
			entries = append(entries, l.Rest()...)
		}
		for _, text := range entries {
			if isEnd(text) {
				return nil
			}
			if err := s.eval(ctx, text); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// entries evaluates what is typed on a terminal.
func (s *session) entries(ctx context.Context) error {
	p, err := prompt.New(prompt.Options{
		Prompt: func() string { return "froyo> " }, More: "   ... ",
		Unfinished: entry.Unfinished, Complete: (&completer{s.prompt}).complete, History: filepath.Join(s.prompt.Fleet.StateDir(), "repl_history"),
	})
	if err != nil {
		return err
	}
	defer p.Close()                                      //nolint:errcheck // the terminal is as it was after each entry
	stop := context.AfterFunc(ctx, func() { p.Close() }) //nolint:errcheck // reading ends
	defer stop()
	s.welcome()
	for {
		text, err := s.read(ctx, p)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, prompt.ErrInterrupted):
			continue
		case err != nil:
			return err
		case strings.TrimSpace(text) == "":
			continue
		}
		if isEnd(text) {
			return nil
		}
		if err := s.eval(ctx, entry.Dedent(text)); err != nil { // a blank in front keeps it out of the history
			s.failed(err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// read reads an entry. Where there is no line editor Ctrl-C is a signal, which drops what was typed.
func (s *session) read(ctx context.Context, p *prompt.Prompt) (string, error) {
	work, end := s.console.Interruptible(ctx)
	defer end()
	defer context.AfterFunc(work, p.Interrupt)()
	return p.Read()
}

// isEnd reports whether an entry ends the session.
func isEnd(text string) bool {
	switch strings.TrimSpace(text) {
	case "exit", "quit", "exit()", "quit()":
		return true
	}
	return false
}

// failed tells what went wrong with an entry.
func (s *session) failed(err error) {
	if exit, ok := errors.AsType[*console.ExitError](err); ok {
		err = exit.Err
	}
	if err != nil {
		s.console.Errors.Print(err)
	}
}

// welcome says what there is.
func (s *session) welcome() {
	style := s.console.Style(s.console.Stderr)
	text := wording.Plural(len(s.prompt.Fleet.Hosts), "host")
	if !s.prompt.All {
		text += " selected"
	}
	if main := s.prompt.Runbook(); main != "" {
		text += ", names of " + ui.Readable(main)
		if hidden := s.prompt.Session.Hidden(); len(hidden) > 0 {
			text += " but for " + strings.Join(hidden, " and ")
		}
	}
	fmt.Fprintln(s.console.Stderr, style.Wrap(ui.Dim, text+". help() says what there is; Ctrl-D ends.", 0, 2))
}
