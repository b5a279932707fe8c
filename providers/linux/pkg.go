package linux

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Pkg is a package of the host's package manager. Its fields are described in pkg.cue.
type Pkg struct {
	Name              string      `json:"name"`
	State             op.PkgState `json:"state"`
	Version           string      `json:"version"`
	File              string      `json:"file"`
	UpdateCache       bool        `json:"update_cache"`
	CacheValid        string      `json:"cache_valid"`
	InstallRecommends *bool       `json:"install_recommends"`
}

// PkgFound is what is known of the package.
type PkgFound struct {
	op.Package
	Manager string `json:"manager"`
}

// PkgOutput is what a package offers to later units.
type PkgOutput struct {
	Changed bool   `json:"changed"`
	Version string `json:"version"`
	Before  string `json:"before"`
}

// Read asks for the package, and for what the lists offer where that may be installed.
func (p Pkg) Read(t *sdk.T) PkgFound {
	ask := op.PkgAsk{Name: p.Name, File: p.File}
	switch {
	case p.State == op.PkgLatest || p.Version != "" || t.Unknown("version"):
		ask.Candidate = op.Always
	case p.State == op.PkgPresent:
		ask.Candidate = op.Missing
	}
	found := t.Must(t.Do(op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{ask}}})).PkgQuery
	if len(found.Packages) != 1 {
		t.Fail(op.Permanent, "the host did not tell of the package", "", "")
	}
	t.Must(op.Result{Error: found.Packages[0].Error})
	return PkgFound{Package: found.Packages[0], Manager: found.Manager}
}

// Plan brings the package into the wanted state.
func (p Pkg) Plan(t *sdk.T, found PkgFound) {
	switch p.State {
	case op.PkgPresent, op.PkgLatest:
		p.planInstall(t, found)
	case op.PkgAbsent, op.PkgPurged:
		p.planRemove(t, found)
	default:
		t.Fail(op.Permanent, "unknown state "+strconv.Quote(string(p.State)), "", "")
	}
}

// Potential has the package manager act.
func (p Pkg) Potential(t *sdk.T) { p.ensure(t, PkgFound{}) }

func (p Pkg) planInstall(t *sdk.T, found PkgFound) {
	installed := found.Status == op.PkgInstalled
	if installed && !t.Unknown("version") && p.satisfied(t, found) {
		t.Output(PkgOutput{Version: found.Version, Before: found.Version})
		return
	}
	t.Action(abi.Update)
	var before any
	switch {
	case found.Version == "":
		t.Action(abi.Create)
	case found.Status == op.PkgBroken:
		before = found.Version
		t.Reason("its installation was interrupted")
	default:
		before = found.Version
	}
	if target := p.target(t, found); target == "" {
		t.DifferUnknown("version", before)
	} else {
		t.Differ("version", before, target)
	}
	p.ensure(t, found)
}

// satisfied reports whether the installed version is as wanted.
func (p Pkg) satisfied(t *sdk.T, found PkgFound) bool {
	switch {
	case p.File != "":
		return found.Candidate == found.Version
	case p.Version != "":
		return p.want().Fits(found.Version)
	case p.State != op.PkgLatest || found.Candidate == "" || found.Candidate == found.Version:
		return true
	case found.Held:
		t.Reason("held at this version by the host; there is " + found.Candidate)
		return true
	}
	return false
}

// target is the version that will be installed, "" where that is known only
// after apply. What the host cannot install yet, units before this one may bring.
func (p Pkg) target(t *sdk.T, found PkgFound) string {
	switch {
	case t.Unknown("version"):
		return ""
	case p.File != "" && found.Candidate == "":
		t.Needs(abi.Need{
			What: "file " + p.File, Kind: "file", Name: p.File, Paths: []string{p.File},
			Hint: "declare it before: download(" + strconv.Quote(p.File) + ", url = ..., checksum = ...), or file() with source",
		})
		return ""
	case p.File != "":
		return found.Candidate
	case p.Version != "":
		return p.pinned(t, found)
	case found.Candidate != "" && p.UpdateCache:
		return found.Candidate + " or newer"
	case found.Candidate != "":
		return found.Candidate
	case found.Status == op.PkgBroken:
		return found.Version
	case p.UpdateCache:
		return ""
	case found.Virtual:
		t.Fail(op.Conflict, p.Name+" is no package by itself: others provide it", "", "name one of those: "+providers(found.Manager)+p.Name)
	}
	p.need(t, found, "package "+p.Name, "")
	return ""
}

// pinned is the version that matches the one that is wanted.
func (p Pkg) pinned(t *sdk.T, found PkgFound) string {
	for _, version := range found.Available {
		if p.want().Fits(version) {
			return version
		}
	}
	if !p.UpdateCache {
		p.need(t, found, "version "+p.Version+" of "+p.Name, available(found.Available))
	}
	if strings.HasSuffix(p.Version, "*") {
		return ""
	}
	return p.Version
}

// need announces what the package lists do not have.
func (p Pkg) need(t *sdk.T, found PkgFound, what, instead string) {
	t.Needs(abi.Need{
		What: what, Kind: "package", Name: p.Name, Where: "in the host's package lists" + instead, Paths: settings(found.Manager),
		Hint: "is it right? update_cache = True fetches the lists first; a repository that has it must be declared before",
	})
}

// settings are where the files are that bring packages into the lists.
func settings(manager string) []string {
	switch manager {
	case "dnf":
		return []string{"/etc/yum.repos.d", "/etc/dnf", "/etc/yum.conf"}
	case "zypper":
		return []string{"/etc/zypp"}
	case "pacman":
		return []string{"/etc/pacman.conf", "/etc/pacman.d"}
	}
	return []string{"/etc/apt", "/var/lib/apt"}
}

// providers is the command which says what provides the name behind it.
func providers(manager string) string {
	switch manager {
	case "dnf":
		return "dnf repoquery --whatprovides "
	case "zypper":
		return "zypper search --provides --match-exact "
	}
	return "apt-cache showpkg "
}

func available(versions []string) string {
	if len(versions) == 0 {
		return ""
	}
	return " (which have " + strings.Join(versions, ", ") + ")"
}

func (p Pkg) want() *op.PkgWant {
	return &op.PkgWant{Name: p.Name, State: p.State, Version: p.Version, File: p.File}
}

func (p Pkg) planRemove(t *sdk.T, found PkgFound) {
	if found.Status == "" || found.Status == op.PkgConfig && p.State == op.PkgAbsent {
		t.Output(PkgOutput{})
		return
	}
	t.Action(abi.Delete)
	if found.Status == op.PkgConfig {
		t.Differ("configuration", "left behind", nil)
	} else {
		t.Differ("version", found.Version, nil)
	}
	p.ensure(t, found)
}

// ensure has the package manager act, and tells what came of it.
func (p Pkg) ensure(t *sdk.T, found PkgFound) {
	ensure := &op.PkgEnsure{
		Packages: []op.PkgWant{*p.want()},
		Update:   p.UpdateCache, Recommends: p.InstallRecommends,
	}
	if p.CacheValid != "" {
		ensure.Valid = sdk.Seconds(t, p.CacheValid)
	}
	var unknown []string
	if t.Unknown("version") {
		unknown = append(unknown, "packages.version")
	}
	if t.Unknown("state") {
		unknown = append(unknown, "packages.state")
	}
	r := t.Effect(op.Op{PkgEnsure: ensure}, unknown...)
	if !t.Acting() {
		return
	}
	if r.PkgEnsure == nil || len(r.PkgEnsure.Packages) != 1 {
		t.Fail(op.Permanent, "the host did not tell what became of the package", "", "")
	}
	change := r.PkgEnsure.Packages[0]
	if change.Error != nil {
		message, detail, _ := strings.Cut(change.Error.Message, "\n")
		t.Fail(change.Error.Class, message, detail, "")
	}
	if found.Status == op.PkgConfig && p.State == op.PkgPurged {
		t.Changed() // no version tells that the configuration went
	}
	t.Reason(story(r.PkgEnsure))
	t.Output(PkgOutput{Changed: t.Acted(), Version: change.After, Before: change.Before})
}

// story tells in a few words what is worth knowing of a transaction.
func story(done *op.PkgDone) string {
	var parts []string
	if done.Waited != "" {
		parts = append(parts, "waited "+done.Waited)
	}
	switch n := len(done.Also); {
	case n == 1:
		parts = append(parts, "along with "+done.Also[0].Name)
	case n > 1:
		parts = append(parts, "along with "+strconv.Itoa(n)+" other packages")
	}
	return strings.Join(parts, "; ")
}
