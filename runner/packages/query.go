package packages

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// maxAvailable bounds the versions that a result lists.
const maxAvailable = 10

// Query tells what is installed, and asks the package lists for those packages
// alone whose candidates are wanted.
func (m *Manager) Query(ctx context.Context, q *op.PkgQuery) (*op.PkgQueryResult, error) {
	db, err := m.tool.Installed(ctx, m.ask)
	if err != nil {
		return nil, err
	}
	result := &op.PkgQueryResult{Manager: m.is.Name, Packages: make([]op.Package, len(q.Packages))}
	var looked []string
	for i, ask := range q.Packages {
		found := db.Find(ask.Name)
		p := op.Package{Name: ask.Name, Version: found.Version, Status: found.Status, Held: found.Held}
		if ask.Candidate == op.Always || ask.Candidate == op.Missing && p.Status != op.PkgInstalled {
			p.Looked = true
			looked = append(looked, ask.Name)
		}
		result.Packages[i] = p
	}
	if len(looked) == 0 {
		return result, nil
	}
	offers, err := m.tool.Offers(ctx, m.ask, looked)
	if err != nil {
		return nil, err
	}
	for i := range result.Packages {
		p := &result.Packages[i]
		if o := offers[p.Name]; p.Looked {
			p.Candidate, p.Virtual = o.Candidate, o.Candidate == "" && len(o.Providers) > 0
			p.Available = o.Versions[:min(len(o.Versions), maxAvailable)]
		}
	}
	return result, nil
}

// Manifest lists the installed packages.
func (m *Manager) Manifest(ctx context.Context) (*op.PkgManifest, error) {
	db, err := m.tool.Installed(ctx, m.ask)
	if err != nil {
		return nil, err
	}
	all := &op.PkgManifest{Manager: m.is.Name, Packages: map[string]string{}}
	db.Each(func(name string, p Package) {
		if p.Status == op.PkgInstalled {
			all.Packages[name] = p.Version
		}
	})
	return all, nil
}
