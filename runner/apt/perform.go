package apt

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// args returns what apt-get is told to bring packages into their states.
func (t *transaction) args(acts plan) []string {
	var args []string
	if t.ask.Recommends != nil && *t.ask.Recommends {
		args = append(args, "--install-recommends")
	} else if t.ask.Recommends != nil {
		args = append(args, "--no-install-recommends")
	}
	if slices.ContainsFunc(acts, func(i *item) bool { return i.want.Version != "" && i.before.Status == op.PkgInstalled }) {
		args = append(args, "--allow-downgrades")
	}
	going := acts.which(func(i *item) bool { return i.goes })
	if len(going) > 0 && len(going) == len(going.purged()) {
		args = append(args, "--purge")
	}
	switch len(going) {
	case 0:
		args = append(args, "--no-remove", "install")
	case len(acts):
		args = append(args, "remove")
	default:
		args = append(args, "install")
	}
	for _, i := range acts {
		arg := i.arg
		if i.goes && len(going) < len(acts) {
			arg += "-"
		}
		args = append(args, arg)
	}
	return args
}

// purged returns the items whose configuration goes, too.
func (p plan) purged() plan {
	return p.which(func(i *item) bool { return i.goes && i.want.State == op.PkgPurged })
}

// rehearse has apt-get tell what would go along with what is to go, and refuses
// what was not planned. Where nothing is to go, apt-get itself sees to that.
func (t *transaction) rehearse(ctx context.Context, acts plan, db *dpkg.Database) (refused bool, err error) {
	if !slices.ContainsFunc(acts, func(i *item) bool { return i.goes }) {
		return false, nil
	}
	o, err := t.simulate(ctx, acts)
	if err != nil {
		return false, err
	}
	unplanned := acts.unplanned(db, said.Simulated(o.text))
	switch {
	case o.rc == 0 && len(unplanned) == 0:
		return false, nil
	case o.words.Unmet:
		return false, nil // which the transaction repairs first
	case len(unplanned) > 0:
		return true, t.blameRemoval(ctx, acts, db, unplanned)
	}
	acts.judge(db, o)
	return true, nil
}

// simulate has apt-get say what it would do, for which it needs no rights.
func (t *transaction) simulate(ctx context.Context, acts plan) (*outcome, error) {
	return t.try(ctx, t.args(acts))
}

// try has apt-get say what it would do.
func (t *transaction) try(ctx context.Context, args []string) (*outcome, error) {
	argv := append(append([]string{"apt-get", "-s"}, quiet...), args...)
	got, err := t.apt.host.Ask(ctx, argv, plainWords)
	if err != nil {
		return nil, err
	}
	text := got.Stdout + "\n" + got.Stderr
	return &outcome{rc: got.RC, text: text, words: said.Listen(text)}, nil
}

// unplanned returns those of the names that are not to go.
func (p plan) unplanned(db *dpkg.Database, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(gone), func(name string) bool {
		i := p.mention(db, name)
		return i != nil && i.goes
	})
}

// maxSuspects bounds how many packages are tried one by one.
const maxSuspects = 16

// blameRemoval finds out because of which packages others would go: it asks
// for each by itself. Where that does not tell, it is all of them together.
func (t *transaction) blameRemoval(ctx context.Context, acts plan, db *dpkg.Database, unplanned []string) error {
	found := false
	for _, i := range acts[:min(len(acts), maxSuspects)] {
		if len(acts) == 1 {
			break
		}
		o, err := t.simulate(ctx, plan{i})
		if err != nil {
			return err
		}
		gone := said.Simulated(o.text)
		if o.words.Keeping {
			gone = o.words.Removed
		}
		if gone = acts.unplanned(db, gone); len(gone) > 0 {
			found = true
			i.err = removal(i, gone)
		}
	}
	for _, i := range acts {
		if !found {
			i.err = removal(i, unplanned)
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
	return fault(op.Conflict, "removes", doing+others+", which is not planned"+
		"\nplan "+others+" as absent, too, or leave "+i.want.Name+" as it is")
}

// perform carries the plan out and looks at what became of it.
func (t *transaction) perform(ctx context.Context, p, acts plan, before *dpkg.Database) (*op.PkgDone, error) {
	o, err := t.transact(ctx, t.args(acts)...)
	if err != nil {
		return nil, err
	}
	// One run can purge all that goes or none of it.
	if purged := acts.purged(); o.rc == 0 && len(purged) > 0 && len(purged) < len(acts.which(func(i *item) bool { return i.goes })) {
		if o, err = t.transact(ctx, append([]string{"purge"}, purged.names()...)...); err != nil {
			return nil, err
		}
	}
	after, err := t.apt.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	left := acts.which(func(i *item) bool {
		e, _ := after.Find(i.want.Name)
		return !i.reached(e)
	})
	if unplanned := left.unplanned(before, o.words.Removed); o.words.Keeping && len(unplanned) > 0 {
		if err := t.blameRemoval(ctx, left, before, unplanned); err != nil {
			return nil, err
		}
		p.refuse(left)
	} else if len(left) > 0 {
		left.judge(before, o)
	}
	return t.done(p, before, after), nil
}
