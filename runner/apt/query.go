package apt

import (
	"context"
	"strings"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// maxAvailable bounds the versions that a result lists.
const maxAvailable = 10

// Query answers from dpkg's files, and asks the package lists for those
// packages alone whose candidates are wanted.
func (a *Apt) Query(ctx context.Context, q *op.PkgQuery) (*op.PkgQueryResult, error) {
	db, err := a.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	result := &op.PkgQueryResult{Manager: "apt", Packages: make([]op.Package, len(q.Packages))}
	var looked []string
	for i, ask := range q.Packages {
		e, _ := db.Find(ask.Name)
		p := op.Package{Name: ask.Name, Version: e.InstalledVersion(), Status: e.Status, Held: e.Held}
		if ask.Candidate == op.Always || ask.Candidate == op.Missing && e.Status != op.PkgInstalled {
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
			p.Candidate, p.Virtual = o.Candidate, o.Virtual
			p.Available = o.Versions[:min(len(o.Versions), maxAvailable)]
		}
	}
	return result, nil
}

// Manifest lists the installed packages.
func (a *Apt) Manifest(context.Context) (*op.PkgManifest, error) {
	db, err := a.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	m := &op.PkgManifest{Manager: "apt", Packages: make(map[string]string, len(db.Entries))}
	for _, entries := range db.Entries {
		for _, e := range entries {
			if e.Status == op.PkgInstalled {
				m.Packages[db.Title(e)] = e.Version
			}
		}
	}
	return m, nil
}

// maxBatch bounds the names of one question, so that the answer stays within
// what is kept of a program's output.
const maxBatch = 500

// plainWords has programs speak as they were written.
var plainWords = []string{"LC_ALL=C", "LANGUAGE="}

// offers asks the package lists, by the names as they were given. A name that
// the lists do not know has none.
func (a *Apt) offers(ctx context.Context, db *dpkg.Database, names []string) (map[string]said.Offer, error) {
	offers := map[string]said.Offer{}
	var empty []string
	for len(names) > 0 {
		batch := names[:min(len(names), maxBatch)]
		names = names[len(batch):]
		text, err := a.ask(ctx, "policy", batch)
		if err != nil {
			return nil, err
		}
		told := said.Policy(text)
		for _, name := range batch {
			o, known := told[db.Plain(name)]
			if !known {
				continue
			}
			offers[name] = o
			if o.Candidate == "" && len(o.Versions) == 0 {
				empty = append(empty, name)
			}
		}
	}
	return offers, a.provide(ctx, db, offers, empty)
}

// provide tells names that others provide from those that others merely
// mention. It costs a program more, where there is such a name at all.
func (a *Apt) provide(ctx context.Context, db *dpkg.Database, offers map[string]said.Offer, names []string) error {
	if len(names) == 0 {
		return nil
	}
	text, err := a.ask(ctx, "showpkg", names)
	if err != nil {
		return err
	}
	told := said.Provides(text)
	for _, name := range names {
		if providers := told[db.Plain(name)]; len(providers) > 0 {
			offers[name] = said.Offer{Virtual: true, Providers: providers}
		} else {
			delete(offers, name)
		}
	}
	return nil
}

// ask runs apt-cache and returns what it prints.
func (a *Apt) ask(ctx context.Context, verb string, names []string) (string, error) {
	argv := []string{"apt-cache", "-q", verb}
	for _, name := range names {
		argv = append(argv, exactly(name))
	}
	got, err := a.host.Ask(ctx, argv, plainWords)
	switch {
	case err != nil:
		return "", err
	case got.RC != 0:
		return "", fault(op.Permanent, "aptcache", "apt-cache ended with exit code "+itoa(got.RC)+"\n"+said.Tail(got.Stderr))
	case got.Truncated():
		return "", fault(op.Permanent, "aptcache", "apt-cache says more than is read, which it should not for "+itoa(len(names))+" packages")
	}
	return got.Stdout, nil
}

// exactly keeps apt from taking a name that it does not know for a regular
// expression, as which "g++" means half of all packages.
func exactly(name string) string {
	if !strings.ContainsAny(name, "+.") {
		return name
	}
	bare, arch, qualified := strings.Cut(name, ":")
	pattern := "^" + strings.ReplaceAll(strings.ReplaceAll(bare, "+", "[+]"), ".", "[.]") + "$"
	if qualified {
		pattern += ":" + arch
	}
	return pattern
}

// File says which package a file of the host holds.
func (a *Apt) File(ctx context.Context, path string) (name, version string, err error) {
	got, err := a.host.Ask(ctx, []string{"dpkg-deb", "--show", "--showformat=${Package} ${Version}", path}, plainWords)
	if err != nil {
		return "", "", err
	}
	if name, version, _ = strings.Cut(got.Stdout, " "); got.RC != 0 || !dpkg.IsName(name) || version == "" {
		return "", "", fault(op.Permanent, "nopackagefile", path+" holds no package that dpkg-deb could read\n"+said.Tail(got.Stderr))
	}
	return name, version, nil
}
