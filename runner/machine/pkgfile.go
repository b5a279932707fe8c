package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
	pkgs "github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/perform"
)

// query asks the manager, and files for the packages that they hold.
func (p *packages) query(ctx context.Context, m *pkgs.Manager, q *op.PkgQuery) (*op.PkgQueryResult, error) {
	r, err := m.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	for i, ask := range q.Packages {
		if ask.File == "" {
			continue
		}
		found := &r.Packages[i]
		found.Looked, found.Candidate, found.Available, found.Virtual = true, "", nil, false
		version, err := p.packed(ctx, m, ask.Name, ask.File)
		found.Candidate = version
		if fault, ok := err.(*op.Error); ok { //nolint:errorlint // errors.As costs the runner 7 KB
			found.Error = fault
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) { // what is not there, others may bring
			return nil, err
		}
	}
	return r, nil
}

// unpacked is an op whose packages have the version that their files say.
func (p *packages) unpacked(ctx context.Context, m *pkgs.Manager, e *op.PkgEnsure) (*op.PkgEnsure, error) {
	known := *e
	known.Packages = append([]op.PkgWant(nil), e.Packages...)
	for i := range known.Packages {
		w := &known.Packages[i]
		if w.File == "" {
			continue
		}
		var err error
		if w.Version, err = p.packed(ctx, m, w.Name, w.File); err != nil {
			return nil, err
		}
	}
	return &known, nil
}

// packed says which version of a package a file holds. A package's scripts are run as root, so nobody else may be able to put
// another file there.
func (p *packages) packed(ctx context.Context, m *pkgs.Manager, want, path string) (string, error) {
	for at := range len(path) + 1 {
		if at == len(path) || path[at] == '/' {
			if err := p.guarded(path[:max(at, 1)], at == len(path)); err != nil {
				return "", err
			}
		}
	}
	name, version, err := m.File(ctx, path)
	if err == nil && name != want {
		err = perform.Refuse("nopackagefile", path+" holds the package "+name+", and not "+want+"\nname the unit so: pkg(\""+name+"\", file = \""+path+"\")")
	}
	return version, err
}

// guarded refuses what belongs to another user than root and this process's, and where anyone may write.
func (p *packages) guarded(path string, last bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	const sticky, others = fs.ModeSticky, 0o002
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return perform.Refuse(op.CodeUnsafe, path+" is a symbolic link\nname what it leads to")
	case !ok || s.Uid != 0 && int(s.Uid) != p.uid:
		return perform.Refuse(op.CodeUnsafe, path+" belongs to another user than root, who could put another package there\nhave a unit bring it to a directory that is root's")
	case info.Mode()&others != 0 && (last || info.Mode()&sticky == 0):
		return perform.Refuse(op.CodeUnsafe, "anyone may write to "+path+", and put another package there\nhave a unit bring it to a directory that is root's")
	case last && !info.Mode().IsRegular():
		return perform.Refuse("nopackagefile", path+" is no file that could hold a package")
	}
	return nil
}
