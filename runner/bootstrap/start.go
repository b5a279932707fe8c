package bootstrap

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// StartTime bounds how long a host's shell may take to start, where nothing else is said.
const StartTime = time.Minute

// How long the runner may take to speak, with its binary sent over whatever line
// there is, and to remove what one left.
const (
	uploadTime = 5 * time.Minute
	sweepTime  = 10 * time.Second
)

// Start puts a runner for user in place and waits until it is ready and accepted by
// meet. A directory that turns out to be of no use is left out in the next attempt.
func (h *Host) Start(ctx context.Context, user string, meet func(context.Context, *Runner) error) (*Runner, error) {
	var without []string
	var tried string // what was wrong with these
	var first *target.Error
	terminal := false
	for {
		p := &placing{host: h, user: user, magic: protocol.NewMagic(), terminal: terminal}
		r, err := p.attempt(ctx, without, meet)
		e, _ := errors.AsType[*target.Error](err)
		switch {
		case e == nil:
			return r, err
		case errors.Is(err, errTerminal) && !terminal:
			terminal = true
			continue
		case p.nowhere != "" && first != nil:
			e = h.errorAt(target.StageStart, noDirectory+tried+p.nowhere, first.Detail, first.Hint, first)
			return nil, e
		case p.useless == "" || !plainPath(p.base) || slices.Contains(without, p.base):
			return nil, err
		}
		if first == nil {
			first = e
		}
		without = append(without, p.base)
		tried += p.base + " (" + p.useless + "), "
	}
}

const noDirectory = "no directory to run from: "

// placing is one attempt to put a runner in place.
type placing struct {
	host  *Host
	user  string
	magic string
	shell *shell
	// terminal is that the runner speaks over a terminal.
	terminal bool

	machine string // what the host says it is
	base    string // the directory it was put below
	useless string // why another directory may do where this one did not, or ""
	nowhere string // why no directory was of use, or ""
}

func (p *placing) attempt(ctx context.Context, without []string, meet func(context.Context, *Runner) error) (*Runner, error) {
	h := p.host
	first, cancel := context.WithTimeout(ctx, h.StartTimeout)
	defer cancel()
	sh, err := h.shell(first, p.user, p.magic, script(p.magic, p.user, h.Transport.Near(), without), p.terminal)
	if err != nil {
		return nil, err
	}
	p.shell = sh
	stop := context.AfterFunc(first, sh.process.Kill)
	defer stop()
	r, err := p.readReport(first)
	h.Cost.RoundTrips.Add(1)
	if err != nil {
		sh.process.Kill()
		return nil, sh.interrupted(ctx, err)
	}
	if !stop() {
		return nil, sh.interrupted(ctx, p.slow())
	}
	p.base, p.machine = r.base(p.magic), escape.Text(r.system+" "+r.machine)
	second, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	stop = context.AfterFunc(second, sh.process.Kill)
	defer stop()
	started, err := p.upload(r)
	if err != nil {
		sh.process.Kill()
		return nil, sh.interrupted(ctx, err)
	}
	h.Cost.RoundTrips.Add(1)
	if err := meet(second, started); err != nil {
		return nil, sh.interrupted(ctx, err)
	}
	if !stop() {
		return nil, sh.interrupted(ctx, p.slow())
	}
	return started, nil
}

// interrupted prefers the reasons that made everything else go wrong.
func (sh *shell) interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if broken := sh.reason(); broken != nil {
		return broken
	}
	return err
}

func (p *placing) slow() *target.Error {
	return p.errorAt(target.StageStart, "the runner could not be started in time", p.shell.stderr.text(),
		"does the login shell wait for something?")
}

func (p *placing) errorAt(stage target.Stage, message, detail, hint string) *target.Error {
	return p.host.errorAt(stage, message, escape.Lines(detail), hint, nil)
}

// readReport waits for the bootstrap to say that it can receive.
func (p *placing) readReport(ctx context.Context) (report, error) {
	line, noise, err := readLine(p.shell.stdout, p.magic+" ")
	p.shell.begun.Store(true)
	if ctx.Err() != nil {
		return report{}, p.slow()
	}
	if errors.Is(err, protocol.ErrNoMagic) {
		return report{}, p.errorAt(target.StageStart, "the login shell prints without end before it runs a command",
			escape.Short(string(noise)), "what does the shell's start-up file print?")
	}
	if err != nil {
		return report{}, p.ended(noise)
	}
	r, err := parseReport(line, p.magic)
	if err != nil {
		return r, p.errorAt(target.StageWire, err.Error(), line, "")
	}
	if r.failed != "" {
		return r, p.gaveUp(r)
	}
	return r, nil
}

// ended explains a shell that ended before the bootstrap spoke.
func (p *placing) ended(noise []byte) error {
	exit := p.shell.end()
	said := strings.TrimSpace(escape.Short(string(noise)) + "\n" + p.shell.stderr.text())
	if _, ok := errors.AsType[*transport.ExitError](exit); exit != nil && !ok {
		return p.host.errorAt(target.StageLost, "the connection ended while the runner was being started",
			escape.Lines(said), "", exit)
	}
	if login := p.host.Transport.User(); p.user != login {
		return p.host.whose(p.host.becomeError(p.user, said, p.shell.asked.Load(), p.terminal, exit))
	}
	return p.errorAt(target.StageStart, "the login shell ended before the runner could start: "+Ended(exit), said,
		"does the account allow running commands?")
}

// gaveUp explains why the bootstrap did.
func (p *placing) gaveUp(r report) error {
	exit := p.shell.end()
	said := p.shell.stderr.text()
	at := escape.Text(p.base)
	switch r.failed {
	case "nosudo":
		return p.errorAt(target.StageBecome, "there is no sudo to become "+escape.Text(p.user)+" with", said, "install sudo, or log in as root")
	case "nosu":
		return p.errorAt(target.StageBecome, "there is no runuser, su or sudo to become "+escape.Text(p.user)+" with", said, "")
	case "nosuprogram":
		return p.errorAt(target.StageBecome, "there is no su to become "+escape.Text(p.user)+" with", said, "install it, or set ansible_become_method")
	case "nodoas":
		return p.errorAt(target.StageBecome, "there is no doas to become "+escape.Text(p.user)+" with", said, "install doas, or set ansible_become_method")
	case "nostty":
		return p.errorAt(target.StageBecome, "there is no stty, without which no runner speaks over the terminal that "+p.host.method()+" wants", said, "install coreutils")
	case "directory":
		p.nowhere = escape.Text(escape.Short(r.detail))
		return p.errorAt(target.StageStart, noDirectory+p.nowhere, said, "one of them must have space and allow execution")
	case "nosum":
		return p.errorAt(target.StageStart, "the host has none of gzip, zstd, sha256sum, shasum and openssl", said, "install gzip")
	case "uname":
		return p.errorAt(target.StageStart, "the host does not say what it is: uname failed", said, "")
	case "unpack":
		if strings.Contains(said, "No space left") || strings.Contains(said, "quota exceeded") {
			p.useless = "full"
			return p.errorAt(target.StageStart, "the disk of "+at+" is full", said, "free some space")
		}
		return p.errorAt(target.StageStart, "unpacking the runner in "+at+" failed", said, "")
	case "sum":
		return p.errorAt(target.StageStart, "the runner arrived damaged in "+at+": its SHA-256 is "+escape.Text(escape.Short(r.detail)), said, "")
	case "exec":
		return p.notExecuted(said, exit)
	}
	return p.host.errorAt(target.StageLost, "the bootstrap was interrupted: "+escape.Text(r.failed), escape.Lines(said), "", exit)
}

// upload sends the runner and waits until it speaks.
func (p *placing) upload(r report) (*Runner, error) {
	goos, goarch, ok := r.platform()
	if !ok {
		return nil, p.errorAt(target.StageStart, "there is no runner for "+p.machine, "", "supported: "+supported)
	}
	binary, err := p.host.Binary(goos, goarch)
	if err != nil {
		return nil, p.host.errorAt(target.StageStart, "there is no runner for "+goos+"/"+goarch+": "+escape.Text(err.Error()), "", hintOf(err), err)
	}
	payload, err := binary.payload(r)
	if err != nil {
		return nil, p.host.errorAt(target.StageStart, "the runner for "+goos+"/"+goarch+" is damaged: "+err.Error(), "", hintOf(err), err)
	}
	// Sending may block or fail where the host gave up; what it says tells why.
	go func() {
		if _, err := io.WriteString(p.shell.stdin, payload.line()); err == nil {
			_, _ = p.shell.stdin.Write(payload.data)
		}
	}()
	reader := protocol.NewReader(p.shell.stdout)
	noise, err := reader.SkipTo(p.magic)
	if err != nil {
		return nil, p.notReady(r, noise, err)
	}
	frame, err := reader.Read()
	if err != nil {
		return nil, p.notReady(r, nil, err)
	}
	if frame.Ready == nil {
		return nil, p.errorAt(target.StageWire, "the runner did not begin with READY", "", "")
	}
	if want := p.host.Version; want != "" && frame.Ready.Version != want {
		return nil, p.errorAt(target.StageWire, "the runner is of version "+escape.Text(escape.Short(frame.Ready.Version))+", expected "+want, "",
			"build froyo and its runners together: make")
	}
	return &Runner{Ready: *frame.Ready, Reader: reader, shell: p.shell}, nil
}

// notReady explains a runner that did not begin to speak.
func (p *placing) notReady(r report, noise []byte, err error) error {
	if _, rest, found := strings.Cut(string(noise), "\n"+p.magic+" E "); found {
		line, _, _ := strings.Cut(rest, "\n")
		name, detail, _ := strings.Cut(line, " ")
		return p.gaveUp(report{failed: name, detail: detail})
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return p.host.errorAt(target.StageWire, "the runner spoke nonsense: "+escape.Text(err.Error()), escape.Lines(escape.Short(string(noise))), "", err)
	}
	exit := p.shell.end()
	said := strings.TrimSpace(escape.Short(string(noise)) + "\n" + p.shell.stderr.text())
	if _, ok := errors.AsType[*transport.ExitError](exit); exit != nil && !ok {
		return p.host.errorAt(target.StageLost, "the connection ended while the runner was being started",
			escape.Lines(said), "", exit)
	}
	p.sweep(r)
	if status, ok := errors.AsType[*transport.ExitError](exit); ok && (status.Status == 126 || status.Status == 127) {
		return p.notExecuted(said, exit)
	}
	return p.host.errorAt(target.StageStart, "the runner ended before it was ready: "+Ended(exit), escape.Lines(said), "", exit)
}

// notExecuted explains a runner that the host refuses to execute where it is.
func (p *placing) notExecuted(said string, exit error) error {
	if strings.Contains(said, "ormat error") {
		return p.host.errorAt(target.StageStart, "the host does not execute the runner for what it says it is: "+p.machine,
			escape.Lines(said), "what do uname -m and file /bin/sh say there?", exit)
	}
	p.useless = "cannot execute the runner"
	return p.host.errorAt(target.StageStart, "the runner cannot be executed in "+escape.Text(p.base), escape.Lines(said),
		"does a policy (SELinux, fapolicyd) forbid it?", exit)
}

// sweep removes what a runner left that could not remove itself. It is best
// effort: what went wrong is told already.
func (p *placing) sweep(r report) {
	if strings.ContainsAny(r.dir, `'\!"$`+"`") {
		return
	}
	ctx, cancel := context.WithTimeout(p.host.Life, sweepTime)
	defer cancel()
	sh, err := p.host.shell(ctx, p.user, p.magic, `rm -rf "`+r.dir+`"`, p.terminal)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, sh.process.Kill)()
	_, _ = io.Copy(io.Discard, sh.stdout)
	_ = sh.end()
}

// hintOf returns the hint that an error brings along, or "".
func hintOf(err error) string {
	var hint interface{ Hint() string }
	if errors.As(err, &hint) {
		return hint.Hint()
	}
	return ""
}
