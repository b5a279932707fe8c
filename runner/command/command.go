// Package command is the transports below runner/dial by a program of this machine that gives a shell on a host:
// docker exec, kubectl exec, chroot, and any of one's own. runner/command/kind is the table of them.
//
// It imports runner/command/kind, runner/local, runner/protocol, runner/target, runner/transport, runner/escape and
// the standard library.
package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// Options say which host is meant, and how it is reached.
type Options struct {
	Name string // the host's, for messages
	Kind *kind.Kind
	Host kind.Host
	// Environ is the environment of the program.
	Environ []string
	// Timeout bounds how long the program may take to give a shell; 0 is 30 seconds.
	Timeout time.Duration
}

const defaultTimeout = 30 * time.Second

// cleanPath is the search path of a host whose shell has the environment that the program is given.
const cleanPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Transport starts shells on one host.
type Transport struct {
	options Options
	machine *local.Machine
}

var _ transport.Transport = (*Transport)(nil)

// Open finds out whether the program gives a shell, and whose. The error is a *target.Error, or that of ctx.
func Open(ctx context.Context, o Options) (*Transport, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	t := &Transport{options: o}
	if err := t.check(); err != nil {
		return nil, err
	}
	user, err := t.login(ctx)
	if err != nil {
		return nil, err
	}
	t.machine = local.New(user, t.environ())
	return t, nil
}

// User returns whose shell it is.
func (t *Transport) User() string { return t.machine.User() }

// Near reports whether there is a network on the way.
func (t *Transport) Near() bool { return t.options.Kind.Near }

// Start runs a script on the host.
func (t *Transport) Start(ctx context.Context, script string) (*transport.Process, error) {
	return t.machine.Exec(ctx, t.options.Kind.Command(t.options.Host, false, script)...)
}

// quiet has a terminal beyond that of this machine echo nothing and change no output.
const quiet = "stty -echo -opost 2>/dev/null; "

// StartTerminal is Start with a terminal, on both sides where the host is given one of its own.
func (t *Transport) StartTerminal(ctx context.Context, script string) (*transport.Process, error) {
	return t.machine.ExecTerminal(ctx, t.options.Kind.Command(t.options.Host, true, quiet+script)...)
}

// Close gives up every process that is still under way.
func (t *Transport) Close() error { return t.machine.Close() }

func (t *Transport) environ() []string {
	if t.options.Kind.Clean {
		return []string{cleanPath, "HOME=/", "LANG=C"}
	}
	return t.options.Environ
}

func (t *Transport) errorAt(message, detail, hint string, cause error) *target.Error {
	return &target.Error{Host: t.options.Name, Stage: target.StageConnect, Message: message, Detail: escape.Lines(detail), Hint: hint, Cause: cause}
}

// check refuses what no program has to be started for.
func (t *Transport) check() error {
	h := t.options.Host
	if h.Wants("user") && h.User == "" {
		return t.errorAt("its connection has {user}, and nothing says which user", "", "name one (-u, ansible_user)", nil)
	}
	if h.Wants("port") && h.Port == "" {
		return t.errorAt("its connection has {port}, and nothing says which port", "", "give ansible_port", nil)
	}
	program := t.options.Kind.Command(h, false, "")[0]
	if _, err := exec.LookPath(program); err != nil {
		why := " is not installed on this machine"
		if !errors.Is(err, exec.ErrNotFound) {
			why = " cannot be executed"
		}
		return t.errorAt(escape.Text(program)+why, "", "install it, or say otherwise how the host is reached (ansible_connection)", err)
	}
	return nil
}

// whoScript tells whose shell it is, and whether there is a /proc, which roots of one's own may lack. The magic stands in
// it in two halves, for shells that echo.
const whoScript = `m=MAGIC1; m=${m}MAGIC2; p=no; [ -e /proc/self/exe ] && p=yes; n=; [ ! -e /dev/null ] || n=$(id -un 2>/dev/null) || n=; echo; echo "$m $p $(id -u) $n"`

// maxSaid bounds what is kept of what a program says.
const maxSaid = 4 << 10

// login asks the shell whose it is.
func (t *Transport) login(ctx context.Context) (string, error) {
	timed, cancel := context.WithTimeout(ctx, t.options.Timeout)
	defer cancel()
	magic := protocol.NewMagic()
	half := len(magic) / 2
	script := strings.NewReplacer("MAGIC1", magic[:half], "MAGIC2", magic[half:]).Replace(whoScript)
	argv := t.options.Kind.Command(t.options.Host, false, script)
	cmd := exec.CommandContext(timed, argv[0], argv[1:]...)
	stdout, stderr := &said{}, &said{}
	cmd.Env, cmd.Stdout, cmd.Stderr = t.environ(), stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	for line := range strings.SplitSeq(stdout.kept.String(), "\n") {
		if rest, ok := strings.CutPrefix(line, magic+" "); ok {
			proc, who, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if proc != "yes" {
				return "", t.errorAt("the host has no /proc", "", t.options.Kind.Proc(t.options.Host), nil)
			}
			id, name, _ := strings.Cut(who, " ")
			return t.whose(id, name)
		}
	}
	text := strings.TrimSpace(stderr.kept.String() + "\n" + stdout.kept.String())
	if timed.Err() != nil {
		return "", t.errorAt(escape.Text(argv[0])+" gave no shell within "+t.options.Timeout.String(), text, "what does it wait for? A longer --timeout gives it more time", timed.Err())
	}
	return "", t.noShell(argv[0], text, err)
}

// whose is the user by whom the host knows the shell's owner, who has to be the one who was asked for.
func (t *Transport) whose(id, name string) (string, error) {
	asked := t.options.Host.User
	switch {
	case id == "":
		return "", t.errorAt("the host does not say whose shell it is: there is no id", "", "install coreutils", nil)
	case asked != "" && asked != id && asked != name:
		return "", t.errorAt("the shell is of "+escape.Text(escape.Short(name))+" (uid "+escape.Text(escape.Short(id))+"), expected "+escape.Text(asked), "",
			"this connection cannot choose the user: leave out ansible_user and -u, and become another one", nil)
	case asked != "":
		return asked, nil
	case name != "":
		return name, nil
	}
	return id, nil
}

// noShell explains a program that ended without a shell.
func (t *Transport) noShell(program, text string, err error) error {
	if f := t.options.Kind.Explain(text, t.options.Host); f != nil {
		return t.errorAt(escape.Text(f.Message), text, f.Hint, err)
	}
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	return t.errorAt(escape.Text(program)+" gave no shell: "+escape.Text(how), text, "what it said is above; it has to run the words that follow it, on the host", err)
}

// said keeps the end of what is written.
type said struct{ kept bytes.Buffer }

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.kept.Write(p)
	if over := s.kept.Len() - maxSaid; over > 0 {
		_, _ = io.CopyN(io.Discard, &s.kept, int64(over)) // it is there
	}
	return len(p), nil
}
