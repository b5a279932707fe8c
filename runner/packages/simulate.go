package packages

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/runner/op"
)

// Simulate tells what Ensure would do as things stand: what it would refuse, and
// what would come along. It changes nothing, waits for no lock but for one that keeps it from saying what all packages come to, and tells nothing
// where that depends on lists that are fetched first or on what has to be finished.
func (m *Manager) Simulate(ctx context.Context, e *op.PkgEnsure) (*op.PkgDone, error) {
	db, err := m.tool.Installed(ctx, m.ask)
	if err != nil {
		return nil, err
	}
	t := &transaction{m: m, patience: newPatience(e, func(string) {}), want: e}
	if e.Whole() {
		return t.foreseeWhole(ctx, db)
	}
	p := newPlan(e, db)
	coming := p.which(func(i *item) bool { return i.open() && !i.gone() })
	if db.Undone() != "" || e.Update && len(coming) > 0 {
		return t.done(p, db, db), nil
	}
	if err := t.choose(ctx, p, coming); err != nil {
		return nil, err
	}
	acts := p.acting()
	if len(acts) == 0 || p.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	f, err := m.tool.Forecast(ctx, m.ask, db, acts.job(e.Recommends))
	if err != nil {
		return nil, err
	}
	if f.Report != nil && f.Report.Locked {
		return t.done(p, db, db), nil // the transaction itself will wait
	}
	if err := t.foresee(ctx, acts, db, f); err != nil {
		return nil, err
	}
	p.refuse(acts)
	d := t.done(p, db, db)
	if !p.guilty() {
		d.Also = along(acts, f)
	}
	return d, nil
}

// foresee gives packages the errors that a forecast means for them: that it is
// refused, or that something would go which is not to go.
func (t *transaction) foresee(ctx context.Context, acts plan, db Database, f *Forecast) error {
	unplanned := acts.unplanned(f)
	if len(unplanned) == 0 && (f.Report == nil || f.Report.Undone != "") {
		return nil // what is undone the transaction repairs first
	}
	if len(acts) > 1 && (len(unplanned) > 0 || !t.m.is.Exact) {
		if err := t.suspect(ctx, acts, db); err != nil || acts.guilty() {
			return err
		}
	}
	if len(unplanned) == 0 {
		acts.judge(&t.m.is, f)
	}
	for _, i := range acts {
		if len(unplanned) > 0 {
			i.err = removal(i, unplanned)
		}
	}
	return nil
}

// unplanned returns what would go and is not to.
func (p plan) unplanned(f *Forecast) []string {
	return slices.DeleteFunc(f.Gone(), func(name string) bool {
		i := p.mention(name)
		return i != nil && i.goes
	})
}

// maxSuspects bounds how many packages are tried one by one.
const maxSuspects = 16

// suspect finds out because of which packages others would go: it asks for each by
// itself. Where that does not tell, it is all of them together.
func (t *transaction) suspect(ctx context.Context, acts plan, db Database) error {
	for _, i := range acts[:min(len(acts), maxSuspects)] {
		f, err := t.m.tool.Forecast(ctx, t.m.ask, db, plan{i}.job(t.want.Recommends))
		if err != nil {
			return err
		}
		if gone := acts.unplanned(f); len(gone) > 0 {
			i.err = removal(i, gone)
		}
	}
	return nil
}

func removal(i *item, unplanned []string) *op.Error {
	doing := "installing " + i.want.Name + " would remove "
	if i.goes {
		doing = "removing " + i.want.Name + " would also remove "
	}
	others := list(unplanned)
	return Fault(op.Conflict, Removes, doing+others+", which is not planned"+
		"\nplan "+others+" as absent, too, or leave "+i.want.Name+" as it is")
}

// along lists what is installed or upgraded without being named.
func along(acts plan, f *Forecast) []op.PkgChange {
	var all []op.PkgChange
	for _, c := range f.Changes {
		if acts.mention(c.Name) == nil && len(all) < maxAlso {
			all = append(all, c)
		}
	}
	return all
}
