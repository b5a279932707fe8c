package apt

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// maxAvailable bounds the versions that a result lists.
const maxAvailable = 10

// Query answers from dpkg's files, and asks the package lists for those
// packages alone whose candidates are wanted.
func (a *Apt) Query(ctx context.Context, q *op.PkgQuery) (*op.PkgQueryResult, error) {
	db, err := a.installed()
	if err != nil {
		return nil, err
	}
	result := &op.PkgQueryResult{Manager: "apt", Packages: make([]op.Package, len(q.Packages))}
	var looked []string
	for i, ask := range q.Packages {
		e, _ := db.find(ask.Name)
		p := op.Package{Name: ask.Name, Version: e.installedVersion(), Status: e.status, Held: e.held}
		if ask.Candidate == op.Always || ask.Candidate == op.Missing && e.status != op.PkgInstalled {
			p.Looked = true
			looked = append(looked, ask.Name)
		}
		result.Packages[i] = p
	}
	if len(looked) == 0 {
		return result, nil
	}
	offers, err := a.offers(ctx, db, looked)
	if err != nil {
		return nil, err
	}
	for i := range result.Packages {
		p := &result.Packages[i]
		if o := offers[p.Name]; p.Looked {
			p.Candidate, p.Virtual = o.candidate, o.virtual
			p.Available = o.versions[:min(len(o.versions), maxAvailable)]
		}
	}
	return result, nil
}

// Manifest lists the installed packages.
func (a *Apt) Manifest() (*op.PkgManifest, error) {
	db, err := a.installed()
	if err != nil {
		return nil, err
	}
	m := &op.PkgManifest{Manager: "apt", Packages: make(map[string]string, len(db.entries))}
	for _, entries := range db.entries {
		for _, e := range entries {
			if e.status == op.PkgInstalled {
				m.Packages[db.title(e)] = e.version
			}
		}
	}
	return m, nil
}
