// Package program runs programs to their end and answers with their output: as
// this process's own user, or by sudo as another.
//
// It imports runner/op, runner/perform, runner/proctree, runner/memfile, runner/sudo and the standard
// library only; never fmt or os/exec, since the runner's size is speed.
package program

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/proctree"
)

// backgroundGrace is how long output is awaited from programs in the background,
// which keep a stream open after the one that was run has ended, and how long
// those that are not to be there are awaited in silence.
const backgroundGrace = 250 * time.Millisecond

// slowAfter is when a program that is only asked something is said to be slow.
const slowAfter = time.Second

// searchPath is PATH for programs: the login's own would make results depend on it.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Program is what to run and how.
type Program struct {
	Argv  []string
	Dir   string   // "/" where empty
	Env   []string // added to the minimal environment
	Stdin io.Reader
	Limit int64 // of each stream of output, op.DefaultOutput where 0
	// Background lets go what the program leaves running; else it is waited for, which Note is told.
	Background bool
	Note       func(string) // nil drops it
	// Heard is given the output as it comes, by a goroutine for each stream; nil drops it.
	Heard func(stderr bool, b []byte)
	// script is open in the program behind its standard streams; nil for none.
	script *os.File
	// lasting does not end the program where this process ends.
	lasting bool
}

// Starter runs programs for a user of this machine. It may be used by several goroutines.
type Starter struct {
	User, Home string // of this process
	Path       string // where programs are looked for; searchPath where empty, as it is but for tests

	as    string // who programs run as by sudo; "" is this process's own user
	rules *ruleList
	grace time.Duration
	trees *proctree.Tracker
}

// New returns what runs programs as this process's own user. Programs that are to
// end have grace to do so by themselves; trees knows what they started.
func New(grace time.Duration, trees *proctree.Tracker) *Starter {
	return &Starter{Home: "/", grace: grace, trees: trees}
}

// Perform implements perform.Performer, for the op that runs a program.
func (s *Starter) Perform(ctx context.Context, c *perform.Call) (err error) {
	if c.Op.Exec == nil {
		return perform.ErrUnknown
	}
	c.Result.Exec, err = s.exec(ctx, c.Op.Exec, c.Stream)
	return err
}

func (s *Starter) exec(ctx context.Context, e *op.Exec, with perform.Stream) (*op.ExecResult, error) {
	p := Program{Argv: e.Argv, Dir: e.Dir, Env: e.Env, Stdin: with.In, Limit: e.Limit, Background: e.Background, Note: with.Tell, Heard: with.Heard}
	if e.Script != nil {
		p.Stdin = nil
		return s.script(ctx, p, with.In)
	}
	if len(p.Argv) == 0 {
		p.Argv = Shell(e.Shell)
	}
	if e.ReadOnly { // planning waits for it before anything is done
		command := strings.Join(e.Argv, " ") + e.Shell
		slow := time.AfterFunc(slowAfter, func() { with.Tell("still running: " + perform.Bounded(command)) })
		defer slow.Stop()
	}
	if s.as != "" {
		if e.Sensitive && len(e.Env) > 0 {
			return nil, perform.Refuse(op.CodeSudo, "sudo takes variables here as arguments only, which every user can read and which it logs, and these are sensitive; "+s.allowance(ctx))
		}
		return s.execAs(ctx, p)
	}
	return s.Run(ctx, p)
}

// Shell is the command line that runs a shell's command.
func Shell(command string) []string { return []string{"/bin/sh", "-c", command} }

// Run runs a program to its end, which is that of all that it started. Where ctx
// ends first, they are ended, and the error is ctx's cause. Of a
// command line of Elevate's it is also an error where sudo refuses it.
func (s *Starter) Run(ctx context.Context, p Program) (*op.ExecResult, error) {
	result, err := s.execute(ctx, p)
	if err == nil && s.elevated(p.Argv) {
		err = s.judge(ctx, p, result)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (s *Starter) execute(ctx context.Context, p Program) (*op.ExecResult, error) {
	if err := perform.Stopped(ctx); err != nil {
		return nil, err
	}
	env := s.environment(p.Env)
	path, err := lookup(p.Argv[0], env)
	if err != nil {
		return nil, err
	}
	pipes, err := openPipes(p.Stdin)
	if err != nil {
		return nil, err
	}
	defer pipes.close()
	files := pipes.child[:]
	if p.script != nil {
		files = append(slices.Clip(files), p.script)
	}
	tree, err := s.start(path, p, env, files)
	if err != nil {
		return nil, err
	}
	pipes.closeChild()
	out, errOut := newCapture(pipes.stdout, p.Limit, p.hears(false)), newCapture(pipes.stderr, p.Limit, p.hears(true))
	pipes.feed(p.Stdin)
	state, err := s.wait(ctx, tree, p)
	pipes.hurry()
	<-out.done
	<-errOut.done
	if err != nil {
		return nil, err
	}
	return ended(state, out, errOut), nil
}

// hears is who hears one of the program's streams.
func (p *Program) hears(stderr bool) func(b []byte) {
	if p.Heard == nil {
		return func([]byte) {}
	}
	return func(b []byte) { p.Heard(stderr, b) }
}

// environment is what every program gets, the additions last: of a name that
// is given twice the last one counts.
func (s *Starter) environment(more []string) []string {
	env := []string{
		"PATH=" + cmp.Or(s.Path, searchPath),
		"HOME=" + s.Home, "USER=" + s.User, "LOGNAME=" + s.User,
		"LANG=C.UTF-8",
	}
	for _, add := range more {
		name, _, _ := strings.Cut(add, "=")
		kept := env[:0]
		for _, have := range env {
			if !strings.HasPrefix(have, name+"=") {
				kept = append(kept, have)
			}
		}
		env = append(kept, add)
	}
	return env
}

// Lacks reports whether there is no such program: at a path, or of a name in a PATH, "" for
// the one that programs get. What this user may not look at is not known to be missing.
func (s *Starter) Lacks(name, search string) bool {
	if strings.Contains(name, "/") {
		_, err := os.Stat(name)
		return errors.Is(err, fs.ErrNotExist)
	}
	var more []string
	if search != "" {
		more = []string{"PATH=" + search}
	}
	_, err := lookup(name, s.environment(more))
	return err != nil
}

// Names ranges over the programs that one could be meant by: those beside a path, or those in a PATH.
func (s *Starter) Names(name, search string) iter.Seq[string] {
	path, prefix := search, ""
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		path, prefix = name[:at+1], name[:at+1]
	} else if path == "" {
		path = cmp.Or(s.Path, searchPath)
	}
	return func(yield func(string) bool) {
		for dir := range strings.SplitSeq(path, ":") {
			if dir == "" || dir[0] != '/' {
				continue
			}
			for _, name := range namesIn(dir) {
				if !yield(prefix + name) {
					return
				}
			}
		}
	}
}

// namesIn are the names in a directory, those that could be read.
func namesIn(dir string) []string {
	at, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer at.Close()
	names, _ := at.Readdirnames(maxNames) // what was read before an error counts
	return names
}

// maxNames bounds how many names of a directory are looked at.
const maxNames = 10_000

// lookup finds a program as execvp would, in the PATH it will itself see.
func lookup(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, have := range env {
		if value, ok := strings.CutPrefix(have, "PATH="); ok {
			path = value
		}
	}
	for dir := range strings.SplitSeq(path, ":") {
		if dir == "" || dir[0] != '/' {
			continue // the current directory was not chosen here
		}
		file := strings.TrimSuffix(dir, "/") + "/" + name
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", perform.Refuse("enoent", "there is no program "+strconv.Quote(name)+" in "+path)
}

// start starts the program in a session of its own: without a terminal, and
// with a process group that can be ended as a whole. A file that was written a
// moment ago may still be open in a child just being forked; that passes.
func (s *Starter) start(path string, p Program, env []string, files []*os.File) (*proctree.Tree, error) {
	dir := p.Dir
	if dir == "" {
		dir = "/"
	}
	attr := &os.ProcAttr{Dir: dir, Env: env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	if !p.lasting {
		attr.Sys.Pdeathsig = syscall.SIGTERM
	}
	wait := time.Millisecond
	for {
		tree, err := s.trees.Start(path, p.Argv, attr, p.Background)
		if err == nil {
			return tree, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || wait > 100*time.Millisecond {
			return nil, startFault(p.Argv[0], dir, err)
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// startFault says whether it was the program or its directory that is missing.
func startFault(name, dir string, err error) error {
	if info, statErr := os.Stat(dir); statErr != nil {
		return perform.Fault("enter "+dir, statErr)
	} else if !info.IsDir() {
		return perform.Fault("enter "+dir, syscall.ENOTDIR)
	}
	return perform.Fault("run "+name, err)
}

// wait waits for the end of the program and of what it started, and brings it
// about where ctx ends first.
func (s *Starter) wait(ctx context.Context, tree *proctree.Tree, p Program) (*os.ProcessState, error) {
	var state *os.ProcessState
	var err error
	done := make(chan struct{})
	go func() {
		state, err = tree.Process.Wait()
		close(done)
	}()
	select {
	case <-done:
		if err == nil && !p.Background {
			return state, s.waitLeft(ctx, tree, p.Note)
		}
		tree.Done()
		return state, err
	case <-ctx.Done():
	}
	if !tree.End(s.grace, done) {
		return nil, unended(context.Cause(ctx))
	}
	tree.Done()
	return nil, context.Cause(ctx)
}

// waitLeft waits for what a program that has ended left running, and ends it when
// ctx is done.
func (s *Starter) waitLeft(ctx context.Context, tree *proctree.Tree, note func(string)) error {
	began, told := time.Now(), note == nil
	for wait := time.Millisecond; ; wait = min(2*wait, backgroundGrace) {
		left := tree.Left()
		if len(left) == 0 {
			tree.Done()
			return nil
		}
		if !told && time.Since(began) > backgroundGrace {
			told = true
			note("waiting for what the command left running in the background: " + proctree.Words(tree.Describe(left)))
		}
		select {
		case <-time.After(wait):
			continue
		case <-ctx.Done():
		}
		words := proctree.Words(tree.Describe(left))
		cause := context.Cause(ctx)
		ended := make(chan struct{})
		close(ended)
		if !tree.End(s.grace, ended) {
			return unended(cause) // it stays the run's, so that the next one finds it
		}
		tree.Done()
		if s, ok := errors.AsType[*perform.Stop](cause); ok && s.Code == "timeout" {
			return perform.Refuse("background", "left processes running in the background, which "+s.Why+" and were ended: "+words+
				"; background = True lets them go on")
		}
		return cause
	}
}

// unended says of a program that was given up that it has not ended.
func unended(cause error) error {
	if s, ok := errors.AsType[*perform.Stop](cause); ok {
		return &perform.Stop{Code: s.Code, Why: s.Why + ", and does not end; it may still be under way"}
	}
	return cause
}

// ended describes how a program ended.
func ended(state *os.ProcessState, out, errOut *capture) *op.ExecResult {
	result := &op.ExecResult{RC: state.ExitCode()}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		result.RC = 128 + int(ws.Signal())
	}
	result.Stdout, result.StdoutRaw = out.text()
	result.Stderr, result.StderrRaw = errOut.text()
	result.StdoutCut, result.StdoutLeft = out.left > 0, out.left
	result.StderrCut, result.StderrLeft = errOut.left > 0, errOut.left
	return result
}
