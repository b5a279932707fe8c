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
