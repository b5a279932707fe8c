package op

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// KindPkgQuery is the kind of PkgQuery.
const KindPkgQuery Kind = "pkg.query"

// PkgQuery asks what the host's package manager knows of some packages.
type PkgQuery struct {
	Packages []PkgAsk `json:"packages"`
}

// PkgAsk names a package and says when its candidate is wanted, the version
// that the package lists offer: reading those costs a program.
type PkgAsk struct {
	Name      string `json:"name"`
	Candidate Want   `json:"candidate,omitempty"`
	// File is a file of the host that holds the package: its version is the candidate.
	File string `json:"file,omitempty"`
}

// Want says when something that costs is wanted.
type Want string

// The wants.
const (
	Never   Want = ""
	Missing Want = "missing" // only of packages that are not installed
	Always  Want = "always"
)

func (q *PkgQuery) kind() Kind    { return KindPkgQuery }
func (q *PkgQuery) changes() bool { return false }
func (q *PkgQuery) subject() string {
	names := make([]string, len(q.Packages))
	for i, p := range q.Packages {
		names[i] = p.Name
	}
	return strings.Join(names, " ")
}

func (q *PkgQuery) validate() error {
	if len(q.Packages) == 0 {
		return errors.New("no package is named")
	}
	for _, p := range q.Packages {
		if err := checkPackage(p.Name); err != nil {
			return err
		}
		if p.File == "" {
			continue
		}
		if err := checkPath(p.File); err != nil {
			return err
		}
	}
	return nil
}

func (q *PkgQuery) scope() Scope { return ScopeNone }

// check refuses an answer about other packages than were asked for.
func (q *PkgQuery) check(r *Result) error {
	switch {
	case r.PkgQuery == nil:
		return errOtherKind
	case len(q.Packages) != len(r.PkgQuery.Packages):
		return errOtherPackages
	}
	for i, p := range r.PkgQuery.Packages {
		if p.Name != q.Packages[i].Name {
			return errOtherPackages
		}
		if p.Error == nil {
			continue
		}
		if err := p.Error.Validate(); err != nil {
			return err
		}
	}
	return nil
}

var errOtherPackages = errors.New("the answer is about other packages")

// checkPackage refuses what is no name of a package on any system, above all
// what a package manager would take for an option or a change of meaning.
func checkPackage(name string) error {
	if name == "" || len(name) > 200 || !alphanumeric(name[0]) {
		return errors.New(strconv.Quote(name) + " is no name of a package")
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && strings.IndexByte("+-._:", c) < 0 {
			return errors.New(strconv.Quote(name) + " is no name of a package")
		}
	}
	// apt takes "name-" for its removal and "name+" for its installation.
	if last := name[len(name)-1]; last == '-' || last == ':' {
		return errors.New(strconv.Quote(name) + " is no name of a package")
	}
	return nil
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (q *PkgQuery) join(others []Op) (Op, bool) {
	joined := &PkgQuery{Packages: slices.Clone(q.Packages)}
	for _, o := range others {
		if o.PkgQuery == nil {
			return Op{}, false
		}
		joined.Packages = append(joined.Packages, o.PkgQuery.Packages...)
	}
	return Op{PkgQuery: joined}, true
}

func (q *PkgQuery) share(r *Result, at *int) (Result, bool) {
	if r.PkgQuery == nil {
		return Result{}, false
	}
	part, ok := cut(r.PkgQuery.Packages, at, len(q.Packages))
	return Result{PkgQuery: &PkgQueryResult{Manager: r.PkgQuery.Manager, Packages: part}}, ok
}

func (q *PkgQuery) unite(results []Result) (Result, bool) {
	all := &PkgQueryResult{}
	for i, r := range results {
		if r.PkgQuery == nil || i > 0 && r.PkgQuery.Manager != all.Manager {
			return Result{}, false
		}
		all.Manager = r.PkgQuery.Manager
		all.Packages = append(all.Packages, r.PkgQuery.Packages...)
	}
	return Result{PkgQuery: all}, true
}

// PkgQueryResult holds one entry for each package that was asked for, in their order.
type PkgQueryResult struct {
	Manager  string    `json:"manager"` // apt, dnf, zypper or pacman
	Packages []Package `json:"packages"`
}

// Package is what the package manager knows of a package.
type Package struct {
	Name string `json:"name"`
	// Version is the installed one, "" where the package is not installed.
	Version string `json:"version,omitempty"`
	// Status is "installed", "config" where only its configuration is left,
	// "broken" where its installation was interrupted, or "" where there is nothing of it.
	Status string `json:"status,omitempty"`
	Held   bool   `json:"held,omitempty"` // it is not to be changed by upgrades
	// Looked says that the package lists were asked; Candidate is what they would
	// install, "" for nothing, and Available the versions they have, the newest first.
	Looked    bool     `json:"looked,omitempty"`
	Candidate string   `json:"candidate,omitempty"`
	Available []string `json:"available,omitempty"`
	// Virtual says that the name is provided by other packages and none by itself.
	Virtual bool `json:"virtual,omitempty"`
	// Error is why the package's file cannot be taken.
	Error *Error `json:"error,omitempty"`
}

// The statuses of packages.
const (
	PkgInstalled = "installed"
	PkgConfig    = "config"
	PkgBroken    = "broken"
)
