package machine

import (
	"context"
	"sync"

	"github.com/openfroyo/froyo/runner/apt"
	"github.com/openfroyo/froyo/runner/gather"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// managers are the package managers of families of which froyo knows no more than that.
var managers = map[string]string{"redhat": "dnf", "suse": "zypper", "alpine": "apk", "arch": "pacman"}

// packages performs ops on the machine's packages.
type packages struct {
	root string
	apt  func() *apt.Apt // made at the first use
}

func newPackages(root string, uid int, programs *program.Starter) *packages {
	return &packages{root: root, apt: sync.OnceValue(func() *apt.Apt {
		h := apt.Host{
			Root: root,
			Ask: func(ctx context.Context, argv, env []string) (*op.ExecResult, error) {
				return programs.Run(ctx, program.Program{Argv: argv, Env: env, Limit: op.MaxOutput})
			},
			Act:  programs.RunLasting,
			Able: uid == 0 || programs.Other() != "",
			User: programs.User,
		}
		if programs.Other() != "" {
			h.Sudo = programs.Elevate
		}
		return apt.New(h)
	})}
}

// Perform implements perform.Performer.
func (p *packages) Perform(ctx context.Context, c *perform.Call) error {
	if c.Op.PkgQuery == nil && c.Op.PkgEnsure == nil {
		return perform.ErrUnknown
	}
	manager, err := p.manager()
	switch e := c.Op.PkgEnsure; {
	case err != nil:
	case e == nil:
		c.Result.PkgQuery, err = manager.Query(ctx, c.Op.PkgQuery)
	case e.Simulate:
		c.Result.PkgEnsure, err = manager.Simulate(ctx, e)
	default:
		c.Result.PkgEnsure, err = manager.Ensure(ctx, e, c.Stream.Tell)
	}
	return err
}

// manager returns the package manager, by the kind of distribution.
func (p *packages) manager() (*apt.Apt, error) {
	release, err := gather.OSRelease(p.root)
	if err != nil {
		return nil, err
	}
	id := release["ID"]
	kind := gather.Family(id, release["ID_LIKE"])
	if kind == "debian" {
		return p.apt(), nil
	}
	manager := "something that froyo does not know"
	if name := managers[kind]; name != "" {
		manager = name + ", which froyo does not support yet"
	}
	return nil, perform.Refuse("nomanager", "packages on "+id+" are managed by "+manager+"; expected a Debian or one of its kin")
}

// manifest lists what is installed. A machine whose packages froyo does not
// know has no manager.
func (p *packages) manifest() (*op.PkgManifest, error) {
	manager, err := p.manager()
	if err != nil {
		return &op.PkgManifest{Packages: map[string]string{}}, nil //nolint:nilerr // that is the answer
	}
	return manager.Manifest()
}
