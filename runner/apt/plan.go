package apt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// item is one of the packages that were named, and what is to become of it.
type item struct {
	want   *op.PkgWant
	before dpkg.Entry
	// arg is what apt-get is told, "" where there is nothing to do; goes says that
	// it is to be removed, and target is the version that shall be there then, ""
	// for any.
	arg    string
	goes   bool
	target string
	err    *op.Error
}

func (i *item) gone() bool { return i.want.State == op.PkgAbsent || i.want.State == op.PkgPurged }

// reached reports whether a package is in the state that was wanted.
func (i *item) reached(e dpkg.Entry) bool {
	switch i.want.State {
	case op.PkgAbsent:
		return e.Status == "" || e.Status == op.PkgConfig
	case op.PkgPurged:
		return e.Status == ""
	case op.PkgLatest:
		return e.Status == op.PkgInstalled && i.want.Fits(e.Version) && (i.target == "" || i.target == e.Version)
	}
	return e.Status == op.PkgInstalled && i.want.Fits(e.Version)
}

// open reports whether something may be left to do for a package. What the
// latest version is, only the package lists can say.
func (i *item) open() bool { return i.want.State == op.PkgLatest || !i.reached(i.before) }

// decide says what apt-get is to do for a package that is open.
func (i *item) decide(db *dpkg.Database, o said.Offer) {
	i.arg, i.target, i.err = "", "", nil
	switch {
	case i.gone():
		i.arg, i.goes = i.want.Name, true
	case i.want.File != "":
		if i.target = i.want.Version; !i.reached(i.before) {
			i.arg = i.want.File
		}
	case i.want.Version != "":
		i.pin(o)
	case i.want.State == op.PkgLatest && i.before.Status == op.PkgInstalled:
		if i.target = cmp.Or(o.Candidate, i.before.Version); i.target != i.before.Version {
			i.arg = i.want.Name
		}
	case o.Candidate == "":
		i.err = noCandidate(i.want.Name, o)
	default:
		i.arg, i.target = i.want.Name, o.Candidate
	}
	if i.arg != "" && i.before.Held && i.before.Status == op.PkgInstalled {
		i.err = fault(op.Conflict, "held", i.want.Name+" is held at "+i.before.Version+
			"\nrelease it first: apt-mark unhold "+db.Plain(i.want.Name))
	}
}

// pin chooses the newest version that fits.
func (i *item) pin(o said.Offer) {
	for _, version := range o.Versions {
		if !i.want.Fits(version) {
			continue
		}
		i.target = version
		if i.before.Status != op.PkgInstalled || i.before.Version != version {
			i.arg = i.want.Name + "=" + version
		}
		return
	}
	if i.reached(i.before) {
		return // the lists have it no more, but it is here
	}
	message := i.want.Name + " has no version " + i.want.Version + "; "
	switch {
	case o.Virtual:
		i.err = noCandidate(i.want.Name, o)
		return
	case len(o.Versions) == 0:
		message += "the package lists have none"
	default:
		message += "the package lists have " + list(o.Versions)
	}
	i.err = fault(op.Permanent, said.Version, message)
}

func noCandidate(name string, o said.Offer) *op.Error {
	switch {
	case o.Virtual:
		return fault(op.Permanent, said.None, name+" is no package itself, but provided by "+list(o.Providers)+
			"\nname one of these instead")
	case len(o.Versions) > 0:
		return fault(op.Permanent, said.None, name+" may not be installed: the host's preferences allow none of its versions, "+list(o.Versions))
	}
	return fault(op.Permanent, said.Unknown, "there is no package "+name+" in the package lists of the host"+
		"\nlook for a mistake in the name, a missing repository, or lists that are out of date")
}

// plan is what one op comes to.
type plan []*item

func newPlan(e *op.PkgEnsure, db *dpkg.Database) plan {
	p := make(plan, len(e.Packages))
	for n := range e.Packages {
		p[n] = &item{want: &e.Packages[n]}
		p[n].before, _ = db.Find(e.Packages[n].Name)
	}
	return p
}

// which returns the items for which is holds.
func (p plan) which(is func(*item) bool) plan {
	return slices.DeleteFunc(slices.Clone(p), func(i *item) bool { return !is(i) })
}

// names returns the names as they were given.
func (p plan) names() []string {
	names := make([]string, len(p))
	for n, i := range p {
		names[n] = i.want.Name
	}
	return names
}

// acts returns what apt-get must be told of.
func (p plan) acts() plan { return p.which(func(i *item) bool { return i.arg != "" }) }

// guilty reports whether a package cannot be had.
func (p plan) guilty() bool {
	return slices.ContainsFunc(p, func(i *item) bool { return i.err != nil })
}

// mention finds the item that a name in apt's words belongs to, or nil.
func (p plan) mention(db *dpkg.Database, name string) *item {
	for _, i := range p {
		if db.Plain(i.want.Name) == db.Plain(name) {
			return i
		}
	}
	return nil
}

// spare notes of those packages that are not to blame why they are not as they
// should be all the same.
func (p plan) spare(acts plan, why string) {
	n := slices.IndexFunc(p, func(i *item) bool { return i.err != nil })
	if n < 0 {
		return
	}
	first, _, _ := strings.Cut(p[n].err.Message, "\n")
	for _, i := range acts {
		if i.err == nil {
			i.err = fault(p[n].err.Class, op.CodeTransaction, i.want.Name+" "+why+": "+first)
		}
	}
}

// refuse notes that the transaction was not begun.
func (p plan) refuse(acts plan) {
	p.spare(acts, "was not touched, because the transaction as a whole was refused")
}
