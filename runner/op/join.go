package op

// Some ops can be done for many at the price of one: a question about packages
// costs a look into the database, whatever the number of packages. Where they
// stand beside each other they travel as one op, and each gets its share of
// the result.

// Joinable reports whether ops of a kind can be joined.
func (k Kind) Joinable() bool {
	return k == KindPkgQuery || k == KindSvcQuery || k == KindPkgEnsure
}

// Join makes one op of several of the same kind. It reports whether that can be done.
func Join(ops []Op) (Op, bool) {
	if len(ops) == 0 {
		return Op{}, false
	}
	switch ops[0].Kind() {
	case KindPkgQuery:
		joined := &PkgQuery{}
		for _, o := range ops {
			if o.PkgQuery == nil {
				return Op{}, false
			}
			joined.Packages = append(joined.Packages, o.PkgQuery.Packages...)
		}
		return Op{PkgQuery: joined}, true
	case KindSvcQuery:
		joined := &SvcQuery{}
		for _, o := range ops {
			if o.SvcQuery == nil {
				return Op{}, false
			}
			joined.Names = append(joined.Names, o.SvcQuery.Names...)
		}
		return Op{SvcQuery: joined}, true
	case KindPkgEnsure:
		return joinEnsure(ops)
	}
	return Op{}, false
}

// joinEnsure joins transactions that want the same of the package manager. The
// lists are fetched where one of them wants that, and as fresh as the strictest wants.
func joinEnsure(ops []Op) (Op, bool) {
	if ops[0].PkgEnsure == nil {
		return Op{}, false
	}
	joined := *ops[0].PkgEnsure
	joined.Packages = nil
	named := map[string]bool{}
	for i, o := range ops {
		e := o.PkgEnsure
		if e == nil || !same(e.Recommends, joined.Recommends) || e.LockMS != joined.LockMS || e.Simulate != joined.Simulate {
			return Op{}, false
		}
		if i > 0 && e.Update {
			if !joined.Update || e.Valid < joined.Valid {
				joined.Valid = e.Valid
			}
			joined.Update = true
		}
		for _, p := range e.Packages {
			if named[p.Name] {
				return Op{}, false
			}
			named[p.Name] = true
		}
		joined.Packages = append(joined.Packages, e.Packages...)
	}
	return Op{PkgEnsure: &joined}, true
}

func same(a, b *bool) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// Split gives each of the ops that were joined its share of the result.
func Split(ops []Op, r Result) []Result {
	shares := make([]Result, len(ops))
	at := 0
	for i, o := range ops {
		shares[i] = Result{Error: &Error{Class: Permanent, Code: "share", Message: "the answer does not hold all that was asked for"}}
		switch {
		case r.Error != nil:
			shares[i].Error = r.Error
		case r.PkgQuery != nil && o.PkgQuery != nil:
			if part, ok := cut(r.PkgQuery.Packages, &at, len(o.PkgQuery.Packages)); ok {
				shares[i] = Result{PkgQuery: &PkgQueryResult{Manager: r.PkgQuery.Manager, Packages: part}}
			}
		case r.SvcQuery != nil && o.SvcQuery != nil:
			if part, ok := cut(r.SvcQuery.Units, &at, len(o.SvcQuery.Names)); ok {
				shares[i] = Result{SvcQuery: &SvcQueryResult{Manager: r.SvcQuery.Manager, Units: part}}
			}
		case r.PkgEnsure != nil && o.PkgEnsure != nil:
			if part, ok := cut(r.PkgEnsure.Packages, &at, len(o.PkgEnsure.Packages)); ok {
				share := &PkgDone{Packages: part}
				if i == 0 { // told once
					share.Also, share.Waited = r.PkgEnsure.Also, r.PkgEnsure.Waited
				}
				shares[i] = Result{PkgEnsure: share}
			}
		}
	}
	return shares
}

// cut takes the next n of all, and reports whether there are so many.
func cut[T any](all []T, at *int, n int) ([]T, bool) {
	from, to := *at, *at+n
	if to > len(all) {
		return nil, false
	}
	*at = to
	return all[from:to:to], true
}

// Unite is the inverse of Split for reading ops: the result that the joined op
// has if each of them has its own. It reports whether there is one.
func Unite(results []Result) (Result, bool) {
	if len(results) == 0 {
		return Result{}, false
	}
	switch first := results[0]; {
	case first.PkgQuery != nil:
		all := &PkgQueryResult{Manager: first.PkgQuery.Manager}
		for _, r := range results {
			if r.PkgQuery == nil || r.PkgQuery.Manager != all.Manager {
				return Result{}, false
			}
			all.Packages = append(all.Packages, r.PkgQuery.Packages...)
		}
		return Result{PkgQuery: all}, true
	case first.SvcQuery != nil:
		all := &SvcQueryResult{Manager: first.SvcQuery.Manager}
		for _, r := range results {
			if r.SvcQuery == nil || r.SvcQuery.Manager != all.Manager {
				return Result{}, false
			}
			all.Units = append(all.Units, r.SvcQuery.Units...)
		}
		return Result{SvcQuery: all}, true
	}
	return Result{}, false
}
