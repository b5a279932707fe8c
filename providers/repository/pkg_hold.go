package repository

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// PkgHold is whether a package stays at its version. Its fields are described in pkg_hold.cue.
type PkgHold struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// PkgHoldState is what the package manager says of it.
type PkgHoldState struct {
	Manager   string `json:"manager"`
	Installed bool   `json:"installed"`
	Held      bool   `json:"held"`
}

// Read implements sdk.Resource.
func (p PkgHold) Read(t *sdk.T) PkgHoldState {
	found := t.Must(t.Do(op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: p.Name}}}})).PkgQuery
	if len(found.Packages) != 1 {
		t.Fail(op.Permanent, "the host did not tell of the package", "", "")
	}
	return PkgHoldState{Manager: found.Manager, Installed: found.Packages[0].Status == op.PkgInstalled, Held: found.Packages[0].Held}
}

// Plan implements sdk.Resource.
func (p PkgHold) Plan(t *sdk.T, now PkgHoldState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	held := p.State == "held"
	if now.Held == held {
		return
	}
	if held && !now.Installed {
		t.Needs(abi.Need{
			What: "package " + p.Name, Kind: "installed", Name: p.Name, Where: "on the host, which could be held", Paths: []string{"/usr"},
			Hint: "declare it before: pkg(" + strconv.Quote(p.Name) + ")",
		})
	}
	t.Action(abi.Update)
	t.Differ("held", now.Held, held)
	hold, free := p.commands(t, now.Manager)
	if held {
		p.run(t, hold)
	} else {
		p.run(t, free)
	}
}

// Potential implements sdk.HasPotential. Which manager it is, only the host says.
func (p PkgHold) Potential(t *sdk.T) {
	for _, manager := range []string{"apt", "dnf", "zypper"} {
		hold, free := p.commands(t, manager)
		if p.State == "held" {
			t.Effect(op.Op{Exec: &op.Exec{Argv: hold}})
		} else {
			t.Effect(op.Op{Exec: &op.Exec{Argv: free}})
		}
	}
}

// commands are those of a manager that hold the package and let it go.
func (p PkgHold) commands(t *sdk.T, manager string) (hold, free []string) {
	switch manager {
	case "apt":
		return []string{"apt-mark", "hold", p.Name}, []string{"apt-mark", "unhold", p.Name}
	case "dnf":
		return []string{"dnf", "-q", "-y", "-C", "versionlock", "add", p.Name}, []string{"dnf", "-q", "-y", "-C", "versionlock", "delete", p.Name}
	case "zypper":
		return []string{"zypper", "--non-interactive", "addlock", p.Name}, []string{"zypper", "--non-interactive", "removelock", p.Name}
	}
	t.Fail(op.Permanent, manager+" holds packages by a line of its settings alone", "",
		`write that: ini("/etc/pacman.conf", section = "options", option = "IgnorePkg", value = `+strconv.Quote(p.Name)+")")
	return nil, nil
}

func (p PkgHold) run(t *sdk.T, argv []string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Argv: argv}})
	if !t.Acting() {
		return
	}
	said := r.Exec.Stdout + r.Exec.Stderr
	switch {
	case r.Exec.RC != 0 && strings.Contains(said, "No such command: versionlock"):
		t.Fail(op.Permanent, "dnf has no plugin versionlock", strings.TrimSpace(said), `declare it before: pkg("python3-dnf-plugin-versionlock")`)
	case r.Exec.RC != 0:
		t.Fail(op.Permanent, strings.Join(argv, " ")+": exit code "+strconv.Itoa(r.Exec.RC)+" (expected 0)", strings.TrimSpace(said), "")
	}
	t.Changed()
}
