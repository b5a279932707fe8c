package packages

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/runner/op"
)

// Ensure brings packages into their states. note is told what it waits for.
//
// An end of ctx keeps the manager from being started, and never ends it: a package
// that is half installed is worse than one that comes late.
func (m *Manager) Ensure(ctx context.Context, e *op.PkgEnsure, note func(string)) (*op.PkgDone, error) {
	if !m.host.Able {
		return nil, Fault(op.Permanent, "eperm", "only root may change packages, and the runner works as "+m.host.User)
	}
	select {
	case <-m.turn:
	default:
		note("waiting for another change of packages on this host")
		select {
		case <-m.turn:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	defer func() { m.turn <- struct{}{} }()
	t := &transaction{m: m, patience: newPatience(e, note), want: e}
	return t.run(ctx)
}

func (t *transaction) run(ctx context.Context) (*op.PkgDone, error) {
	if t.want.Whole() {
		return t.whole(ctx)
	}
	if len(t.want.Packages) == 0 {
		return &op.PkgDone{}, t.update(ctx)
	}
	db, err := t.m.tool.Installed(ctx, t.m.ask)
	if err != nil {
		return nil, err
	}
	p := newPlan(t.want, db)
	if !slices.ContainsFunc(p, (*item).open) {
		return t.done(p, db, db), nil
	}
	// What others are doing counts, where that can be seen: it is waited for before anything is decided.
	if t.m.is.Holder != nil {
		if db, err = t.settled(ctx); err != nil {
			return nil, err
		}
		p = newPlan(t.want, db)
	}
	if err := t.decide(ctx, p); err != nil {
		return nil, err
	}
	acts := p.acting()
	if len(acts) == 0 || p.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	if job := acts.job(t.want.Recommends); len(job.Remove) > 0 || !t.m.is.Exact {
		f, err := t.rehearse(ctx, job, db)
		if err == nil {
			err = t.foresee(ctx, acts, db, f)
		}
		if err != nil {
			return nil, err
		}
	}
	if acts.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	return t.perform(ctx, p, acts, db)
}

// decide works out what is to be done for each package, from fresh lists where
// that is wanted and something is to be installed. For a package that shall be
// the latest the lists that are there say whether something is.
func (t *transaction) decide(ctx context.Context, p plan) error {
	coming := p.which(func(i *item) bool { return i.open() && !i.gone() })
	if !t.want.Update || len(coming) == 0 {
		return t.choose(ctx, p, coming)
	}
	if !slices.ContainsFunc(coming, func(i *item) bool { return !i.reached(i.before) }) {
		err := t.choose(ctx, p, coming)
		if err != nil || len(coming.acting()) == 0 && !coming.guilty() {
			return err
		}
	}
	if err := t.update(ctx); err != nil {
		return err
	}
	return t.choose(ctx, p, coming)
}

// choose decides for all packages that are open, by what the lists have of those that are to come.
func (t *transaction) choose(ctx context.Context, p, coming plan) error {
	offers := map[string]Offer{}
	if len(coming) > 0 {
		var err error
		if offers, err = t.m.tool.Offers(ctx, t.m.ask, coming.names()); err != nil {
			return err
		}
	}
	for _, i := range p {
		if i.open() {
			i.decide(&t.m.is, offers[i.want.Name])
		}
	}
	return nil
}

// perform carries the plan out and looks at what became of it.
func (t *transaction) perform(ctx context.Context, p, acts plan, before Database) (*op.PkgDone, error) {
	var o *outcome
	for n, argv := range t.m.tool.Commands(acts.job(t.want.Recommends)) {
		var err error
		if n > 0 {
			ctx = context.WithoutCancel(ctx) // half of it is done
		}
		if o, err = t.transact(ctx, argv); err != nil {
			return nil, err
		}
		if o.rc != 0 {
			break
		}
	}
	after, err := t.m.tool.Installed(context.WithoutCancel(ctx), t.m.ask)
	if err != nil {
		return nil, err
	}
	left := acts.which(func(i *item) bool { return !i.reached(after.Find(i.want.Name)) })
	f := &Forecast{Report: o.words, RC: o.rc, Text: o.text}
	if len(left.unplanned(f)) > 0 {
		if err := t.foresee(ctx, left, before, f); err != nil {
			return nil, err
		}
		p.refuse(left)
	} else if len(left) > 0 {
		left.judge(&t.m.is, f)
	}
	for _, name := range o.words.Scripts {
		if i := acts.mention(name); i != nil && i.err == nil {
			i.err = Fault(op.Permanent, Failed, i.doing()+": a script of the package failed; "+t.m.is.Name+
				" counts it as done all the same, and will not run the script again\n"+Tail(o.text))
		}
	}
	return t.done(p, before, after), nil
}

// done describes how it ended.
func (t *transaction) done(p plan, before, after Database) *op.PkgDone {
	d := &op.PkgDone{Packages: make([]op.PkgChange, len(p)), Waited: t.patience.summary()}
	for n, i := range p {
		d.Packages[n] = op.PkgChange{
			Name: i.want.Name, Before: i.before.Version, After: after.Find(i.want.Name).Version, Error: i.err,
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
func others(p plan, before, after Database) []op.PkgChange {
	was, is := versions(before), versions(after)
	var changed []string // sorted as names, which costs the runner less than sorting changes
	for name, version := range is {
		if was[name] != version && p.mention(name) == nil {
			changed = append(changed, name)
		}
	}
	for name := range was {
		if _, still := is[name]; !still && p.mention(name) == nil {
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

func versions(db Database) map[string]string {
	all := map[string]string{}
	db.Each(func(name string, p Package) {
		if p.Version != "" {
			all[name] = p.Version
		}
	})
	return all
}
