package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
)

// openStore opens the workspace's state, making it where it is missing.
func (j *job) openStore(ctx context.Context) (state.Store, error) {
	return sqlite.Open(ctx, j.workspace.StateDir())
}

// openHistory opens the state of the workspace around the current folder, for
// those who ask what was done; nil is that nothing was ever recorded there. It
// makes nothing.
func (e *env) openHistory(ctx context.Context) (store state.Store, workspace string, err error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, "", err
	}
	w, err := e.findWorkspace(cwd)
	if err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(filepath.Join(w.StateDir(), "openfroyo.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, w.ID(), nil
	}
	store, err = sqlite.Open(ctx, w.StateDir())
	return store, w.ID(), err
}

// openStored opens what earlier runs stored, if anything; it makes nothing.
func (j *job) openStored(ctx context.Context) (*stored, error) {
	dir := j.workspace.StateDir()
	s := &stored{where: j.workspace.ID(), close: func() error { return nil }}
	if _, err := os.Stat(filepath.Join(dir, "openfroyo.db")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return s, nil
		}
		return nil, err
	}
	store, err := sqlite.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	s.facts, s.close = store, store.Close
	return s, nil
}
