package packages

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// transaction is one op at work.
type transaction struct {
	m        *Manager
	patience *patience
	want     *op.PkgEnsure
	repaired []Undone // what was repaired, or that was tried
}

// outcome is how a program ended.
type outcome struct {
	rc    int
	text  string
	words *Report
}

// changing has programs of any manager ask nothing. The locale is UTF-8, since what
// is installed may take it over: a database made in "C" stores text in ASCII.
var changing = []string{
	"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none",
	"NEEDRESTART_MODE=l", // what is to be restarted is the runbook's choice
	"ZYPP_LOCK_TIMEOUT=0", "LC_ALL=C.UTF-8", "LANGUAGE=",
}

// settled returns what is installed once no other process changes it, and what was interrupted has been finished.
func (t *transaction) settled(ctx context.Context) (Database, error) {
	if err := t.free(ctx); err != nil {
		return nil, err
	}
	db, err := t.m.tool.Installed(ctx, t.m.ask)
	if err != nil || db.Undone() == "" || t.m.host.Sudo != nil {
		return db, err // without root it cannot be seen whether a process is still at it
	}
	if err := t.repair(ctx, db.Undone()); err != nil {
		return nil, err
	}
	return t.m.tool.Installed(ctx, t.m.ask)
}

// transact runs a command, and once more where that first had to be repaired which
// an earlier transaction left undone.
func (t *transaction) transact(ctx context.Context, argv []string) (*outcome, error) {
	for {
		o, err := t.act(ctx, argv)
		if err != nil || o.rc == 0 || o.words.Undone == "" || slices.Contains(t.repaired, o.words.Undone) {
			return o, err
		}
		if err := t.repair(ctx, o.words.Undone); err != nil {
			return nil, err
		}
	}
}

// repair does what was left undone. Of a package that still fails the transaction will speak.
func (t *transaction) repair(ctx context.Context, u Undone) error {
	t.repaired = append(t.repaired, u)
	argv, err := t.m.is.Repair(u)
	if err != nil {
		return err
	}
	if u == Interrupted {
		t.patience.note("finishing a change of packages that was interrupted earlier")
	}
	_, err = t.act(ctx, argv)
	return err
}

// rehearse has the manager tell what it would do, as soon as no other process holds its locks.
func (t *transaction) rehearse(ctx context.Context, job Job, db Database) (*Forecast, error) {
	for {
		f, err := t.m.tool.Forecast(ctx, t.m.ask, db, job)
		if err != nil || f.Report == nil || !f.Report.Locked {
			return f, err
		}
		if err := t.patience.wait(ctx, f.Report.Holder, t.m.is.Unlock, lockPoll); err != nil {
			return nil, err
		}
	}
}

// act runs a program that takes locks, as soon as no other process holds them.
func (t *transaction) act(ctx context.Context, argv []string) (*outcome, error) {
	if t.m.host.Sudo != nil {
		argv = t.m.host.Sudo(argv...)
	}
	for {
		if err := t.free(ctx); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		got, err := t.m.host.Act(argv, changing, func(string) {})
		if err != nil {
			return nil, err
		}
		o := &outcome{rc: got.RC, text: got.Stdout, words: t.m.tool.Listen(got.RC, got.Stdout)}
		switch {
		case o.rc != 0 && t.m.host.Sudo != nil && o.words.Denied:
			return nil, Fault(op.Permanent, "sudo", "sudo does not let "+t.m.host.User+" run "+t.m.is.Name+"\n"+Tail(o.text)+
				"\nexpected a rule such as: "+t.m.host.User+" ALL=(root) NOPASSWD: /usr/bin/"+t.m.is.Name)
		case o.rc == 0 || !o.words.Locked:
			return o, nil
		}
		if err := t.patience.wait(ctx, o.words.Holder, t.m.is.Unlock, lockPoll); err != nil {
			return nil, err
		}
	}
}

// update fetches the package lists, unless they are young enough.
func (t *transaction) update(ctx context.Context) error {
	if err := t.free(ctx); err != nil { // it may be fetching them
		return err
	}
	if t.young() {
		return nil
	}
	when := t.m.tool.Fetched(t.m.host.Root)
	source := t.source()
	o, err := t.act(ctx, t.m.tool.Refresh(source))
	if err != nil {
		return err
	}
	missed := o.words.Missed
	if missed == "" && o.rc != 0 {
		missed, _, _ = o.words.why(t.m.is.Name, o.rc)
	}
	switch {
	case source != "" && when.IsZero():
		when = time.Unix(0, 0) // the others were never fetched
	case missed == "" && source == "":
		when = time.Now()
	}
	if t.m.is.Stamp != nil && t.m.host.Sudo == nil && !when.IsZero() {
		t.m.is.Stamp(when) // a part that came would make all of them young
	}
	if missed != "" && (source != "" || t.want.Source == "" || t.has(t.want.Source)) {
		return Fault(op.Transient, "update", "fetching the package lists failed: "+missed+"\n"+Tail(o.text))
	}
	return nil
}

// source is the repository whose lists alone are fetched, "" for all: for all of them where it is gone, so that its lists go, too,
// and where a part that came would make all of them young.
func (t *transaction) source() string {
	if t.m.is.Stamp == nil || t.m.host.Sudo != nil || !t.has(t.want.Source) {
		return ""
	}
	return t.want.Source
}

func (t *transaction) has(file string) bool {
	_, err := os.Stat(t.m.host.Root + file)
	return file != "" && err == nil
}

// young reports whether the lists need not be fetched again.
func (t *transaction) young() bool {
	age := time.Since(t.m.tool.Fetched(t.m.host.Root))
	return t.want.Valid > 0 && age >= 0 && age < time.Duration(t.want.Valid)*time.Second
}
