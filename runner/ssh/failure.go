package ssh

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
	"golang.org/x/crypto/ssh"
)

// failed explains why a target could not be reached at all.
func (t *endpoint) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	at := t.hostPort()
	if open, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return t.errorAt(target.StageConnect, "the jump host does not reach "+at+": "+escape.Text(open.Message), "", err)
	}
	if jump, ok := errors.AsType[*target.Error](err); ok {
		return &target.Error{
			Host: t.name, Stage: jump.Stage, Message: "jump host " + jump.Host + ": " + jump.Message,
			Detail: jump.Detail, Hint: jump.Hint, Cause: err,
		}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsTimeout {
			return t.errorAt(target.StageConnect, "looking up "+t.address+" took too long", "", err)
		}
		return t.errorAt(target.StageConnect, "no address is known for "+t.address,
			"check the name, or give the address in the inventory (ansible_host)", err)
	}
	switch {
	case isTimeout(err):
		return t.errorAt(target.StageConnect, "no answer from "+at+" within "+t.timeout.String(),
			"is the host up, and does a firewall drop the packets?", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return t.errorAt(target.StageConnect, at+" refuses connections", "is sshd running, and on this port?", err)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return t.errorAt(target.StageConnect, "no route to "+at, "", err)
	}
	return t.errorAt(target.StageConnect, "connect to "+at+": "+escape.Text(err.Error()), "", err)
}

// failed explains why a handshake did not succeed.
func (a *attempt) failed(err error) error {
	t, at := a.target, a.target.hostPort()
	if a.keyError != nil {
		return a.keyError
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "no common algorithm for host key") && len(a.algorithms) > 0:
		return a.hostKeys.otherType(t, err)
	case a.trusted && (strings.Contains(text, "unable to authenticate") || strings.Contains(text, "disconnect, reason")):
		return a.refused(err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return t.errorAt(target.StageConnect, at+" closed the connection during the handshake",
			"is it an SSH server? sshd drops connections beyond MaxStartups; a smaller --forks helps", err)
	}
	return t.errorAt(target.StageConnect, "handshake with "+at+": "+escape.Text(text), "", err)
}

// silent explains a handshake that did not end in time.
func (t *endpoint) silent(err error) error {
	return t.errorAt(target.StageConnect, t.hostPort()+" accepted the connection, but the handshake did not end within "+t.timeout.String(),
		"is it an SSH server, and not overloaded?", err)
}

// refused explains why the host did not let us in.
func (a *attempt) refused(err error) error {
	t := a.target
	message := "permission denied for user " + escape.Text(t.user)
	hint := "check the user (-u) and the key (--key), or give a password (-k)"
	if t.jump {
		hint = "check its user and key in ssh_config; the password of -k is for the hosts themselves, and is not given to a jump host"
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "disconnect, reason"):
		message += ": " + escape.Text(after(text, "disconnect, "))
		if strings.Contains(text, "oo many authentication failures") {
			hint = "the agent holds too many keys: name the right one by --key, with IdentitiesOnly in ssh_config"
		}
	case strings.Contains(text, "attempted methods"):
		message += " (" + escape.Text(between(text, "attempted methods [", "]")) + " tried)"
	}
	if len(a.notes) > 0 {
		message += "; " + strings.Join(a.notes, "; ")
	}
	if a.encrypted {
		hint = "unlock the key with ssh-add, or name another by --key"
	}
	e := t.errorAt(target.StageAuth, message, hint, err)
	e.Detail = escape.Text(strings.TrimSpace(a.banner))
	return e
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func after(s, sep string) string {
	_, rest, _ := strings.Cut(s, sep)
	return rest
}

func between(s, from, to string) string {
	inner, _, _ := strings.Cut(after(s, from), to)
	return strings.TrimPrefix(inner, "none ")
}
