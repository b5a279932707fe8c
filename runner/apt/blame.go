package apt

import (
	"cmp"
	"slices"

	"github.com/openfroyo/froyo/runner/op"
)

// judge gives packages that are not as they should be the errors that apt-get's
// words mean for them.
func (p plan) judge(db *database, o *outcome) {
	evidence := "\n" + tail(o.text)
	for n, i := range p {
		if f := o.words.of(db, i.want.Name); f != nil {
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

// of returns what was said of a package, or nil.
func (w *words) of(db *database, name string) *failure {
	n := slices.IndexFunc(w.failures, func(f failure) bool { return db.plain(f.name) == db.plain(name) })
	if n < 0 {
		return nil
	}
	return &w.failures[n]
}

// failed makes a package's failure its error, naming the package at the root of it.
func (i *item) failed(db *database, w *words, f *failure) *op.Error {
	root := f
	for range maxNamed {
		next := root
		for _, need := range root.needs {
			if f := w.of(db, need); f != nil {
				next = f
			}
		}
		if next == root {
			break
		}
		root = next
	}
	if root == f {
		return fault(class(f.code), f.code, i.doing()+" failed: "+cmp.Or(f.reason, "dpkg does not say why"))
	}
	return fault(class(root.code), root.code, i.want.Name+" needs "+root.name+", which failed: "+cmp.Or(root.reason, "dpkg does not say why"))
}

// class says what a failure means for trying again.
func class(code string) op.Class {
	switch code {
	case codeFetch:
		return op.Transient
	case codeDepends:
		return op.Conflict
	}
	return op.Permanent
}

// why is the reason of a failure that no package was named for: one that nobody
// asked for, or whatever apt-get said last.
func (o *outcome) why() (string, op.Class, string) {
	for _, f := range o.words.failures {
		if len(f.needs) == 0 {
			return f.name + ", which the transaction needs, failed: " + cmp.Or(f.reason, "dpkg does not say why"), class(f.code), f.code
		}
	}
	if len(o.words.errors) > 0 {
		return o.words.errors[0], op.Permanent, codeFailed
	}
	if o.rc == 0 {
		return "apt-get ended well, but did not do it", op.Permanent, codeFailed
	}
	return "apt-get ended with exit code " + itoa(o.rc), op.Permanent, codeFailed
}
