package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/target"
)

// Of is what a target was onboarded with, without a password.
func Of(t *state.Target) Request {
	return Request{
		Name: t.Name, Address: t.Address, Port: t.Port, Login: t.Login, User: t.User, Sudo: t.Sudo, LockDown: t.LockDown, Labels: t.Labels, NoRollback: !t.Rollback,
		Key: Key{Name: t.Key, File: t.KeyFile, Line: t.KeyLine, Print: t.KeyPrint},
	}
}

// How long a host may take to restore itself, and how often it is asked.
const (
	restoreTime = 90 * time.Second
	restorePoll = time.Second
)

// Rollback restores a host: by the script that the user may call, or as root, as who was let in before. It returns once that is seen.
func (p *Prover) Rollback(ctx context.Context, e *Entry, asRoot bool) error {
	switch {
	case asRoot:
		return p.restoreAsRoot(ctx, e)
	case e.NoRollback:
		return (&diag.Error{Summary: e.User + " has nothing to restore " + e.Name + " by (--no-rollback)"}).
			WithHint("give the credentials of somebody who may become root: froyo onboard rollback --host %s --user root", e.Name)
	}
	r, err := p.exec(ctx, e.After(), "", &op.Exec{Argv: []string{"sudo", "-n", RollbackFile}})
	lost, ended := errors.AsType[*target.Error](err)
	switch {
	case ended && lost.Stage == target.StageLost: // with the session, which is ended by it
	case err != nil:
		return err
	case r.RC != 0:
		return (&diag.Error{Summary: fmt.Sprintf("%s cannot call %s: %s", e.User, RollbackFile, strings.TrimSpace(r.Stderr))}).
			WithHint("give the credentials of somebody who may become root: froyo onboard rollback --host %s --user root", e.Name)
	}
	return p.until(ctx, e, func() (bool, error) { return p.isGone(ctx, e) })
}

// restoreAsRoot has root run the script, which is sent.
func (p *Prover) restoreAsRoot(ctx context.Context, e *Entry) error {
	r, err := p.exec(ctx, e.Before(), "root", &op.Exec{Argv: []string{"/bin/sh", "-s", "now"}, Stdin: op.NewBlob([]byte(e.Undo()))})
	if err != nil {
		return err
	}
	if r.RC != 0 {
		return &diag.Error{Summary: e.Name + " could not be restored: " + strings.TrimSpace(r.Stderr)}
	}
	return nil
}

// until asks until something holds.
func (p *Prover) until(ctx context.Context, e *Entry, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, restoreTime)
	defer cancel()
	for {
		is, err := holds()
		if is {
			return nil
		}
		select {
		case <-ctx.Done():
			why := ""
			if err != nil {
				why = ": " + err.Error()
			}
			return (&diag.Error{Summary: fmt.Sprintf("%s began to restore %s, which is not seen to have ended within %s%s", e.User, e.Name, restoreTime, why), Cause: ctx.Err()}).
				WithHint("journalctl -u froyo-onboard-rollback on the host tells why")
		case <-time.After(restorePoll):
		}
	}
}

// isGone reports whether the key no longer lets in, or the user may no longer call the script.
func (p *Prover) isGone(ctx context.Context, e *Entry) (bool, error) {
	r, err := p.exec(ctx, e.After(), "", &op.Exec{Argv: []string{"sudo", "-n", "-l"}, Env: []string{"LC_ALL=C"}, ReadOnly: true})
	if refused, ok := errors.AsType[*target.Error](err); ok && refused.Stage == target.StageAuth {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	rules, _ := sudo.Parse(r.Stdout)
	return !slices.ContainsFunc(rules.Free("root"), func(command string) bool { return strings.HasPrefix(command, RollbackFile) }), nil
}

// exec runs a program over a connection of its own.
func (p *Prover) exec(ctx context.Context, h *inventory.Host, user string, e *op.Exec) (*op.ExecResult, error) {
	if h.User == user {
		user = ""
	}
	s, err := p.Doors.Open(ctx, h, fleet.Hooks{Restricted: func(string, []string) {}, Note: func(string, string) {}})
	if err != nil {
		return nil, err
	}
	defer s.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it may be gone
	outcomes, err := s.Run(ctx, []target.Step{{Op: op.Op{Exec: e}, User: user, Timeout: 2 * time.Minute}})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Result; r.Error != nil {
		return nil, &diag.Error{Summary: r.Error.Message}
	}
	return outcomes[0].Result.Exec, nil
}
