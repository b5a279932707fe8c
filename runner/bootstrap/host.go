// Package bootstrap puts a runner on a host, starts it as a user, and says what
// went wrong where that cannot be done.
//
// It imports runner/transport, runner/target, runner/protocol, runner/op, runner/sudo,
// runner/escape and the standard library.
package bootstrap

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// Host is where runners are to be put.
type Host struct {
	Name      string // for messages
	Transport transport.Transport
	// Method is Sudo, Su or Doas; "" is Sudo.
	Method string
	// BecomeUser is who is become first, to whom the password of su belongs; "" is root.
	BecomeUser string
	// Become gives the password for the method, and is called only where that asks; nil where there is none.
	// BecomeFrom says where it is from, "" where it was asked for.
	Become     func() (string, error)
	BecomeFrom string
	// Binary gives the runner for a platform.
	Binary func(goos, goarch string) (*Binary, error)
	// Version is what the runner must call itself, or "" for anything.
	Version string
	// StartTimeout bounds how long the host's shell may take to start.
	StartTimeout time.Duration
	// Life bounds what is removed after a start that failed.
	Life context.Context //nolint:containedctx // it is longer than the start
	Cost *Cost
}

// Cost is what was sent and received so far, in bytes, and the times that something was waited for.
type Cost struct{ Sent, Received, RoundTrips atomic.Int64 }

// errorAt is an error about the host; message and detail are escaped already.
func (h *Host) errorAt(stage target.Stage, message, detail, hint string, cause error) *target.Error {
	return &target.Error{Host: h.Name, Stage: stage, Message: message, Detail: detail, Hint: hint, Cause: cause}
}

// Runner is a runner that has said that it is ready.
type Runner struct {
	Ready  protocol.Ready
	Reader *protocol.Reader // of what follows

	shell *shell
}

// Stdin is where the runner reads.
func (r *Runner) Stdin() io.Writer { return r.shell.stdin }

// Said is the end of what the runner wrote to stderr.
func (r *Runner) Said() string { return r.shell.stderr.text() }

// Kill gives the runner up.
func (r *Runner) Kill() { r.shell.process.Kill() }

// End waits for the runner, whose output has ended, and returns how it ended.
func (r *Runner) End() error { return r.shell.end() }

// Interrupted prefers the reasons that made everything else go wrong to an error.
func (r *Runner) Interrupted(ctx context.Context, err error) error {
	return r.shell.interrupted(ctx, err)
}

// listScript has sudo tell its rules. Through a pipe it breaks no lines.
const listScript = `LC_ALL=C; export LC_ALL; m=MAGIC1; m=${m}MAGIC2; echo; echo "$m L"; sudo -n -l </dev/null 2>&1 | cat; echo; echo "$m D"`

// SudoRules returns what "sudo -l" prints.
func (h *Host) SudoRules(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, h.StartTimeout)
	defer cancel()
	magic := protocol.NewMagic()
	sh, err := h.shell(ctx, h.Transport.User(), magic, withMagic(listScript, magic), false)
	if err != nil {
		return "", err
	}
	defer sh.process.Kill()
	defer context.AfterFunc(ctx, sh.process.Kill)()
	h.Cost.RoundTrips.Add(1)
	_, _, err = readLine(sh.stdout, magic+" L")
	var text []byte
	if err == nil {
		_, text, err = readLine(sh.stdout, magic+" D")
	}
	if err != nil {
		return "", h.errorAt(target.StageBecome, "sudo's rules could not be asked for: "+escape.Text(err.Error()), escape.Lines(sh.stderr.text()), "", err)
	}
	_ = sh.end() // it said everything
	return string(text), nil
}
