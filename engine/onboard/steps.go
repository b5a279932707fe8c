package onboard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Wrap gives a host whose steps that prove something, or register the target, are done here, and all others by next.
func (p *Prover) Wrap(e *Entry, next plan.Target) plan.Target { return &host{p, e, next} }

// host implements plan.Target.
type host struct {
	prover *Prover
	entry  *Entry
	next   plan.Target
}

// ours is the step that is done here, or "".
func ours(s target.Step) string {
	if e := s.Op.Exec; e != nil && len(e.Argv) == 3 && e.Argv[1] == Program {
		return e.Argv[2]
	}
	return ""
}

// Do implements plan.Target.
func (h *host) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	return h.next.Do(ctx, steps)
}

// Run implements plan.Target.
func (h *host) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	return target.Sequence(ctx, steps, func(s target.Step) bool { return ours(s) != "" }, h.single, h.others)
}

// others has the host itself do steps, and notes when the first of them has changed something.
func (h *host) others(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	outcomes, err := h.next.Run(ctx, steps)
	for i, s := range steps {
		if e := s.Op.Exec; e != nil && e.Shell == h.entry.keep() && (err != nil || i < len(outcomes) && outcomes[i].Ran) {
			h.prover.begun(h.entry)
		}
	}
	return outcomes, err
}

// begun notes that something is left on the host, which is undone by restoring it.
func (p *Prover) begun(e *Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Begun = true
}

// single does one step here.
func (h *host) single(ctx context.Context, s target.Step) ([]target.Outcome, error) {
	said, err := h.step(ctx, s)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r := op.Result{Exec: &op.ExecResult{Stdout: said}}
	if err != nil {
		d := diag.Of(err)
		r.Exec.RC, r.Exec.Stderr = 1, strings.TrimSpace(d.Summary+"\n"+d.Detail)
		if d.Hint != "" {
			r.Exec.Stderr += "\n" + d.Hint
		}
	}
	return []target.Outcome{{Result: r, Ran: true, Mismatch: s.Expect != "" && protocol.Digest(r) != s.Expect}}, nil
}

func (h *host) step(ctx context.Context, s target.Step) (said string, err error) {
	p, e := h.prover, h.entry
	switch step := ours(s); step {
	case stepHostKey:
		by, _, err := p.Doors.LogIn(ctx, e.Before(), Ways{HostKey: fingerprint(e.HostKey)})
		return "the host shows " + by.HostKey, err
	case stepAccess:
		return fmt.Sprintf("%s gets in by %s", e.User, e.Key.Print), patiently(ctx, func() error { return p.Access(ctx, e) })
	case stepLocked:
		if err := patiently(ctx, func() error { return p.Locked(ctx, e) }); err != nil {
			return "", h.unlock(ctx, s, err)
		}
		return "the password is refused, the key lets in", nil
	case stepRegister:
		return "registered", p.register(ctx, e, true)
	default:
		return "", &diag.Error{Summary: "there is no step " + step}
	}
}

// patience is how often a proof is tried that no connection could be made for. The host was reached a moment ago: sshd may still be
// reloading, or drop one connection of many.
const patience = 3

// patiently does so; what a host refuses it refuses at once.
func patiently(ctx context.Context, prove func() error) error {
	for tried := 1; ; tried++ {
		err := prove()
		if away, ok := errors.AsType[*target.Error](err); !ok || away.Stage != target.StageConnect || tried == patience {
			return err
		}
		select {
		case <-time.After(time.Duration(tried) * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unlock gives sshd back what it had, over the connection that is still open.
func (h *host) unlock(ctx context.Context, s target.Step, why error) error {
	restore := &op.Exec{Argv: []string{"/bin/sh", "-s", "login"}, Stdin: op.NewBlob([]byte(Undo()))}
	outcomes, err := h.next.Run(ctx, []target.Step{{Op: op.Op{Exec: restore}, User: s.User, Unit: s.Unit}})
	d := *diag.Of(why)
	switch {
	case err != nil:
		d.Summary += "; sshd could not be restored: " + err.Error()
	case !outcomes[0].Succeeded() || outcomes[0].Result.Exec.RC != 0:
		d.Summary += "; sshd could not be restored"
	default:
		d.Summary += "; sshd is as it was before"
	}
	return &d
}

// register records a target.
func (p *Prover) register(ctx context.Context, e *Entry, changed bool) error {
	t := e.Target(p.Workspace)
	t.HostKey = e.HostKey
	if err := p.Register(ctx, t); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Done, e.Changed = true, changed
	return nil
}

// fingerprint is that of a key that is given with its type.
func fingerprint(key string) string { return key[strings.LastIndexByte(key, ' ')+1:] }
