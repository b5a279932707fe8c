package client

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/telemetry"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/progress"
	"github.com/openfroyo/froyo/runtime/ui/report"
	"github.com/openfroyo/froyo/runtime/wire"
)

// Session is a run whose progress, log and reports the terminal shows.
type Session struct {
	Run     *run.Run
	loaded  *Loaded
	console *console.Console
	stage   *stage
	trace   *telemetry.Trace // of --trace, or nil
	lines   *event.Lines     // of --json, or nil
	into    *jsonFile        // of --json-into, or nil
	junit   *junitFile       // of --junit, or nil
	unwatch func()           // ends watching whether the output is read
}

// Options say what a session writes, and what it is allowed to ask.
type Options struct {
	// Lines writes what happens on standard output.
	Lines bool
	// JUnit is the file of a report, or "".
	JUnit string
	// Wait is how long hosts that other runs have locked are waited for.
	Wait time.Duration
	// Again lets a saved plan be applied that was applied before.
	Again bool
	// GuardWindow is how long a host that is changed waits until froyo gets in again, 0 for as long as usual; Unguarded is that
	// none does.
	GuardWindow time.Duration
	Unguarded   bool
	// Ask asks on the terminal about machines that were replaced.
	Ask bool
	// Sinks are told what happens, too.
	Sinks []event.Sink
}

// Begin opens what a run needs beside its job. Close must follow; it closes the job, too.
func (l *Loaded) Begin(ctx context.Context, command string, f *flags.Planning, o Options) (*Session, error) {
	c := l.Console
	forks, err := l.at.forks(f.Forks)
	if err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	connections, err := l.at.connections(&f.Login)
	if err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	if spec := l.Job.Spec; spec.Saved == nil && spec.Resumed == nil { // these may be refused before a host is asked
		connections.Ahead(ctx, l.Job.Hosts(), forks)
	}
	s := &Session{loaded: l, console: c, stage: &l.at.stage}
	options := run.Options{
		Command: command, Forks: forks, HostTime: f.HostTime, Wait: o.Wait, Again: o.Again, Connections: connections,
		Guards: guard.Options{Program: wire.Guard(), Window: o.GuardWindow, Off: o.Unguarded},
	}
	if o.Ask {
		options.Decide = s.askMachine
	}
	if s.Run, err = l.Job.Begin(ctx, options); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	s.unwatch = c.WatchReaders()
	if err := s.listen(f, o); err != nil {
		return nil, errors.Join(err, s.Close(ctx, diag.Usage, nil))
	}
	return s, nil
}

// listen sends what happens to the terminal, the log, the trace and the reports.
func (s *Session) listen(f *flags.Planning, o Options) error {
	var err error
	if s.trace, err = openTrace(s.console, f.Trace, s.Run.ID()); err != nil {
		return err
	}
	s.Run.Listen(s.stage, telemetry.Log(Logger(s.console, s.Run.ID())))
	s.Run.Listen(o.Sinks...)
	if s.loaded.wrap != nil {
		s.Run.Trace(s.loaded.wrap)
	}
	if s.trace != nil {
		s.Run.Listen(s.trace)
		s.Run.Trace(s.trace.Target)
	}
	if o.Lines {
		s.lines = event.NewLines(s.console.Stdout)
		s.Run.Listen(s.lines)
	}
	if s.into, err = openInto(f.Into); err != nil {
		return err
	}
	if s.into != nil {
		s.Run.Listen(s.into.lines)
	}
	if o.JUnit != "" {
		s.junit = &junitFile{name: o.JUnit, report: report.NewJUnit()}
		s.Run.Listen(s.junit.report)
	}
	return nil
}

// Plan plans, and shows how that gets on.
func (s *Session) Plan(ctx context.Context) error {
	s.stage.show(s.console.Progress("planning", s.Run.ID(), inventory.Names(s.Run.Job().Hosts())))
	defer s.stage.end()
	return s.Run.Plan(ctx)
}

// Apply applies the plan, and shows how that gets on. step asks before each unit; else the
// first interrupt lets what is under way end. pauses asks at pauses.
func (s *Session) Apply(ctx context.Context, step, pauses bool) (*run.Result, error) {
	progress := s.console.Progress("applying", s.Run.ID(), inventory.Names(s.Run.Job().Hosts()))
	s.stage.show(progress)
	var how run.Steps
	steps := &asker{session: s, progress: progress}
	if pauses {
		how.Pauser = steps
	}
	if step {
		how.Confirmer = steps // at its question an interrupt ends the run
	} else {
		stop, end := s.console.Softly(func(why string) {
			if why != "" {
				why = "Interrupted: " + why + ". "
			}
			progress.Stop(why + "Stopping: running units finish, no new ones start. Ctrl-C again stops them too.")
		})
		defer end()
		how.Stop = stop
	}
	defer s.stage.end()
	result, err := s.Run.Apply(ctx, how)
	if result != nil {
		result.Err = errors.Join(result.Err, steps.stopped)
	}
	return result, err
}

// Console is where the run is shown.
func (s *Session) Console() *console.Console { return s.console }

// Print prints the plan on standard output; quiet leaves out what changes in files.
func (s *Session) Print(quiet bool) error {
	v := ui.PlanView{Style: s.console.Style(s.console.Stdout), Contents: s.Run.Planned().Contents, Rollouts: s.Run.Proposed().Rollouts(), Verbose: s.console.Verbose > 0, Quiet: quiet, Effects: s.loaded.Effects, Generated: s.Run.Planned().Generated(), Line: run.IsCommandLine(s.Run.Job().Spec.Main)}
	return v.Print(s.console.Stdout, s.Run.Job().Plays(), s.Run.Proposed().Hosts)
}

// Warn prints remarks on the runbook that planning brought up.
func (s *Session) Warn() { s.console.Errors.Warnings(s.Run.Planned().Warnings()) }

// Close ends the run and closes all that was opened for it.
func (s *Session) Close(ctx context.Context, code diag.Code, counts []apply.Count) error {
	s.unwatch()
	errs := []error{s.Run.Close(ctx, code, counts), s.loaded.Close(ctx), s.into.close()}
	if s.trace != nil {
		errs = append(errs, s.trace.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}

// stage shows the stage that a run is in. It implements event.Sink.
type stage struct {
	mu       sync.Mutex
	progress *progress.Progress // nil between stages
}

// Emit implements event.Sink.
func (s *stage) Emit(e event.Event) {
	s.mu.Lock()
	progress := s.progress
	s.mu.Unlock()
	if progress != nil {
		progress.Emit(e)
	}
}

func (s *stage) show(p *progress.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = p
}

// end takes the screen of the stage away.
func (s *stage) end() {
	s.mu.Lock()
	progress := s.progress
	s.progress = nil
	s.mu.Unlock()
	if progress != nil {
		progress.Close()
	}
}

// above has f write above the screen, if there is one.
func (s *stage) above(f func()) {
	if p := s.current(); p != nil {
		p.Above(f)
		return
	}
	f()
}

// current is the screen of the stage, nil between stages.
func (s *stage) current() *progress.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

// Logger logs to where --log says, for people on a terminal, as JSON elsewhere. run is "" for a command as a whole.
func Logger(c *console.Console, run string) zerolog.Logger {
	switch {
	case c.Log == nil:
		return zerolog.Nop()
	case console.IsTerminal(c.Log):
		return telemetry.NewLogger(zerolog.ConsoleWriter{Out: c.Log, NoColor: !c.Style(c.Log).Color, TimeFormat: "15:04:05.000"}, run)
	}
	return telemetry.NewLogger(c.Log, run)
}

// openTrace begins the trace of a run, or returns nil where none is wanted.
func openTrace(c *console.Console, file, run string) (*telemetry.Trace, error) {
	switch file {
	case "":
		return nil, nil
	case "-":
		return telemetry.NewTrace(c.Stderr, c.Process.Version, run)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		d := diag.WriteFailed("--trace "+file, file, err)
		return nil, d.WithHint("nothing was done; %s", d.Hint)
	}
	c.AtExit(f.Close)
	return telemetry.NewTrace(f, c.Process.Version, run)
}
