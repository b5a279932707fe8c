package machine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of a program's output, for each of its two streams.
const (
	defaultOutput = 64 << 10
	maxOutput     = 1 << 20
)

// How long output is awaited from programs in the background, which keep a
// stream open after the one that was run has ended, and how often it is looked
// whether a group of processes is gone.
const (
	backgroundGrace = 250 * time.Millisecond
	groupPoll       = 20 * time.Millisecond
)

// searchPath is PATH for programs: the login's own would make results depend on it.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// program is what to run and how.
type program struct {
	argv  []string
	dir   string   // "/" where empty
	env   []string // added to the minimal environment
	stdin io.Reader
	limit int64 // of each stream of output, defaultOutput where 0
	// lasting does not end the program where this process ends.
	lasting bool
}

func (m *Machine) exec(ctx context.Context, e *op.Exec, stdin io.Reader) (*op.ExecResult, error) {
	p := program{argv: e.Argv, dir: e.Dir, env: e.Env, stdin: stdin, limit: e.Limit}
	if len(p.argv) == 0 {
		p.argv = shell(e.Shell)
	}
	if m.as != "" {
		return m.execAs(ctx, p)
	}
	return m.run(ctx, p)
}

func shell(command string) []string { return []string{"/bin/sh", "-c", command} }

// run runs a program to its end. Where ctx ends first, the program and what
// belongs to its process group are ended, and the error is ctx's cause. Of a
// command line of elevate's it is also an error where sudo refuses it.
func (m *Machine) run(ctx context.Context, p program) (*op.ExecResult, error) {
	result, err := m.execute(ctx, p)
	if err == nil && m.elevated(p.argv) {
		err = m.judge(ctx, p, result)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (m *Machine) execute(ctx context.Context, p program) (*op.ExecResult, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	env := m.environment(p.env)
	path, err := lookup(p.argv[0], env)
	if err != nil {
		return nil, err
	}
	pipes, err := openPipes(p.stdin)
	if err != nil {
		return nil, err
	}
	defer pipes.close()
	proc, err := start(path, p, env, pipes.child[:])
	if err != nil {
		return nil, err
	}
	pipes.closeChild()
	out, errOut := newCapture(pipes.stdout, p.limit), newCapture(pipes.stderr, p.limit)
	pipes.feed(p.stdin)
	state, err := m.wait(ctx, proc)
	pipes.hurry()
	<-out.done
	<-errOut.done
	if err != nil {
		return nil, err
	}
	return ended(state, out, errOut), nil
}

// environment is what every program gets, the additions last: of a name that
// is given twice the last one counts.
func (m *Machine) environment(more []string) []string {
	env := []string{
		"PATH=" + cmp.Or(m.path, searchPath),
		"HOME=" + m.home, "USER=" + m.User, "LOGNAME=" + m.User,
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
			continue // the current folder is nobody's choice here
		}
		file := strings.TrimSuffix(dir, "/") + "/" + name
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", refusal("enoent", "there is no program "+strconv.Quote(name)+" in "+path)
}

// start starts the program in a session of its own: without a terminal, and
// with a process group that can be ended as a whole. A file that was written a
// moment ago may still be open in a child just being forked; that passes.
func start(path string, p program, env []string, files []*os.File) (*os.Process, error) {
	dir := p.dir
	if dir == "" {
		dir = "/"
	}
	attr := &os.ProcAttr{Dir: dir, Env: env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	if !p.lasting {
		attr.Sys.Pdeathsig = syscall.SIGTERM
	}
	wait := time.Millisecond
	for {
		proc, err := os.StartProcess(path, p.argv, attr)
		if err == nil {
			return proc, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || wait > 100*time.Millisecond {
			return nil, startFault(p.argv[0], dir, err)
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// startFault says whether it was the program or its folder that is missing.
func startFault(name, dir string, err error) error {
	if info, statErr := os.Stat(dir); statErr != nil {
		return Fault("enter "+dir, statErr)
	} else if !info.IsDir() {
		return Fault("enter "+dir, syscall.ENOTDIR)
	}
	return Fault("run "+name, err)
}

// wait waits for the program's end, and brings it about where ctx ends first.
func (m *Machine) wait(ctx context.Context, proc *os.Process) (*os.ProcessState, error) {
	var state *os.ProcessState
	var err error
	done := make(chan struct{})
	go func() {
		state, err = proc.Wait()
		close(done)
	}()
	select {
	case <-done:
		return state, err
	case <-ctx.Done():
	}
	if !m.endGroup(proc.Pid, done) {
		return nil, unended(context.Cause(ctx))
	}
	return nil, context.Cause(ctx)
}

// unended says of a program that was given up that it has not ended.
func unended(cause error) error {
	if s, ok := errors.AsType[*Stop](cause); ok {
		return &Stop{Code: s.Code, Why: s.Why + ", and does not end; it may still be under way"}
	}
	return cause
}

// endGroup asks every process of a group to end, and after the grace ends it.
// It reports whether they did, as far as can be seen: sudo passes on the asking,
// yet what it runs only root may end, and what hangs in the kernel ends for nobody.
func (m *Machine) endGroup(group int, leader <-chan struct{}) bool {
	forbidden := syscall.Kill(-group, syscall.SIGTERM) == syscall.EPERM // gone already is fine
	limit := time.NewTimer(m.grace)
	defer limit.Stop()
	poll := time.NewTicker(groupPoll)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			if syscall.Kill(-group, 0) == syscall.ESRCH {
				<-leader
				return true
			}
		case <-limit.C:
			if forbidden {
				return false
			}
			_ = syscall.Kill(-group, syscall.SIGKILL) // gone already is fine
			select {
			case <-leader:
				return syscall.Kill(-group, 0) != syscall.EPERM
			case <-time.After(m.grace):
				return false
			}
		}
	}
}

// ended describes how a program ended.
func ended(state *os.ProcessState, out, errOut *capture) *op.ExecResult {
	result := &op.ExecResult{RC: state.ExitCode(), Truncated: out.truncated || errOut.truncated}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		result.RC = 128 + int(ws.Signal())
	}
	var lossyOut, lossyErr bool
	result.Stdout, lossyOut = out.text()
	result.Stderr, lossyErr = errOut.text()
	result.Lossy = lossyOut || lossyErr
	return result
}
