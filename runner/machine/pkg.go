package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/apt"
	"github.com/openfroyo/froyo/runner/op"
)

// managers are the package managers of families of which froyo knows no more than that.
var managers = map[string]string{"redhat": "dnf", "suse": "zypper", "alpine": "apk", "arch": "pacman"}

// newApt returns the packages of this machine, for the case that it is a Debian.
func (m *Machine) newApt() *apt.Apt {
	h := apt.Host{
		Root: m.root,
		Ask: func(ctx context.Context, argv, env []string) (*op.ExecResult, error) {
			return m.run(ctx, program{argv: argv, env: env, limit: maxOutput})
		},
		Act:  m.last,
		Able: m.UID == 0 || m.as != "",
		User: m.User,
	}
	if m.as != "" {
		h.Sudo = m.elevate
	}
	return apt.New(h)
}

// packages returns the package manager, by the kind of distribution.
func (m *Machine) packages() (*apt.Apt, error) {
	release := m.osRelease()
	id := release["ID"]
	kind := family(id, release["ID_LIKE"])
	if kind == "debian" {
		return m.apt(), nil
	}
	manager := "something that froyo does not know"
	if name := managers[kind]; name != "" {
		manager = name + ", which froyo does not support yet"
	}
	return nil, refusal("nomanager", "packages on "+id+" are managed by "+manager+"; expected a Debian or one of its kin")
}

func (m *Machine) pkgQuery(ctx context.Context, q *op.PkgQuery) (*op.PkgQueryResult, error) {
	packages, err := m.packages()
	if err != nil {
		return nil, err
	}
	return packages.Query(ctx, q)
}

func (m *Machine) pkgEnsure(ctx context.Context, e *op.PkgEnsure, note func(string)) (*op.PkgDone, error) {
	packages, err := m.packages()
	if err != nil {
		return nil, err
	}
	return packages.Ensure(ctx, e, note)
}

// pkgManifest lists what is installed. A machine whose packages froyo does not
// know has no manager.
func (m *Machine) pkgManifest() (*op.PkgManifest, error) {
	packages, err := m.packages()
	if err != nil {
		return &op.PkgManifest{Packages: map[string]string{}}, nil //nolint:nilerr // that is the answer
	}
	return packages.Manifest()
}
