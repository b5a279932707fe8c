package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/target"
)

// Look finds out how far a host is: it is Done where all that can be seen is as it is wanted, and registered then. Else who is let in
// before gets in, as it has to be for the runbook. Nothing of the host is changed.
func (p *Prover) Look(ctx context.Context, e *Entry) error {
	by, _, err := p.trusted(ctx, e, e.After(), Ways{HostKey: e.Request.HostKey})
	switch refused, ok := errors.AsType[*target.Error](err); {
	case err == nil:
		e.HostKey = by.HostKey
		return p.again(ctx, e)
	case !ok || refused.Stage != target.StageAuth:
		return err
	}
	return p.before(ctx, e, nil)
}

// before logs in as who is let in before. why is what is not as it is wanted, where the key lets in.
func (p *Prover) before(ctx context.Context, e *Entry, why error) error {
	by, asked, err := p.trusted(ctx, e, e.Before(), Ways{HostKey: e.Request.HostKey, PasswordOnly: e.Password != nil})
	if err == nil {
		e.HostKey = by.HostKey
		return p.inspect(ctx, e)
	}
	refused, ok := errors.AsType[*target.Error](err)
	if !ok || refused.Stage != target.StageAuth {
		return err
	}
	if e.Password == nil && p.Ask != nil {
		if e.Password, err = p.Ask(ctx, e); err != nil {
			return err
		}
		return p.before(ctx, e, why)
	}
	d := *diag.Of(err)
	d.Code = diag.Unreachable
	switch {
	case why != nil:
		d.Summary = fmt.Sprintf("%s; to change that takes %s, who is not let in: %s", diag.Of(why).Summary, e.Login, d.Summary)
		if d.Hint = diag.Of(why).Hint; d.Hint != "" {
			return &d
		}
		return d.WithHint("restore the host first: froyo onboard rollback --host %s --user %s --key %s", e.Place(), e.User, e.Key)
	case e.Password != nil && !asked:
		d.Summary = fmt.Sprintf("it takes no password of %s, and neither the key %s lets %s in", e.Login, e.Key, e.User)
		return d.WithHint("was it onboarded with another key or user, or from elsewhere? froyo onboard list shows what is registered here")
	}
	if e.Password != nil {
		return d.WithHint(otherLogin)
	}
	return &d
}

// otherLogin is what to do where a password is refused.
const otherLogin = "give another password, or name by --user who is let in"

// again proves what can be seen of a host that the key lets into. What is other than it is wanted takes who was let in before.
func (p *Prover) again(ctx context.Context, e *Entry) error {
	err := p.access(ctx, e, func(t *talk, allowed sudo.Rules) error { return p.compare(ctx, e, t, allowed) })
	if err != nil {
		if errors.Is(err, errRule) {
			return p.before(ctx, e, err)
		}
		return err
	}
	if err := p.Refused(ctx, e); err != nil {
		return p.before(ctx, e, err)
	}
	return p.register(ctx, e, false)
}

// compare says what on a host is other than it is wanted, as its user sees it: by sudo, and by the script that restores the host.
func (p *Prover) compare(ctx context.Context, e *Entry, t *talk, allowed sudo.Rules) error {
	free := allowed.Free("root")
	r, err := t.run(ctx, &op.Exec{Argv: []string{"/bin/sh", "-c", `cat "$(getent passwd "$(id -un)" | cut -d: -f6)/.ssh/authorized_keys"`}, ReadOnly: true})
	if err != nil {
		return err
	}
	e.Unmarked = unmarked(r.Stdout, e.Key.Line)
	if slices.Contains(free, "ALL") {
		t.user = "root"
	}
	f, err := t.find(ctx)
	if err != nil {
		return err
	}
	if t.user == "" && slices.Contains(free, RollbackFile+" show") {
		r, err = t.run(ctx, &op.Exec{Argv: []string{"sudo", "-n", RollbackFile, "show"}, Env: []string{"LC_ALL=C"}, ReadOnly: true})
		if err != nil {
			return err
		}
		if r.RC != 0 {
			why := strings.TrimPrefix(strings.TrimSpace(r.Stderr), said)
			return &diag.Error{Summary: fmt.Sprintf("%s would not restore it: %s", RollbackFile, why), Host: e.Name, Cause: errRule, Hint: otherLogin}
		}
		f.learn(r.Stdout)
	}
	if err := e.closes(f); err != nil {
		return err
	}
	if t.user == "root" {
		if err := e.unread(f); err != nil {
			return err
		}
	}
	if len(e.LockDown) > 0 {
		e.Unseen = f.sshd.Unread
	}
	if err := e.differs(f, allowed); err != nil || t.user != "root" || e.NoRollback {
		return err
	}
	left, err := t.files(ctx, RollbackFile)
	if err == nil && len(left) == 0 {
		err = &diag.Error{Summary: RollbackFile + ", which restores it, is not there", Host: e.Name, Cause: errRule}
	}
	return err
}

// unmarked reports whether a user's keys have this one without the mark, as versions before the mark left it.
func unmarked(keys, line string) bool {
	for text := range strings.Lines(keys) {
		words := strings.Fields(text)
		if strings.Contains(text, line) && words[len(words)-1] != Mark {
			return true
		}
	}
	return false
}

// trusted logs in; a key of the host that is not known is asked about.
func (p *Prover) trusted(ctx context.Context, e *Entry, h *inventory.Host, w Ways) (by fleet.Login, asked bool, err error) {
	by, asked, err = p.Doors.LogIn(ctx, h, w)
	unknown, is := errors.AsType[*target.UnknownKeyError](err)
	if !is || unknown.Jumps || p.Trust == nil {
		return by, asked, err
	}
	yes, failed := p.Trust(ctx, e, unknown.Key)
	if failed != nil {
		return by, asked, failed
	}
	if !yes {
		return by, asked, err
	}
	w.HostKey = fingerprint(unknown.Key)
	return p.Doors.LogIn(ctx, h, w)
}
