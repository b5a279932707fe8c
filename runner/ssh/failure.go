package ssh

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/proxy"
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
		hint := "is sshd running there, and does the jump host know the name?"
		if open.Reason == ssh.Prohibited {
			hint = "AllowTcpForwarding of the jump host's sshd must be yes, and PermitOpen must allow it"
		}
		return t.errorAt(target.StageConnect, "the jump host does not reach "+at+": "+escape.Text(open.Message), hint, err)
	}
	if jump, ok := errors.AsType[*target.Error](err); ok {
		return &target.Error{
			Host: t.name, Stage: jump.Stage, Message: "jump host " + jump.Host + ": " + jump.Message,
			Detail: jump.Detail, Hint: jump.Hint, Cause: err,
		}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if !dns.IsNotFound {
			return t.errorAt(target.StageConnect, "no name server says what address "+t.address+" has",
				"does this machine reach its name servers (/etc/resolv.conf)? or give the address in the inventory (ansible_host)", err)
		}
		return t.errorAt(target.StageConnect, "no address is known for "+t.address,
			"check the name, or give the address in the inventory (ansible_host)", err)
	}
	switch {
	case isTimeout(err):
		return t.errorAt(target.StageConnect, "no answer from "+at+" within "+t.way.timeout.String(),
			"is the host up, and does a firewall drop the packets?", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return t.errorAt(target.StageConnect, at+" refuses connections", "is sshd running, and on this port?", err)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return t.errorAt(target.StageConnect, "no route to "+at, "is the address right, and is this machine in a network that reaches it?", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL) && t.way.bind != nil:
		return t.errorAt(target.StageConnect, "no connection to "+at+" from "+t.way.bind.IP.String()+", the BindAddress of ssh_config", "set BindAddress to an address that this machine has", err)
	case errors.Is(err, fs.ErrPermission):
		return t.errorAt(target.StageConnect, "a firewall or route of this machine forbids connections to "+at, "", err)
	}
	why, hint := err.Error(), ""
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		why = errno.Error()
	} else if bad, ok := errors.AsType[*net.AddrError](err); ok {
		why = bad.Err
		if t.way.network == "tcp4" || t.way.network == "tcp6" {
			hint = "AddressFamily of ssh_config leaves out the host's addresses; any allows all"
		}
	}
	return t.errorAt(target.StageConnect, "no connection to "+at+": "+escape.Text(why), hint, err)
}

// failed explains why a handshake did not succeed.
func (a *attempt) failed(err error) error {
	t, at := a.target, a.target.hostPort()
	if a.keyError != nil {
		return a.keyError
	}
	if none, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		return a.nothingInCommon(none, err)
	}
	text := err.Error()
	switch {
	case a.host.trusted && !closed(err) && !strings.Contains(text, "unexpected message"):
		return a.refused(err)
	case strings.Contains(text, "version line"), strings.Contains(text, "version string"):
		return t.errorAt(target.StageConnect, at+" does not speak SSH", "is it an SSH server, and is this its port?", err)
	case closed(err) && a.host.trusted:
		return t.errorAt(target.StageConnect, at+" closed the connection while "+escape.Text(t.user)+" logged in",
			"the log of sshd there says why: journalctl -u ssh -u sshd; PAM may refuse the account", err)
	case closed(err):
		return a.droppedBy(err)
	}
	e := t.errorAt(target.StageConnect, "the SSH handshake with "+at+" failed", "does ssh -v -p "+strconv.Itoa(t.port)+" "+t.address+" get further?", err)
	e.Detail = escape.Text(bare(text))
	return e
}

// droppedBy explains a host that closed the connection before it had shown its key. sshd does so beyond MaxStartups, without a word
// or with one that is no protocol.
func (a *attempt) droppedBy(err error) error {
	t := a.target
	message, said := t.hostPort()+" closed the connection during the handshake", ""
	if a.first != nil {
		said = a.first.line()
		a.dropped = len(a.first.said) == 0 || strings.HasPrefix(said, "Exceeded MaxStartups")
	}
	if a.tried > 1 {
		message += ", " + strconv.Itoa(a.tried) + " times"
	}
	if said != "" {
		message += ": it says " + escape.Text(escape.Short(said))
	}
	return t.errorAt(target.StageConnect, message, "is it an SSH server? sshd drops connections beyond MaxStartups; a smaller --forks helps", err)
}

// closed reports whether the peer went away.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// bare is a text of the SSH library without what it puts in front.
func bare(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "ssh: handshake failed: ", ""), "ssh: ", "")
}

// silent explains a handshake that did not end in time.
func (a *attempt) silent(err error) error {
	t := a.target
	if key := a.asked.Load(); key != nil {
		return t.errorAt(target.StageAuth, "the SSH agent did not sign with "+*key+" within "+t.way.timeout.String(),
			"confirm what the agent asks, or give it longer by --timeout; or name a key by --key", err)
	}
	return t.errorAt(target.StageConnect, t.hostPort()+" accepted the connection, but the handshake did not end within "+t.way.timeout.String(),
		"is it an SSH server, and not overloaded?", err)
}

// proxyFailed explains a ProxyCommand that led to no SSH server.
func (a *attempt) proxyFailed(program *proxy.Conn, err error) error {
	t := a.target
	said, status := program.Failed()
	if !closed(err) && said == "" {
		return a.failed(err)
	}
	message := "the ProxyCommand of " + t.way.place + " did not reach " + t.hostPort() + " (" + status + ")"
	if last := said[strings.LastIndexByte(said, '\n')+1:]; last != "" {
		message += ": " + escape.Text(escape.Short(last))
	}
	e := t.errorAt(target.StageConnect, message, "run the command of that line by hand: it has to speak SSH", err)
	e.Detail = lines(said)
	return e
}

// refused explains why the host did not let us in.
func (a *attempt) refused(err error) error {
	t := a.target
	if why, ok := errors.AsType[*target.Error](a.unread); ok {
		e := t.errorAt(target.StageAuth, why.Message, why.Hint, a.unread)
		e.Detail = why.Detail
		return e
	}
	message := "permission denied for user " + escape.Text(t.user)
	hint := "check the user (-u) and the key (--key), or give a password (-k)"
	if t.jump {
		hint = "check its user and key in ssh_config; the password of -k is for the hosts themselves, and is not given to a jump host"
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "disconnect, reason"):
		_, why, _ := strings.Cut(after(text, "disconnect, reason"), ": ") // behind its number
		if plain, err := strconv.Unquote(why); err == nil {
			why = plain
		}
		message += ": the host says " + escape.Text(why)
		if strings.Contains(text, "oo many authentication failures") && len(a.byAgent) > 1 {
			hint = "the agent holds too many keys: name the right one by --key, with IdentitiesOnly in ssh_config"
		}
	case strings.Contains(text, "attempted methods"):
		if tried := strings.Fields(between(text, "attempted methods [", "]")); len(tried) > 0 {
			message += " (" + escape.Text(strings.Join(tried, ", ")) + " tried)"
		}
	case strings.Contains(text, "agent: "):
		message += ": the SSH agent does not sign with its key"
		hint = "confirm what the agent asks; ssh-add -X unlocks it; or name a key by --key"
	default:
		message += ": " + escape.Text(bare(text))
	}
	if a.answered && t.passwordFrom != "" {
		message += "; the password is that of " + escape.Text(t.passwordFrom)
	}
	if a.notes = append(a.notes, t.notes...); len(a.notes) > 0 {
		message += "; " + strings.Join(a.notes, "; ")
	}
	if a.encrypted {
		hint = "unlock the key with ssh-add, or name another by --key"
	}
	if a.exposed != "" {
		hint = "chmod 600 " + escape.Text(a.exposed)
	}
	e := t.errorAt(target.StageAuth, message, hint, err)
	e.Detail = lines(a.banner)
	return e
}

// lines shows a text of a host that may have several lines.
func lines(text string) string {
	all := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	for i, line := range all {
		all[i] = escape.Text(line)
	}
	return strings.Join(all, "\n")
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
	return strings.TrimPrefix(strings.TrimPrefix(inner, "none"), " ")
}

// negotiable is something that both sides have to agree on.
type negotiable struct {
	setting, plain   string // in ssh_config, and in words
	secure, insecure []string
}

// negotiableOf finds it by the library's name.
func negotiableOf(what string) negotiable {
	secure, insecure := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	switch {
	case strings.Contains(what, "host key"):
		return negotiable{"HostKeyAlgorithms", "type of host key", secure.HostKeys, insecure.HostKeys}
	case strings.Contains(what, "cipher"):
		return negotiable{"Ciphers", "cipher", secure.Ciphers, insecure.Ciphers}
	case strings.Contains(what, "MAC"):
		return negotiable{"MACs", "MAC", secure.MACs, insecure.MACs}
	}
	return negotiable{"KexAlgorithms", "key exchange", secure.KeyExchanges, insecure.KeyExchanges}
}

// nothingInCommon explains a host with which no algorithm could be agreed on.
func (a *attempt) nothingInCommon(none *ssh.AlgorithmNegotiationError, err error) error {
	t := a.target
	n := negotiableOf(none.What)
	if n.setting == "HostKeyAlgorithms" && a.hostKeys.knows(t) {
		return a.hostKeys.otherType(t, err)
	}
	offered, allowed := realAlgorithms(none.RequestedAlgorithms), realAlgorithms(none.SupportedAlgorithms)
	among := func(list []string) int {
		return slices.IndexFunc(offered, func(name string) bool { return slices.Contains(list, name) })
	}
	hint := "have sshd there offer one that is not outdated: " + n.setting
	if i := among(n.secure); i >= 0 {
		hint = "ssh_config rules it out; allow one: " + n.setting + " " + offered[i]
	} else if i := among(n.insecure); i >= 0 {
		hint += "; or, insecure, allow it in ssh_config: " + n.setting + " +" + offered[i]
	}
	e := t.errorAt(target.StageConnect, t.hostPort()+" offers no "+n.plain+" that is allowed here", hint, err)
	e.Detail = "offered: " + escape.Text(strings.Join(offered, ", ")) + "\nallowed: " + strings.Join(allowed, ", ")
	return e
}

// realAlgorithms leaves out the names that stand among algorithms and are none.
func realAlgorithms(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return strings.HasPrefix(name, "ext-info-") || strings.HasPrefix(name, "kex-strict-")
	})
}
