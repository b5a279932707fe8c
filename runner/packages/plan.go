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
	switch {
	case i.gone():
		return p.Version == ""
	case i.want.State == op.PkgLatest:
		return p.Version != "" && i.want.Fits(p.Version) && (i.target == "" || i.target == p.Version)
	}
	return p.Version != "" && i.want.Fits(p.Version)
}

// open reports whether something may be left to do for a package. What the
// latest version is, only the package lists can say.
func (i *item) open() bool { return i.want.State == op.PkgLatest || !i.reached(i.before) }

// decide says what is to be done for a package that is open.
func (i *item) decide(tool string, o Offer) {
	i.acts, i.target, i.err = false, "", nil
	switch {
	case i.gone():
		i.acts, i.goes = true, true
	case i.want.File != "":
		i.target, i.acts = i.want.Version, !i.reached(i.before)
	case i.want.Version != "":
		i.pin(tool, o)
	case i.want.State == op.PkgLatest && i.before.Version != "":
		i.target = cmp.Or(o.Candidate, i.before.Version)
		i.acts = i.target != i.before.Version
	case o.Candidate == "":
		i.err = noCandidate(tool, i.want.Name, o)
	default:
		i.acts, i.target = true, o.Candidate
	}
	if i.acts && i.before.Held && i.before.Version != "" {
		i.err = Fault(op.Conflict, "held", i.want.Name+" is held at "+i.before.Version+" by "+tool+"'s settings on the host"+
			"\nrelease it first, or leave it as it is")
	}
}

// pin chooses the newest version that fits.
func (i *item) pin(tool string, o Offer) {
	for _, version := range o.Versions {
		if i.want.Fits(version) {
			i.target, i.acts = version, i.before.Version != version
			return
		}
	}
	switch {
	case i.reached(i.before): // the lists have it no more, but it is here
	case len(o.Versions) == 0:
		i.err = noCandidate(tool, i.want.Name, o)
	default:
		i.err = Fault(op.Permanent, Version, i.want.Name+" has no version "+i.want.Version+"; the package lists have "+list(o.Versions))
	}
}

func noCandidate(tool, name string, o Offer) *op.Error {
	if len(o.Providers) > 0 {
		return Fault(op.Permanent, Unknown, name+" is no package itself, but provided by "+list(o.Providers)+
			"\nname one of these instead")
	}
	return Fault(op.Permanent, Unknown, "there is no package "+name+" in the package lists of "+tool+" on the host"+
		"\nlook for a mistake in the name, a missing repository, or lists that are out of date")
}

// plan is what one op comes to.
type plan []*item

func newPlan(e *op.PkgEnsure, db *Database) plan {
	p := make(plan, len(e.Packages))
	for n := range e.Packages {
		p[n] = &item{want: &e.Packages[n], before: db.Find(e.Packages[n].Name)}
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

// mention finds the item that a name in the manager's words belongs to, or nil.
func (p plan) mention(name string) *item {
	for _, i := range p {
		if i.want.Name == name {
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
			target := Target{i.want.Name, i.target}
			if i.want.File != "" {
				target = Target{Name: i.want.File}
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
func (p plan) judge(tool string, rc int, text string, r *Report) {
	evidence := "\n" + tail(text)
	for n, i := range p {
		at := slices.IndexFunc(r.Failures, func(f Failure) bool { return f.Name == i.want.Name })
		if at < 0 {
			continue
		}
		f := r.Failures[at]
		i.err = Fault(class(f.Code), f.Code, i.doing()+" failed: "+f.Reason)
		if n < maxNamed {
			i.err.Message += evidence
		}
	}
	if p.guilty() {
		p.spare(p, "was left as it was, because the transaction failed")
		return
	}
	why, class, code := r.why(tool, rc)
	if len(r.Failures) > 0 {
		f := r.Failures[0]
		why, code = f.Name+", which the transaction needs, failed: "+f.Reason, f.Code
	}
	for n, i := range p {
		i.err = Fault(class, code, i.doing()+" failed: "+why)
		if n < maxNamed {
			i.err.Message += evidence
		}
	}
}

func (i *item) doing() string {
	if i.goes {
		return "removing " + i.want.Name
	}
	return "installing " + i.want.Name
}
