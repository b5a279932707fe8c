package packages

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// unneeded is an op that removes by their names what nothing needs. Another process may hold the lock.
func (t *transaction) unneeded(ctx context.Context) (*op.PkgEnsure, error) {
	e := &op.PkgEnsure{}
	names, locked, err := t.m.tool.Unneeded(ctx, t.m.ask)
	for err == nil && locked != nil {
		if err = t.patience.wait(ctx, locked.Holder, t.m.is.Unlock, lockPoll); err == nil {
			names, locked, err = t.m.tool.Unneeded(ctx, t.m.ask)
		}
	}
	for _, name := range names {
		e.Packages = append(e.Packages, op.PkgWant{Name: name, State: t.want.Unneeded})
	}
	return e, err
}

// foreseeWhole tells what would change, as the lists are.
func (t *transaction) foreseeWhole(ctx context.Context, db Database) (*op.PkgDone, error) {
	d := &op.PkgDone{Packages: []op.PkgChange{}, Stale: t.want.Update && !t.young()}
	if t.want.Unneeded != "" && !t.m.is.Autoremoves {
		e, err := t.unneeded(ctx)
		for _, p := range e.Packages {
			if found := db.Find(p.Name); !found.Held {
				d.Also = append(d.Also, op.PkgChange{Name: p.Name, Before: found.Version})
			}
		}
		return d, err
	}
	f, err := t.rehearse(ctx, Job{Upgrade: t.want.Upgrade, Unneeded: t.want.Unneeded}, db)
	if err != nil {
		return nil, err
	}
	if f.Report != nil {
		return nil, t.wholeFailed(&outcome{rc: f.RC, text: f.Text, words: f.Report})
	}
	d.Also = f.Changes[:min(len(f.Changes), maxAlso)]
	return d, nil
}

// whole does it.
func (t *transaction) whole(ctx context.Context) (*op.PkgDone, error) {
	before, err := t.settled(ctx)
	if err == nil && t.want.Update {
		err = t.update(ctx)
	}
	job := Job{Upgrade: t.want.Upgrade, Unneeded: t.want.Unneeded}
	named := t.want.Unneeded != "" && !t.m.is.Autoremoves
	if err == nil && named {
		var e *op.PkgEnsure
		if e, err = t.unneeded(ctx); err == nil {
			job = newPlan(e, before).which(func(i *item) bool { i.goes = true; return !i.before.Held }).job(nil)
		}
	}
	if err != nil {
		return nil, err
	}
	if !named || len(job.Remove) > 0 {
		for _, argv := range t.m.tool.Commands(job) {
			o, err := t.transact(ctx, argv)
			if err != nil {
				return nil, err
			}
			if o.rc != 0 && !o.words.Done {
				return nil, t.wholeFailed(o)
			}
		}
	}
	after, err := t.m.tool.Installed(context.WithoutCancel(ctx), t.m.ask)
	if err != nil {
		return nil, err
	}
	return t.done(nil, before, after), nil
}

func (t *transaction) wholeFailed(o *outcome) error {
	why, class, code := o.words.why(t.m.is.Name, o.rc)
	doing := "upgrading all packages"
	if t.want.Unneeded != "" {
		doing = "removing packages that nothing needs"
	}
	return Fault(class, code, doing+" failed: "+why+"\n"+Tail(o.text))
}
