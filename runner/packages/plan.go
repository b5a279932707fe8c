package packages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// item is one of the packages that were named, and what is to become of it.
type item struct {
	want   *op.PkgWant
	db     Database // as it was before
	before Package
	// acts says that there is something to do, goes that it is to be removed, and
	// target is the version that shall be there then, "" for any.
	acts, goes bool
	target     string
	err        *op.Error
}

func (i *item) gone() bool { return i.want.State == op.PkgAbsent || i.want.State == op.PkgPurged }

// reached reports whether a package is in the state that was wanted.
func (i *item) reached(p Package) bool {
	switch i.want.State {
	case op.PkgAbsent:
		return p.Status == "" || p.Status == op.PkgConfig
	case op.PkgPurged:
		return p.Status == ""
	}
	return p.Status == op.PkgInstalled && i.want.Fits(p.Version) &&
		(i.want.State != op.PkgLatest || i.target == "" || i.target == p.Version)
}

// open reports whether something may be left to do for a package. What the
// latest version is, only the package lists can say.
func (i *item) open() bool { return i.want.State == op.PkgLatest || !i.reached(i.before) }

// decide says what is to be done for a package that is open.
func (i *item) decide(is *Traits, o Offer) {
	i.acts, i.target, i.err = false, "", nil
	switch {
	case i.gone():
		i.acts, i.goes = true, true
	case i.want.File != "":
		i.target, i.acts = i.want.Version, !i.reached(i.before)
	case i.want.Version != "":
		i.pin(o)
	case i.want.State == op.PkgLatest && i.installed():
		i.target = cmp.Or(o.Candidate, i.before.Version)
		i.acts = i.target != i.before.Version
	case o.Candidate == "":
		i.err = noCandidate(i.want.Name, o)
	default:
		i.acts, i.target = true, o.Candidate
	}
	if i.acts && i.before.Held && i.installed() {
		how := " by " + is.Name + "'s settings on the host\nrelease it first, or leave it as it is"
		if is.Unhold != "" {
			how = "\nrelease it first: " + is.Unhold + i.db.Plain(i.want.Name)
		}
		i.err = Fault(op.Conflict, "held", i.want.Name+" is held at "+i.before.Version+how)
	}
}

func (i *item) installed() bool { return i.before.Status == op.PkgInstalled }

// pin chooses the newest version that fits.
func (i *item) pin(o Offer) {
	for _, version := range o.Versions {
		if i.want.Fits(version) {
			i.target, i.acts = version, !i.installed() || i.before.Version != version
			return
		}
	}
	switch {
	case i.reached(i.before): // the lists have it no more, but it is here
	case len(o.Versions) == 0:
		i.err = noCandidate(i.want.Name, o)
	default:
		i.err = Fault(op.Permanent, Version, i.want.Name+" has no version "+i.want.Version+"; the package lists have "+list(o.Versions))
	}
}

func noCandidate(name string, o Offer) *op.Error {
	if len(o.Versions) > 0 {
		return Fault(op.Permanent, None, name+" may not be installed: the host's preferences allow none of its versions, "+list(o.Versions))
	}
	if len(o.Providers) > 0 {
		return Fault(op.Permanent, None, name+" is no package itself, but provided by "+list(o.Providers)+
			"\nname one of these instead")
	}
	return Fault(op.Permanent, Unknown, "there is no package "+name+" in the package lists of the host"+
		"\nlook for a mistake in the name, a missing repository, or lists that are out of date")
}

// plan is what one op comes to.
type plan []*item

func newPlan(e *op.PkgEnsure, db Database) plan {
	p := make(plan, len(e.Packages))
	for n := range e.Packages {
		p[n] = &item{want: &e.Packages[n], db: db, before: db.Find(e.Packages[n].Name)}
	}
	return p
}

// which returns the items for which is holds.
func (p plan) which(is func(*item) bool) plan {
	return slices.DeleteFunc(slices.Clone(p), func(i *item) bool { return !is(i) })
}

func (p plan) names() []string {
	names := make([]string, len(p))
	for n, i := range p {
		names[n] = i.want.Name
	}
	return names
}

// acting returns what the manager must be told of.
func (p plan) acting() plan { return p.which(func(i *item) bool { return i.acts }) }

// guilty reports whether a package cannot be had.
func (p plan) guilty() bool {
	return slices.ContainsFunc(p, func(i *item) bool { return i.err != nil })
}

// is reports whether a name in the manager's words is the item's.
func (i *item) is(name string) bool { return i.db.Plain(name) == i.db.Plain(i.want.Name) }

// mention finds the item that a name in the manager's words belongs to, or nil.
func (p plan) mention(name string) *item {
	for _, i := range p {
		if i.is(name) {
			return i
		}
	}
	return nil
}

// job is what the manager is told.
func (p plan) job(recommends *bool) Job {
	job := Job{Recommends: recommends}
	for _, i := range p {
		if !i.goes {
			pinned := i.want.Version != ""
			target := Target{Name: i.want.Name, Version: i.target, Pinned: pinned, Changes: pinned && i.installed()}
			if i.want.File != "" {
				target = Target{Name: i.want.File, Changes: target.Changes}
			}
			job.Install = append(job.Install, target)
			continue
		}
		job.Remove = append(job.Remove, i.want.Name)
		if i.want.State == op.PkgPurged {
			job.Purge = append(job.Purge, i.want.Name)
		}
	}
	return job
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
			i.err = Fault(p[n].err.Class, op.CodeTransaction, i.want.Name+" "+why+": "+first)
		}
	}
}

// refuse notes that the transaction was not begun.
func (p plan) refuse(acts plan) {
	p.spare(acts, "was not touched, because the transaction as a whole was refused")
}

// judge gives packages that are not as they should be the errors that the
// manager's words mean for them.
func (p plan) judge(is *Traits, f *Forecast) {
	evidence := "\n" + Tail(f.Text)
	blame := func(n int, err *op.Error) {
		p[n].err = err
		if n < maxNamed {
			err.Message += evidence
		}
	}
	for n, i := range p {
		if about := i.about(f.Report, i.want.Name); about != nil {
			blame(n, i.failed(f.Report, about, is.Name))
		}
	}
	if p.guilty() {
		p.spare(p, "was left as it was, because the transaction failed")
		return
	}
	why, class, code := f.Report.why(is.Name, f.RC)
	for n, i := range p {
		blame(n, Fault(class, code, i.doing()+" failed: "+why))
	}
}

// about returns what was said of a package, or nil.
func (i *item) about(r *Report, name string) *Failure {
	n := slices.IndexFunc(r.Failures, func(f Failure) bool { return i.db.Plain(f.Name) == i.db.Plain(name) })
	if n < 0 {
		return nil
	}
	return &r.Failures[n]
}

// failed makes a package's failure its error, naming the package at the root of it.
func (i *item) failed(r *Report, f *Failure, tool string) *op.Error {
	root := f
	for range maxNamed {
		next := root
		for _, need := range root.Needs {
			if f := i.about(r, need); f != nil {
				next = f
			}
		}
		if next == root {
			break
		}
		root = next
	}
	doing := i.doing()
	if root != f {
		doing = i.want.Name + " needs " + root.Name + ", which"
	}
	return Fault(class(root.Code), root.Code, doing+" failed: "+root.reason(tool))
}

func (i *item) doing() string {
	if i.goes {
		return "removing " + i.want.Name
	}
	return "installing " + i.want.Name
}
