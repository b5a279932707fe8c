package apt

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// Simulate tells what Ensure would do as things stand: what it would refuse, and
// what would come along. It changes nothing, waits for no lock, and tells nothing
// where that depends on lists that are fetched first or on what dpkg has to finish.
func (a *Apt) Simulate(ctx context.Context, e *op.PkgEnsure) (*op.PkgDone, error) {
	db, err := a.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	t := &transaction{apt: a, patience: newPatience(e, func(string) {}), ask: e}
	if e.Whole() {
		return t.foreseeWhole(ctx)
	}
	p := newPlan(e, db)
	coming := p.which(func(i *item) bool { return i.open() && !i.gone() })
	if db.Interrupted || e.Update && len(coming) > 0 {
		return t.done(p, db, db), nil
	}
	if err := t.choose(ctx, p, coming, db); err != nil {
		return nil, err
	}
	acts := p.acts()
	if len(acts) == 0 || p.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	o, err := t.simulate(ctx, acts)
	if err != nil {
		return nil, err
	}
	also, err := t.foresee(ctx, acts, db, o)
	if err != nil {
		return nil, err
	}
	p.refuse(acts)
	d := t.done(p, db, db)
	d.Also = also
	return d, nil
}

// foresee gives packages the errors that a simulation means for them, or returns
// what would come along.
func (t *transaction) foresee(ctx context.Context, acts plan, db *dpkg.Database, o *outcome) ([]op.PkgChange, error) {
	gone := said.Simulated(o.text)
	if o.words.Keeping {
		gone = append(gone, o.words.Removed...)
	}
	unplanned := acts.unplanned(db, gone)
	switch {
	case len(unplanned) > 0:
		return nil, t.blameRemoval(ctx, acts, db, unplanned)
	case o.words.Unmet: // which the transaction repairs first
	case o.rc != 0:
		acts.judge(db, o)
	default:
		return along(acts, db, said.Told(o.text, "Inst")), nil
	}
	return nil, nil
}

// along lists what is installed or upgraded without being named.
func along(acts plan, db *dpkg.Database, names []string) []op.PkgChange {
	names = slices.DeleteFunc(names, func(name string) bool { return acts.mention(db, name) != nil })
	var all []op.PkgChange
	for _, name := range names[:min(len(names), maxAlso)] {
		e, _ := db.Find(name)
		all = append(all, op.PkgChange{Name: name, Before: e.InstalledVersion()})
	}
	return all
}

// foreseeWhole tells what would change, as the lists are.
func (t *transaction) foreseeWhole(ctx context.Context) (*op.PkgDone, error) {
	o, err := t.try(ctx, t.wholeArgs())
	if err != nil {
		return nil, err
	}
	if o.rc != 0 {
		return nil, t.wholeFailed(o)
	}
	d := &op.PkgDone{Packages: []op.PkgChange{}, Stale: t.ask.Update && !t.young(t.updated())}
	for _, c := range said.Changes(o.text) {
		d.Also = append(d.Also, op.PkgChange{Name: c.Name, Before: c.Before, After: c.After})
	}
	return d, nil
}

func (t *transaction) wholeFailed(o *outcome) error {
	why := "exit code " + itoa(o.rc)
	if len(o.words.Errors) > 0 {
		why = o.words.Errors[0]
	}
	doing := "upgrading all packages"
	if t.ask.Unneeded != "" {
		doing = "removing packages that nothing needs"
	}
	return fault(op.Permanent, said.Failed, doing+" failed: "+why+"\n"+said.Tail(o.text))
}
