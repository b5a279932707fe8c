// Package shell is froyo run shell: a prompt whose lines are run as commands on many hosts at once.
//
// It imports runtime/cli/client, runtime/cli/flags and runtime/cli/prompt.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/prompt"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Options are the flags that count here.
type Options struct {
	Target  *flags.Target
	Yes     bool
	Live    bool
	Timeout time.Duration // of a command, 0 for that of cmd
	// Grouped shows what a command printed on hosts: once where it is equal.
	Grouped func(hosts []string, printed map[string]output.Output, style ui.Style) string
}

// session is hosts that are connected to, and how lines are run on them.
type session struct {
	how     Options
	console *console.Console
	fleet   *client.Fleet

	hosts  []*inventory.Host // on which lines are run
	became *bool             // by :become, nil for as the inventory and the flags say
	live   live

	mu   sync.Mutex
	lost map[string]bool // hosts that are out until :reconnect

	worst diag.Code   // of all lines
	ended atomic.Bool // by a signal
}

// Run opens the hosts and reads lines until there are no more.
func Run(ctx context.Context, e *console.Console, o Options) (err error) {
	if err := e.NeedsTerminal(o.Yes); err != nil {
		return err
	}
	t := *o.Target
	t.Live = true
	f, err := client.OpenFleet(ctx, e, &t, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	s := &session{how: o, console: e, fleet: f, hosts: slices.Clone(f.Hosts), lost: map[string]bool{}}
	s.live.out = e.Stdout
	f.Live().Into(&s.live)
	if !o.Yes {
		names := ui.Readable(inventory.FoldNames(inventory.Names(s.hosts)))
		question := fmt.Sprintf("Run commands on %s: %s?", wording.Plural(len(s.hosts), "host"), names)
		if err := e.Approve(ctx, question, "run"); err != nil {
			return err
		}
	}
	lost, err := s.connect(ctx, s.hosts)
	if err != nil {
		return err
	}
	s.tell(lost)
	if len(s.up()) == 0 {
		return &console.ExitError{Code: diag.Unreachable, Err: errors.New("no host can be reached")}
	}
	return s.read(ctx)
}

// connect connects to hosts. Those that cannot be, for which lost are the reasons, are out.
func (s *session) connect(ctx context.Context, hosts []*inventory.Host) (lost []error, err error) {
	errs := make([]error, len(hosts))
	end := s.fleet.Show("connecting", hosts)
	s.fleet.Each(hosts, func(i int, h *inventory.Host) {
		session, err := s.fleet.Collector.Pool.Connect(ctx, h)
		if ready, ok := session.(interface {
			Ready(ctx context.Context, user string) error
		}); err == nil && ok {
			err = ready.Ready(ctx, s.as(h))
		}
		errs[i] = err
	})
	end()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for i, h := range hosts {
		s.lost[h.Name] = errs[i] != nil
	}
	return errs, nil
}

// tell prints errors, and which hosts are out.
func (s *session) tell(errs []error) {
	if err := errors.Join(errs...); err != nil {
		s.console.Errors.Print(err)
		s.worst = diag.Worst(s.worst, diag.CodeOf(err))
	}
}

// as is who runs commands on a host, "" for who logs in.
func (s *session) as(h *inventory.Host) string {
	if s.became == nil {
		return h.ActsAs()
	}
	as := *h
	as.Become = s.became
	return as.ActsAs()
}

// up are the hosts on which the next line is run.
func (s *session) up() []*inventory.Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.hosts), func(h *inventory.Host) bool { return s.lost[h.Name] })
}

// read reads lines and runs them.
func (s *session) read(ctx context.Context) (err error) {
	interactive := s.console.Interactive()
	var p *prompt.Prompt
	p, err = prompt.New(prompt.Options{
		Prompt: func() string { return wording.Plural(len(s.up()), "host") + "> " }, More: "... ", Unfinished: unfinished,
		Complete: func(text string, cursor int) prompt.Completion { return s.complete(text[:cursor], p.Words()) },
		History:  filepath.Join(s.fleet.StateDir(), "shell_history"),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	defer context.AfterFunc(ctx, func() { _ = p.Close() })() // ends what it waits for
	if interactive {
		fmt.Fprintln(s.console.Stderr, "Each line runs by itself: cd and variables do not last. :help, Ctrl-D")
	}
	for !s.ended.Load() {
		goOn, err := s.entry(ctx, p, interactive)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case !goOn:
			return s.end(interactive)
		}
	}
	return &console.ExitError{Code: diag.Interrupted}
}

// entry reads an entry and does what it says. Ctrl-C ends the entry where somebody is there to type another.
func (s *session) entry(ctx context.Context, p *prompt.Prompt, interactive bool) (goOn bool, err error) {
	work := ctx
	if interactive {
		var end func()
		work, end = s.console.Interruptible(ctx)
		defer end()
		defer context.AfterFunc(work, p.Interrupt)()
	}
	line, err := p.Read()
	switch {
	case errors.Is(err, prompt.ErrInterrupted):
		return true, nil
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	goOn, err = s.do(work, line)
	switch {
	case err == nil || work.Err() == nil || ctx.Err() != nil:
		return goOn, err
	case errors.Is(err, context.Canceled):
		s.console.Errors.Note("interrupted")
	default:
		s.tell([]error{err})
	}
	return true, nil
}

// end is what the session ends with: who was there has seen what failed.
func (s *session) end(interactive bool) error {
	if interactive || s.worst == diag.OK {
		return nil
	}
	return &console.ExitError{Code: s.worst}
}

// refuse tells who types what is wrong with it. Where lines come from a file none is run behind one that is wrong: it may have been
// what selects the hosts.
func (s *session) refuse(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err == nil || s.console.Interactive() {
		s.tell([]error{err})
		return nil
	}
	return &console.ExitError{Code: diag.Worst(s.worst, diag.CodeOf(err)), Err: err}
}

// do runs a line or a special command; goOn is false at :quit. What goes wrong on hosts is no error.
func (s *session) do(ctx context.Context, line string) (goOn bool, err error) {
	text := strings.TrimSpace(line)
	if text == "" || strings.HasPrefix(text, "#") {
		return true, nil
	}
	if name, rest, ok := special(text); ok {
		if name == "quit" || name == "q" || name == "exit" {
			return false, nil
		}
		return true, s.refuse(s.special(ctx, name, rest))
	}
	if err := check(line); err != nil {
		return true, s.refuse(err)
	}
	return true, s.run(ctx, line)
}

// isOut reports whether an error is that a host has gone.
func isOut(err error) bool {
	lost, ok := errors.AsType[*target.Error](err)
	return ok && lost.Unreachable()
}

// toTerminal reports whether a file is a terminal that can be rewritten.
func toTerminal(e *console.Console, f *os.File) bool {
	return console.IsTerminal(f) && e.Getenv("TERM") != "dumb"
}
