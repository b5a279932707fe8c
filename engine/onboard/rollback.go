package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
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

// Enter logs in as who is let in before. The host's key is asked about where it is not known, and so is the password where no key lets in.
func (p *Prover) Enter(ctx context.Context, e *Entry) error {
	_, _, err := p.trusted(ctx, e, e.Before(), Ways{HostKey: e.Request.HostKey})
	refused, ok := errors.AsType[*target.Error](err)
	if !ok || refused.Stage != target.StageAuth || e.Password != nil || e.LoginKey != nil || p.Ask == nil {
		return err
	}
	if e.Password, err = p.Ask(ctx, e); err != nil {
		return err
	}
	_, _, err = p.Doors.LogIn(ctx, e.Before(), Ways{})
	if refused, ok := errors.AsType[*target.Error](err); ok && refused.Stage == target.StageAuth {
		d := *diag.Of(err)
		d.Code = diag.Unreachable
		return d.WithHint(otherLogin)
	}
	return err
}

// By is by what a host is restored.
type By int

// The ways to restore a host.
const (
	ByUser   By = iota // the user calls the script that was left for that
	ByScript           // so does who logs in, who is that user
	ByRoot             // who logs in acts as root
)

// Undoing tells what restoring a host would change, and by what it is done. as says that it is done as who was let in before, who may
// turn out to be the one who may call the script. Nothing of the host is changed.
func (p *Prover) Undoing(ctx context.Context, e *Entry, as bool) (By, string, error) {
	if !as {
		if e.NoRollback {
			return ByUser, "", e.asRoot(e.User + " has nothing to restore " + e.Name + " by (--no-rollback)")
		}
		text, err := p.shows(ctx, e, e.After())
		return ByUser, text, err
	}
	if e.Login != "root" {
		if text, err := p.shows(ctx, e, e.Before()); err == nil {
			return ByScript, text, nil
		}
	}
	r, err := p.exec(ctx, e.Before(), "root", &op.Exec{Argv: []string{"/bin/sh", "-s", "show"}, Stdin: op.NewBlob([]byte(Undo()))})
	if err == nil && r.RC != 0 {
		err = restoring(e, r)
	}
	if err != nil {
		return ByRoot, "", err
	}
	return ByRoot, r.Stdout, nil
}

// shows has the script show what it would do.
func (p *Prover) shows(ctx context.Context, e *Entry, h *inventory.Host) (string, error) {
	r, err := p.exec(ctx, h, "", &op.Exec{Argv: []string{"sudo", "-n", RollbackFile, "show"}, Env: []string{"LC_ALL=C"}, ReadOnly: true})
	switch {
	case err != nil:
		return "", err
	case r.RC == 0:
		return r.Stdout, nil
	case strings.HasPrefix(r.Stderr, said):
		return "", restoring(e, r)
	}
	return "", e.asRoot(fmt.Sprintf("%s cannot call %s: %s", h.User, RollbackFile, strings.TrimSpace(r.Stderr)))
}

// said is how what the script says begins.
const said = "onboarding: "

// restoring is why the script does not do it.
func restoring(e *Entry, r *op.ExecResult) error {
	return &diag.Error{Summary: e.Name + " is not restored: " + strings.TrimPrefix(strings.TrimSpace(r.Stderr), said)}
}

// asRoot says that it takes root.
func (e *Entry) asRoot(summary string) error {
	return (&diag.Error{Summary: summary}).
		WithHint("give the credentials of somebody who may become root: froyo onboard rollback --host %s --user root", e.Name)
}

// install has root write the script from standard input, and run it: where who logs in is the user who is removed, outside the session.
const install = `umask 077
d=` + Directory + `
cat >"$d/.rollback" && chmod 0700 "$d/.rollback" && mv "$d/.rollback" "$d/rollback" || exit 1
if [ "$(cat "$d/before/name")" = "$1" ]; then exec "$d/rollback"; fi
exec "$d/rollback" now`

// Rollback restores a host by what Undoing says. It returns once that is seen.
func (p *Prover) Rollback(ctx context.Context, e *Entry, by By) error {
	h, user := e.After(), ""
	do := &op.Exec{Argv: []string{"sudo", "-n", RollbackFile}, Env: []string{"LC_ALL=C"}}
	switch by {
	case ByScript:
		h = e.Before()
	case ByRoot:
		h, user = e.Before(), "root"
		do = &op.Exec{Argv: []string{"/bin/sh", "-c", install, "sh", e.Login}, Stdin: op.NewBlob([]byte(Undo()))}
	}
	r, err := p.exec(ctx, h, user, do)
	lost, ended := errors.AsType[*target.Error](err)
	switch {
	case ended && lost.Stage == target.StageLost: // with the session, which is ended by it
	case err != nil:
		return err
	case r.RC != 0 && !strings.HasPrefix(r.Stderr, said) && by != ByRoot:
		return e.asRoot(fmt.Sprintf("%s cannot call %s: %s", h.User, RollbackFile, strings.TrimSpace(r.Stderr)))
	case r.RC != 0:
		return restoring(e, r)
	}
	return p.until(ctx, e, func() (bool, error) { return p.isGone(ctx, h, user) })
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
				why = ": " + diag.Of(err).Summary
			}
			return (&diag.Error{Summary: fmt.Sprintf("%s began to be restored, and is not seen to have ended within %s%s", e.Name, restoreTime, why), Cause: ctx.Err()}).
				WithHint("journalctl -u froyo-onboard-rollback on the host tells why")
		case <-time.After(restorePoll):
		}
	}
}

// isGone reports whether nothing is kept any more, or who logs in is no longer let in, or may no longer ask.
func (p *Prover) isGone(ctx context.Context, h *inventory.Host, user string) (bool, error) {
	ask := &op.Exec{Argv: []string{"sudo", "-n", "-l"}, Env: []string{"LC_ALL=C"}, ReadOnly: true}
	if user != "" {
		ask = &op.Exec{Argv: []string{"test", "!", "-e", Directory}, ReadOnly: true}
	}
	r, err := p.exec(ctx, h, user, ask)
	if refused, ok := errors.AsType[*target.Error](err); ok && (refused.Stage == target.StageAuth || refused.Stage == target.StageBecome) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if user != "" {
		return r.RC == 0, nil
	}
	rules, _ := sudo.Parse(r.Stdout)
	free := rules.Free("root")
	if slices.Contains(free, "ALL") { // the rule of another: only the script itself tells, which is removed last
		r, err = p.exec(ctx, h, user, &op.Exec{Argv: []string{"sudo", "-n", RollbackFile, "show"}, Env: []string{"LC_ALL=C"}, ReadOnly: true})
		return err == nil && r.RC != 0 && !strings.HasPrefix(r.Stderr, said), err
	}
	return !slices.ContainsFunc(free, func(command string) bool { return strings.HasPrefix(command, RollbackFile) }), nil
}

// exec runs a program over a connection of its own.
func (p *Prover) exec(ctx context.Context, h *inventory.Host, user string, e *op.Exec) (*op.ExecResult, error) {
	t, err := p.talk(ctx, h, user)
	if err != nil {
		return nil, err
	}
	defer t.close(ctx)
	return t.run(ctx, e)
}
