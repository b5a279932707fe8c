package apt

import (
	"cmp"
	"slices"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// judge gives packages that are not as they should be the errors that apt-get's
// words mean for them.
func (p plan) judge(db *dpkg.Database, o *outcome) {
	evidence := "\n" + said.Tail(o.text)
	for n, i := range p {
		if f := about(o.words, db, i.want.Name); f != nil {
			i.err = i.failed(db, o.words, f)
			if n < maxNamed {
				i.err.Message += evidence
			}
		}
	}
	if p.guilty() {
		p.spare(p, "was left as it was, because the transaction failed")
		return
	}
	why, class, code := o.why()
	for n, i := range p {
		i.err = fault(class, code, i.doing()+" failed: "+why)
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

// about returns what was said of a package, or nil.
func about(w *said.Report, db *dpkg.Database, name string) *said.Failure {
	n := slices.IndexFunc(w.Failures, func(f said.Failure) bool { return db.Plain(f.Name) == db.Plain(name) })
	if n < 0 {
		return nil
	}
	return &w.Failures[n]
}

// failed makes a package's failure its error, naming the package at the root of it.
func (i *item) failed(db *dpkg.Database, w *said.Report, f *said.Failure) *op.Error {
	root := f
	for range maxNamed {
		next := root
		for _, need := range root.Needs {
			if f := about(w, db, need); f != nil {
				next = f
			}
		}
		if next == root {
			break
		}
		root = next
	}
	if root == f {
		return fault(class(f.Code), f.Code, i.doing()+" failed: "+cmp.Or(f.Reason, "dpkg does not say why"))
	}
	return fault(class(root.Code), root.Code, i.want.Name+" needs "+root.Name+", which failed: "+cmp.Or(root.Reason, "dpkg does not say why"))
}

// class says what a failure means for trying again.
func class(code string) op.Class {
	switch code {
	case said.Fetch:
		return op.Transient
	case said.Depends:
		return op.Conflict
	}
	return op.Permanent
}

// why is the reason of a failure that no package was named for: one that was not
// asked for, or whatever apt-get said last.
func (o *outcome) why() (string, op.Class, string) {
	for _, f := range o.words.Failures {
		if len(f.Needs) == 0 {
			return f.Name + ", which the transaction needs, failed: " + cmp.Or(f.Reason, "dpkg does not say why"), class(f.Code), f.Code
		}
	}
	if len(o.words.Errors) > 0 {
		return o.words.Errors[0], op.Permanent, said.Failed
	}
	if o.rc == 0 {
		return "apt-get ended well, but did not do it", op.Permanent, said.Failed
	}
	return "apt-get ended with exit code " + itoa(o.rc), op.Permanent, said.Failed
}
