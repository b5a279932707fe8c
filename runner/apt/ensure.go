package apt

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// Ensure brings packages into their states. note is told what it waits for.
//
// An end of ctx keeps apt-get from being started, and never ends it: a package
// that is half installed is worse than one that comes late.
func (a *Apt) Ensure(ctx context.Context, e *op.PkgEnsure, note func(string)) (*op.PkgDone, error) {
	if !a.host.Able {
		return nil, fault(op.Permanent, "eperm", "only root may change packages, and the runner works as "+a.host.User)
	}
	select {
	case <-a.turn:
	default:
		note("waiting for another change of packages on this host")
		select {
		case <-a.turn:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	defer func() { a.turn <- struct{}{} }()
	t := &transaction{apt: a, patience: newPatience(e, note), ask: e}
	return t.run(ctx)
}

func (t *transaction) run(ctx context.Context) (*op.PkgDone, error) {
	if t.ask.Whole() {
		return t.whole(ctx)
	}
	if len(t.ask.Packages) == 0 {
		if err := t.free(ctx); err != nil {
			return nil, err
		}
		return &op.PkgDone{}, t.update(ctx)
	}
	db, err := t.apt.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	p := newPlan(t.ask, db)
	if !slices.ContainsFunc(p, (*item).open) {
		return t.done(p, db, db), nil
	}
	// What others are doing counts: it is waited for before anything is decided.
	if err := t.free(ctx); err != nil {
		return nil, err
	}
	if db, err = t.settled(ctx); err != nil {
		return nil, err
	}
	p = newPlan(t.ask, db)
	if err := t.decide(ctx, p, db); err != nil {
		return nil, err
	}
	acts := p.acts()
	if len(acts) == 0 || p.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	refused, err := t.rehearse(ctx, acts, db)
	if err != nil {
		return nil, err
	}
	if refused {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	return t.perform(ctx, p, acts, db)
}

// settled returns the database, after what was interrupted has been finished.
func (t *transaction) settled(ctx context.Context) (*dpkg.Database, error) {
	db, err := t.apt.dpkg.Installed()
	if err != nil || !db.Interrupted || t.apt.host.Sudo != nil {
		return db, err // without root it cannot be seen whether dpkg is still at it
	}
	if err := t.repair(ctx); err != nil {
		return nil, err
	}
	return t.apt.dpkg.Installed()
}

// decide works out what is to be done for each package, from fresh lists where
// that is wanted and something is to be installed. For a package that shall be
// the latest the lists that are there say whether something is.
func (t *transaction) decide(ctx context.Context, p plan, db *dpkg.Database) error {
	coming := p.which(func(i *item) bool { return i.open() && !i.gone() })
	if !t.ask.Update || len(coming) == 0 {
		return t.choose(ctx, p, coming, db)
	}
	if !slices.ContainsFunc(coming, func(i *item) bool { return !i.reached(i.before) }) {
		err := t.choose(ctx, p, coming, db)
		if err != nil || len(coming.acts()) == 0 && !coming.guilty() {
			return err
		}
	}
	if err := t.update(ctx); err != nil {
		return err
	}
	return t.choose(ctx, p, coming, db)
}

// choose decides for all packages that are open, by what the lists have of those that are to come.
func (t *transaction) choose(ctx context.Context, p, coming plan, db *dpkg.Database) error {
	offers := map[string]said.Offer{}
	if len(coming) > 0 {
		var err error
		if offers, err = t.apt.offers(ctx, db, coming.names()); err != nil {
			return err
		}
	}
	for _, i := range p {
		if i.open() {
			i.decide(db, offers[i.want.Name])
		}
	}
	return nil
}

// done describes how it ended.
func (t *transaction) done(p plan, before, after *dpkg.Database) *op.PkgDone {
	d := &op.PkgDone{Packages: make([]op.PkgChange, len(p)), Waited: t.patience.summary()}
	for n, i := range p {
		now, _ := after.Find(i.want.Name)
		d.Packages[n] = op.PkgChange{
			Name: i.want.Name, Before: i.before.InstalledVersion(), After: now.InstalledVersion(), Error: i.err,
		}
	}
	if before != after {
		d.Also = others(p, before, after)
	}
	return d
}

// maxAlso bounds the packages that are reported without having been named.
const maxAlso = 1000

// others lists the packages that came, went or changed without being named.
func others(p plan, before, after *dpkg.Database) []op.PkgChange {
	named := map[string]bool{}
	for _, i := range p {
		named[after.Plain(i.want.Name)] = true
	}
	was, is := before.Versions(), after.Versions()
	var changed []string // sorted as names, which costs the runner less than sorting changes
	for name, version := range is {
		if !named[name] && was[name] != version {
			changed = append(changed, name)
		}
	}
	for name := range was {
		if _, still := is[name]; !still && !named[name] {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	var changes []op.PkgChange
	for _, name := range changed[:min(len(changed), maxAlso)] {
		changes = append(changes, op.PkgChange{Name: name, Before: was[name], After: is[name]})
	}
	return changes
}

// whole changes all packages that are meant.
func (t *transaction) whole(ctx context.Context) (*op.PkgDone, error) {
	if err := t.free(ctx); err != nil {
		return nil, err
	}
	before, err := t.settled(ctx)
	if err == nil && t.ask.Update {
		err = t.update(ctx)
	}
	if err != nil {
		return nil, err
	}
	o, err := t.transact(ctx, t.wholeArgs()...)
	if err != nil {
		return nil, err
	}
	if o.rc != 0 {
		return nil, t.wholeFailed(o)
	}
	after, err := t.apt.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	return t.done(nil, before, after), nil
}

// wholeArgs is what apt-get is told where all packages are meant. What is held it leaves by itself.
func (t *transaction) wholeArgs() []string {
	switch {
	case t.ask.Unneeded == op.PkgPurged:
		return []string{"--purge", "autoremove"}
	case t.ask.Unneeded != "":
		return []string{"autoremove"}
	case t.ask.Upgrade == op.PkgFull:
		return []string{"dist-upgrade"}
	}
	return []string{"--with-new-pkgs", "upgrade"}
}
