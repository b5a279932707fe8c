// Package program runs the programs that inventories may be, by Ansible's
// protocol: with --list they print all groups, with --host NAME the variables
// of a host.
//
// Beside the standard library it imports engine/diag.
package program

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// What is kept of a program's output.
const (
	maxOutput = 16 << 20
	maxStderr = 4 << 10
)

// DefaultLimit is how long a program may take where nothing else is said.
const DefaultLimit = time.Minute

// LimitVariable is the variable of the environment that says so, in seconds.
const LimitVariable = "FROYO_INVENTORY_TIMEOUT"

// Runner runs programs.
type Runner struct {
	// Limit is how long one call may take.
	Limit time.Duration
	// Env is the environment of the programs, as os.Environ gives it.
	Env []string
	// What the programs are, for messages; "" is inventories.
	What string

	made map[string][]byte // what calls printed, so that each is made once
}

// Run runs a program and returns its standard output. A second time it answers
// with what the program printed before. Standard input is empty; standard error
// is told if it fails. The error wraps syscall.ENOEXEC if the file is no program.
func (r *Runner) Run(ctx context.Context, path string, args ...string) ([]byte, error) {
	call := strings.Join(append([]string{path}, args...), " ")
	if out, ok := r.made[call]; ok {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Limit)
	defer cancel()
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, abs, args...)
	stdout, stderr := &head{max: maxOutput, full: cancel}, &tail{max: maxStderr}
	cmd.Env, cmd.Stdout, cmd.Stderr = r.Env, stdout, stderr
	// A group of its own, so that what it has started ends with it, and an interrupt reaches froyo alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for who left the group and holds the output open
	err = cmd.Run()
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return nil, err
	case stdout.over:
		return nil, r.failure(call, stderr, "it prints more than %d MiB", maxOutput>>20)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, r.failure(call, stderr, "the program did not end within %v", r.Limit).
			WithHint("set %s to more seconds, or make it faster: it is asked once for each host if what --list prints has no _meta.hostvars", LimitVariable)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		if cmd.Process == nil {
			err = notStarted(abs, err)
		}
		return nil, r.failure(call, stderr, "%w", err).WithHint("to see what it does: %s </dev/null", strings.Join(append([]string{abs}, args...), " "))
	}
	if r.made == nil {
		r.made = map[string][]byte{}
	}
	r.made[call] = stdout.kept.Bytes()
	return stdout.kept.Bytes(), nil
}

// notStarted is why a program that is there could not be started.
func notStarted(path string, err error) error {
	if inPath, ok := errors.AsType[*fs.PathError](err); ok {
		err = inPath.Err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if f, openErr := os.Open(path); openErr == nil {
		defer f.Close()
		line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
		if interpreter, is := strings.CutPrefix(line, "#!"); is {
			return fmt.Errorf("its interpreter is not there: %s", strings.ToValidUTF8(strings.TrimSpace(interpreter), "\ufffd"))
		}
	}
	return err
}

// failure is an error about a call, with what the program said on standard error.
func (r *Runner) failure(call string, stderr *tail, format string, args ...any) *diag.Error {
	cause := fmt.Errorf(format, args...)
	e := &diag.Error{Summary: fmt.Sprintf("%s %s: %v", cmp.Or(r.What, "inventory"), call, cause), Cause: cause, Code: diag.Usage}
	e.Detail = strings.ToValidUTF8(strings.TrimSpace(stderr.text()), "\ufffd")
	return e
}

// head keeps the beginning of what is written, and tells when it is too much.
type head struct {
	kept bytes.Buffer // not embedded: its ReadFrom would know no limit
	max  int
	over bool
	full func()
}

func (h *head) Write(p []byte) (int, error) {
	if h.over || h.kept.Len()+len(p) > h.max {
		h.over = true
		h.full()
		return len(p), nil
	}
	return h.kept.Write(p)
}

// tail keeps the end of what is written.
type tail struct {
	max  int
	kept []byte
	cut  bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - t.max; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	return len(p), nil
}

func (t *tail) text() string {
	if t.cut {
		return "[...] " + string(t.kept)
	}
	return string(t.kept)
}
