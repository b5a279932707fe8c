package providertest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// MemoryPackages is the database of a package manager, by name; nil is a target without one.
type MemoryPackages map[string]*MemoryPackage

// MemoryPackage is what a Memory knows of a package.
type MemoryPackage struct {
	Version string // the installed one, or ""
	// Status is op.PkgConfig or op.PkgBroken; "" follows from Version.
	Status string
	Held   bool
	// Candidate is what the package lists would install, "" for nothing, and
	// Available the versions they have, the newest first; nil is the candidate alone.
	Candidate string
	Available []string
	Virtual   bool
	Unneeded  bool // it came along for others, and nothing needs it any more
	// Packed has the versions that files of the target hold, by their paths.
	Packed map[string]string
	// Needs names packages that must be installed for this one. They come along
	// with it, and without it they may not go.
	Needs []string
	// Refuses ends a transaction that would change the package before it begins.
	Refuses *op.Error
	// Breaks leaves the package broken when it is installed; the others are not touched by that.
	Breaks *op.Error
}

func (p *MemoryPackage) installed() bool { return p.Version != "" && p.Status == "" }

func (p *MemoryPackage) status() string {
	if p.installed() {
		return op.PkgInstalled
	}
	return p.Status
}

func (p *MemoryPackage) available() []string {
	if p.Available == nil && p.Candidate != "" {
		return []string{p.Candidate}
	}
	return p.Available
}

func (m MemoryPackages) query(q *op.PkgQuery) op.Result {
	if m == nil {
		return noManager()
	}
	r := &op.PkgQueryResult{Manager: "apt"}
	for _, ask := range q.Packages {
		got := op.Package{Name: ask.Name}
		p := m[ask.Name]
		if p != nil {
			got.Status, got.Held = p.status(), p.Held
		}
		if p != nil && got.Status != op.PkgConfig {
			got.Version = p.Version
		}
		got.Looked = ask.Candidate == op.Always || ask.Candidate == op.Missing && got.Status != op.PkgInstalled
		if ask.File != "" && p != nil {
			got.Looked, got.Candidate = true, p.Packed[ask.File]
		} else if p != nil && got.Looked {
			got.Candidate, got.Available, got.Virtual = p.Candidate, slices.Clone(p.available()), p.Virtual
		}
		r.Packages = append(r.Packages, got)
	}
	return op.Result{PkgQuery: r}
}

func noManager() op.Result {
	return fault("nomanager", "packages on memory are managed by nothing that froyo supports; expected a Debian or one of its kin")
}

// ensure works out all versions first, so that a transaction that is refused changes nothing.
func (m MemoryPackages) ensure(e *op.PkgEnsure) op.Result {
	if m == nil {
		return noManager()
	}
	before := m.versions()
	if e.Whole() {
		return m.whole(e)
	}
	d := &op.PkgDone{}
	after := map[string]string{}
	refused := false
	for i := range e.Packages {
		w := &e.Packages[i]
		version, err := m.resolve(w)
		if err == nil && version != before[w.Name] {
			err = m.refusal(w, e)
		}
		after[w.Name] = version
		refused = refused || err != nil
		d.Packages = append(d.Packages, op.PkgChange{Name: w.Name, Before: before[w.Name], Error: err})
	}
	for i := range e.Packages {
		w, c := &e.Packages[i], &d.Packages[i]
		if refused && c.Error == nil && after[w.Name] != c.Before {
			c.Error = &op.Error{Class: op.Conflict, Code: op.CodeTransaction, Message: w.Name + " was not touched, because the transaction was refused"}
		}
		if !refused && !e.Simulate {
			c.Error = m.bring(w, after[w.Name])
		}
		if p := m[w.Name]; p != nil && p.status() != op.PkgConfig {
			c.After = p.Version
		}
	}
	if !e.Simulate {
		d.Also = m.also(before, e)
	}
	return op.Result{PkgEnsure: d}
}

// whole upgrades all packages that are not held, or removes those that are Unneeded.
func (m MemoryPackages) whole(e *op.PkgEnsure) op.Result {
	d := &op.PkgDone{Packages: []op.PkgChange{}}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p := m[name]
		c := op.PkgChange{Name: name, Before: p.Version, After: p.Version}
		if e.Upgrade != "" {
			c.After = p.Candidate
		} else if p.Unneeded {
			c.After = ""
		}
		if p.installed() && !p.Held && c.Before != c.After {
			d.Also = append(d.Also, c)
			if !e.Simulate {
				p.Version = c.After
			}
		}
	}
	return op.Result{PkgEnsure: d}
}

// versions returns the installed versions by name.
func (m MemoryPackages) versions() map[string]string {
	versions := map[string]string{}
	for name, p := range m {
		if p.status() != op.PkgConfig && p.Version != "" {
			versions[name] = p.Version
		}
	}
	return versions
}

// resolve returns the version that a package shall have, "" for none.
func (m MemoryPackages) resolve(w *op.PkgWant) (string, *op.Error) {
	p := m[w.Name]
	switch {
	case w.State == op.PkgAbsent || w.State == op.PkgPurged:
		return "", nil
	case p == nil:
		return "", &op.Error{Class: op.Permanent, Code: "nopackage", Message: "there is no package " + w.Name}
	case w.File != "":
		return p.Packed[w.File], nil
	case p.installed() && w.State == op.PkgPresent && w.Fits(p.Version):
		return p.Version, nil
	case w.Version == "" && p.Candidate == "" && (w.State == op.PkgPresent || !p.installed()):
		return "", &op.Error{Class: op.Permanent, Code: "nocandidate", Message: w.Name + " has no version that can be installed"}
	case w.Version == "":
		return cmp.Or(p.Candidate, p.Version), nil
	}
	for _, version := range p.available() {
		if w.Fits(version) {
			return version, nil
		}
	}
	if p.installed() && w.Fits(p.Version) {
		return p.Version, nil
	}
	return "", &op.Error{Class: op.Permanent, Code: "noversion", Message: w.Name + " has no version " + w.Version}
}

// refusal is why a package may not be changed.
func (m MemoryPackages) refusal(w *op.PkgWant, e *op.PkgEnsure) *op.Error {
	p := m[w.Name]
	switch {
	case p.Refuses != nil:
		return p.Refuses
	case p.Held && p.Version != "":
		return &op.Error{Class: op.Conflict, Code: "held", Message: w.Name + " is held at " + p.Version}
	case w.State != op.PkgAbsent && w.State != op.PkgPurged:
		return nil
	}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		goes := slices.ContainsFunc(e.Packages, func(o op.PkgWant) bool {
			return o.Name == name && (o.State == op.PkgAbsent || o.State == op.PkgPurged)
		})
		if other := m[name]; other.installed() && slices.Contains(other.Needs, w.Name) && !goes {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return &op.Error{
		Class: op.Conflict, Code: "removes",
		Message: "removing " + w.Name + " would also remove " + strings.Join(others, " and ") + ", which is not planned",
	}
}

// bring gives a package its version and brings along what it needs.
func (m MemoryPackages) bring(w *op.PkgWant, version string) *op.Error {
	p := m[w.Name]
	if p == nil {
		return nil
	}
	if version == "" {
		if w.State == op.PkgPurged {
			p.Version, p.Status = "", ""
		} else if p.Version != "" {
			p.Version, p.Status = "", op.PkgConfig
		}
		return nil
	}
	if version == p.Version && p.installed() {
		return nil
	}
	p.Version, p.Status = version, ""
	if p.Breaks != nil {
		p.Status = op.PkgBroken
		return p.Breaks
	}
	for _, name := range p.Needs {
		if need := m[name]; need != nil && !need.installed() {
			need.Version, need.Status = need.Candidate, ""
		}
	}
	return nil
}

// also lists the packages that changed without being named.
func (m MemoryPackages) also(before map[string]string, e *op.PkgEnsure) []op.PkgChange {
	var also []op.PkgChange
	after := m.versions()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		named := slices.ContainsFunc(e.Packages, func(w op.PkgWant) bool { return w.Name == name })
		if !named && before[name] != after[name] {
			also = append(also, op.PkgChange{Name: name, Before: before[name], After: after[name]})
		}
	}
	return also
}
