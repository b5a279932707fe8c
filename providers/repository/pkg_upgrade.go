package repository

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// PkgUpgrade is an upgrade of all packages. Its fields are described in pkg_upgrade.cue.
type PkgUpgrade struct {
	Extent      op.PkgUpgrade `json:"extent"`
	UpdateCache bool          `json:"update_cache"`
	CacheValid  string        `json:"cache_valid"`
}

// PkgAutoremove is a removal of what nothing needs. Its fields are described in pkg_autoremove.cue.
type PkgAutoremove struct {
	State op.PkgState `json:"state"`
}

// WholeState is what would change.
type WholeState struct {
	Changes []op.PkgChange `json:"changes,omitempty"`
	// Stale says that the lists are to be fetched first.
	Stale bool `json:"stale,omitempty"`
}

// WholeOutput is what became of all packages.
type WholeOutput struct {
	Changed  bool     `json:"changed"`
	Packages []string `json:"packages"`
}

// Read implements sdk.Resource.
func (p PkgUpgrade) Read(t *sdk.T) WholeState { return foresee(t, p.op(t)) }

// Plan implements sdk.Resource.
func (p PkgUpgrade) Plan(t *sdk.T, now WholeState) {
	if len(now.Changes) == 0 && !now.Stale {
		t.Output(WholeOutput{Packages: []string{}})
		return
	}
	t.Action(abi.Update)
	show(t, now.Changes)
	if now.Stale {
		t.DifferUnknown("packages", nil)
		t.Reason("the package lists are fetched first, which may have others")
	}
	carryOut(t, p.op(t))
}

// Potential implements sdk.HasPotential.
func (p PkgUpgrade) Potential(t *sdk.T) { carryOut(t, p.op(t)) }

func (p PkgUpgrade) op(t *sdk.T) *op.PkgEnsure {
	e := &op.PkgEnsure{Upgrade: p.Extent, Update: p.UpdateCache}
	if p.UpdateCache {
		e.Valid = 3600
	}
	if p.CacheValid != "" {
		e.Valid = sdk.Seconds(t, p.CacheValid)
	}
	return e
}

// Read implements sdk.Resource.
func (p PkgAutoremove) Read(t *sdk.T) WholeState { return foresee(t, &op.PkgEnsure{Unneeded: p.State}) }

// Plan implements sdk.Resource.
func (p PkgAutoremove) Plan(t *sdk.T, now WholeState) {
	if len(now.Changes) == 0 {
		t.Output(WholeOutput{Packages: []string{}})
		return
	}
	t.Action(abi.Delete)
	show(t, now.Changes)
	carryOut(t, &op.PkgEnsure{Unneeded: p.State})
}

// Potential implements sdk.HasPotential.
func (p PkgAutoremove) Potential(t *sdk.T) { carryOut(t, &op.PkgEnsure{Unneeded: p.State}) }

// foresee has the package manager say what it would do.
func foresee(t *sdk.T, e *op.PkgEnsure) WholeState {
	e.Simulate = true
	r := t.Must(t.Do(op.Op{PkgEnsure: e}))
	if r.PkgEnsure == nil {
		t.Fail(op.Permanent, "the host did not tell of its packages", "", "")
	}
	return WholeState{Changes: r.PkgEnsure.Also, Stale: r.PkgEnsure.Stale}
}

// maxShown bounds how many packages a plan names.
const maxShown = 200

// show tells each package's version before and after.
func show(t *sdk.T, changes []op.PkgChange) {
	text := func(version string) any {
		if version == "" {
			return nil
		}
		return version
	}
	for _, c := range changes[:min(len(changes), maxShown)] {
		t.Differ(c.Name, text(c.Before), text(c.After))
	}
	if len(changes) > maxShown {
		t.Reason(strconv.Itoa(len(changes)) + " packages, of which " + strconv.Itoa(maxShown) + " are shown")
	}
}

func carryOut(t *sdk.T, e *op.PkgEnsure) {
	r := t.Effect(op.Op{PkgEnsure: e})
	if !t.Acting() {
		return
	}
	out := WholeOutput{Packages: []string{}}
	if r.PkgEnsure != nil {
		for _, c := range r.PkgEnsure.Also {
			out.Packages = append(out.Packages, c.Name)
		}
	}
	if len(out.Packages) > 0 {
		t.Changed()
	}
	if n := len(out.Packages); n == 1 {
		t.Reason(out.Packages[0])
	} else if n > 1 {
		t.Reason(strconv.Itoa(n) + " packages")
	}
	out.Changed = t.Acted()
	t.Output(out)
}
