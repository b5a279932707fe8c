package packages

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// transaction is one op at work.
type transaction struct {
	m        *Manager
	patience *patience
	want     *op.PkgEnsure
}

// outcome is how a program ended.
type outcome struct {
	rc    int
	text  string
	words *Report
}

// changing has programs ask nothing. The locale is UTF-8, since what is
// installed may take it over.
var changing = []string{"LC_ALL=C.UTF-8", "LANGUAGE=", "ZYPP_LOCK_TIMEOUT=0"}

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
	if err := t.decide(ctx, p); err != nil {
		return nil, err
	}
	acts := p.acting()
	if len(acts) == 0 || p.guilty() {
		p.refuse(acts)
		return t.done(p, db, db), nil
	}
	f, err := t.rehearse(ctx, acts.job(t.want.Recommends), db)
	if err != nil {
		return nil, err
	}
	if err := t.foresee(ctx, acts, db, f); err != nil {
		return nil, err
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
			i.decide(t.m.tool.Name(), offers[i.want.Name])
		}
	}
	return nil
}

// rehearse has the manager tell what it would do, as soon as no other process holds its locks.
func (t *transaction) rehearse(ctx context.Context, job Job, db *Database) (*Forecast, error) {
	for {
		f, err := t.m.tool.Forecast(ctx, t.m.ask, db, job)
		if err != nil || f.Report == nil || !f.Report.Locked {
			return f, err
		}
		if err := t.patience.wait(ctx, f.Report.Holder, t.m.tool.Unlock()); err != nil {
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
			return nil, Fault(op.Permanent, "sudo", "sudo does not let "+t.m.host.User+" run "+t.m.tool.Name()+"\n"+tail(o.text)+
				"\nexpected a rule such as: "+t.m.host.User+" ALL=(root) NOPASSWD: /usr/bin/"+t.m.tool.Name())
		case o.rc == 0 || !o.words.Locked:
			return o, nil
		}
		if err := t.patience.wait(ctx, o.words.Holder, t.m.tool.Unlock()); err != nil {
			return nil, err
		}
	}
}

// update fetches the package lists, unless they are young enough.
func (t *transaction) update(ctx context.Context) error {
	if t.young() {
		return nil
	}
	o, err := t.act(ctx, t.m.tool.Refresh())
	if err != nil {
		return err
	}
	if o.rc != 0 {
		why, _, _ := o.words.why(t.m.tool.Name(), o.rc)
		return Fault(op.Transient, "update", "fetching the package lists failed: "+why+"\n"+tail(o.text))
	}
	return nil
}

// young reports whether the lists need not be fetched again.
func (t *transaction) young() bool {
	age := time.Since(t.m.tool.Fetched(t.m.host.Root))
	return t.want.Valid > 0 && age >= 0 && age < time.Duration(t.want.Valid)*time.Second
}

// perform carries the plan out and looks at what became of it.
func (t *transaction) perform(ctx context.Context, p, acts plan, before *Database) (*op.PkgDone, error) {
	var o *outcome
	for n, argv := range t.m.tool.Commands(acts.job(t.want.Recommends)) {
		var err error
		if n > 0 {
			ctx = context.WithoutCancel(ctx) // half of it is done
		}
		if o, err = t.act(ctx, argv); err != nil {
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
	if len(left) > 0 {
		left.judge(t.m.tool.Name(), o.rc, o.text, o.words)
	}
	for _, name := range o.words.Scripts {
		if i := acts.mention(name); i != nil && i.err == nil {
			i.err = Fault(op.Permanent, Failed, i.doing()+": a script of the package failed; "+t.m.tool.Name()+
				" counts it as done all the same, and will not run the script again\n"+tail(o.text))
		}
	}
	return t.done(p, before, after), nil
}

// done describes how it ended.
func (t *transaction) done(p plan, before, after *Database) *op.PkgDone {
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
func others(p plan, before, after *Database) []op.PkgChange {
	var changed []string // sorted as names, which costs the runner less than sorting changes
	for name, now := range after.Packages {
		if p.mention(name) == nil && before.Packages[name].Version != now.Version {
			changed = append(changed, name)
		}
	}
	for name := range before.Packages {
		if _, still := after.Packages[name]; !still && p.mention(name) == nil {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	var changes []op.PkgChange
	for _, name := range changed[:min(len(changed), maxAlso)] {
		changes = append(changes, op.PkgChange{Name: name, Before: before.Packages[name].Version, After: after.Packages[name].Version})
	}
	return changes
}

// patience is how long a transaction waits for locks, and for whom it did.
type patience struct {
	note   func(string)
	limit  time.Duration
	waited time.Duration
	holder string // the last one
}

// How long locks are waited for where nothing is said, and how often it is tried.
const (
	defaultPatience = 2 * time.Minute
	lockPoll        = time.Second
)

func newPatience(e *op.PkgEnsure, note func(string)) *patience {
	return &patience{note: note, limit: cmp.Or(time.Duration(e.LockMS)*time.Millisecond, defaultPatience)}
}

// wait lets a moment pass, while a process holds a lock.
func (p *patience) wait(ctx context.Context, holder, unlock string) error {
	holder = cmp.Or(holder, "another process")
	if holder != p.holder {
		p.holder = holder
		p.note("waiting for the package lock held by " + holder)
	}
	left := p.limit - p.waited
	if left <= 0 {
		message := "the package lock is still held by " + holder + " after waiting " + seconds(p.waited)
		if unlock != "" {
			message += "\n" + unlock
		}
		return Fault(op.Transient, "locked", message)
	}
	begin := time.Now()
	timer := time.NewTimer(min(lockPoll, left))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.waited += time.Since(begin)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// summary says for what was waited and how long, "" for not at all.
func (p *patience) summary() string {
	if p.waited == 0 {
		return ""
	}
	return seconds(p.waited) + " for the package lock held by " + p.holder
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(time.Second, d).Round(time.Second)/time.Second), 10) + " s"
}

func itoa(n int) string { return strconv.Itoa(n) }
