package machine

import (
	"context"
	"sync"

	"github.com/openfroyo/froyo/runner/gather"
	"github.com/openfroyo/froyo/runner/op"
	pkgs "github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt"
	"github.com/openfroyo/froyo/runner/packages/dnf"
	"github.com/openfroyo/froyo/runner/packages/pacman"
	"github.com/openfroyo/froyo/runner/packages/zypper"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// managers make the package managers by families of distributions.
var managers = map[string]func(h pkgs.Host) pkgs.Tool{
	"debian": func(h pkgs.Host) pkgs.Tool { return apt.New(h.Root, h.Sudo != nil) },
	"redhat": func(h pkgs.Host) pkgs.Tool { return dnf.Tool{Root: h.Root} },
	"suse":   func(h pkgs.Host) pkgs.Tool { return zypper.Tool{Root: h.Root} },
	"arch":   func(h pkgs.Host) pkgs.Tool { return pacman.Tool{} },
}

// unsupported are the package managers of families of which froyo knows no more than that.
var unsupported = map[string]string{"alpine": "apk"}

// packages performs ops on the machine's packages.
type packages struct {
	root string
	uid  int
	host func() pkgs.Host

	mu   sync.Mutex
	made map[string]*pkgs.Manager // by family, guarded by mu
}

func newPackages(root string, uid int, programs *program.Starter) *packages {
	return &packages{root: root, uid: uid, made: map[string]*pkgs.Manager{}, host: func() pkgs.Host {
		h := pkgs.Host{
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
		return h
	}}
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
		c.Result.PkgQuery, err = p.query(ctx, manager, c.Op.PkgQuery)
	default:
		if e, err = p.unpacked(ctx, manager, e); err != nil {
			break
		}
		if e.Simulate {
			c.Result.PkgEnsure, err = manager.Simulate(ctx, e)
		} else {
			c.Result.PkgEnsure, err = manager.Ensure(ctx, e, c.Stream.Tell)
		}
	}
	return err
}

// manager returns the package manager, by the kind of distribution.
func (p *packages) manager() (*pkgs.Manager, error) {
	release, err := gather.OSRelease(p.root)
	if err != nil {
		return nil, err
	}
	id := release["ID"]
	family := gather.Family(id, release["ID_LIKE"])
	make, ok := managers[family]
	if !ok {
		name := "something that froyo does not know"
		if known := unsupported[family]; known != "" {
			name = known + ", which froyo does not support"
		}
		return nil, perform.Refuse("nomanager", "packages on "+id+" are managed by "+name+"; expected a system with apt, dnf, zypper or pacman")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made[family] == nil {
		h := p.host()
		p.made[family] = pkgs.New(h, make(h))
	}
	return p.made[family], nil
}

// manifest lists what is installed. A machine whose packages froyo does not
// know has no manager.
func (p *packages) manifest(ctx context.Context) (*op.PkgManifest, error) {
	manager, err := p.manager()
	if err != nil {
		return &op.PkgManifest{Packages: map[string]string{}}, nil //nolint:nilerr // that is the answer
	}
	return manager.Manifest(ctx)
}
