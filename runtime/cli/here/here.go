// Package here is where a command works: the workspace around a directory, and what is kept there.
//
// It imports runtime/console, runtime/workspace, runtime/wire and the declarations of engine/vars.
package here

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Env is what workspaces need to know of a process.
func Env(c *console.Console) workspace.Env {
	e := workspace.Env{
		Home: c.Getenv("HOME"), StateHome: c.Getenv("XDG_STATE_HOME"), CacheHome: c.Getenv("XDG_CACHE_HOME"),
		UID: os.Getuid(), SudoUID: -1, SudoUser: c.Getenv("SUDO_USER"), SSHConnection: c.Getenv("SSH_CONNECTION"),
	}
	if uid, err := strconv.Atoi(c.Getenv("SUDO_UID")); err == nil && e.UID == 0 {
		e.SudoUID = uid
	}
	return e
}

// Around finds the workspace around a directory.
func Around(c *console.Console, dir string) (*workspace.Workspace, error) {
	return workspace.Find(dir, Env(c))
}

// Workspace finds the workspace around the current directory.
func Workspace(c *console.Console) (*workspace.Workspace, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return Around(c, dir)
}

// State opens the state of the workspace around the current directory, for those who
// ask what was done; nil is that nothing was ever recorded there. It makes nothing.
func State(ctx context.Context, c *console.Console) (store state.Store, workspace string, err error) {
	w, err := Workspace(c)
	if err != nil {
		return nil, "", err
	}
	store, err = wire.Kept(ctx, w)
	return store, w.ID(), err
}

// Audit adds to the audit log of a workspace what a command that is no run has done.
func Audit(ctx context.Context, w *workspace.Workspace, entry state.Audit) (err error) {
	store, err := wire.State(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	entry.Time, entry.Outcome = time.Now(), audit.Done
	return store.AppendAudit(ctx, entry)
}

// Auditable is an error where nothing could be added to the audit log, so that nothing is done that it would not tell of.
func Auditable(ctx context.Context, w *workspace.Workspace) error {
	if _, err := w.Signer(); err != nil {
		return err
	}
	store, err := wire.State(ctx, w)
	if err != nil {
		return err
	}
	return store.Close()
}

// Declared reads what is declared for runbooks of the current directory, which is in w or is w
// itself; nil is that nothing is. Its file is named as one would type it.
func Declared(w *workspace.Workspace) (d *declared.Variables, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root := cmp.Or(w.Root, dir)
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return nil, err
	}
	files, err := w.Files(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	name, src, err := declared.Locate(files, path.Join(filepath.ToSlash(rel), "site.star"))
	if err != nil || name == "" {
		return nil, err
	}
	return declared.Read(Path(filepath.Join(root, filepath.FromSlash(name))), src)
}

// Path gives a path as one would type it in the current directory.
func Path(path string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(cwd, path)
	if err != nil || len(rel) > len(path) {
		return path
	}
	return rel
}
