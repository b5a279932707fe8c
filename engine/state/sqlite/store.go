// Package sqlite keeps state in a SQLite file and a directory of blobs.
//
// It imports engine/state and its leaves, engine/state/sqlite/db, and engine/state/sqlite/chain.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/blob"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
	"github.com/openfroyo/froyo/engine/storefault"
)

//go:embed migrations/*.sql
var scripts embed.FS

// Store implements state.Store.
type Store struct {
	approvals
	audits
	outputs
	resumes
	targets
	db     *db.DB
	blobs  blob.Store
	author audit.Author
}

var _ state.Store = (*Store)(nil)

// Open opens the state in dir, and makes what is missing: openfroyo.db and
// blobs, both for their owner alone. Only local file systems will do.
func Open(ctx context.Context, dir string) (*Store, error) {
	path := db.Path(dir)
	steps, err := migrations()
	if err != nil {
		return nil, err
	}
	file, err := db.Open(ctx, dir, steps)
	if err != nil {
		return nil, explain(err, path)
	}
	blobs, err := blob.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		return nil, errors.Join(explain(err, path), file.Close())
	}
	s := &Store{db: file, blobs: blobs}
	s.approvals.store, s.audits.store, s.outputs.store, s.resumes.store, s.targets.store = s, s, s, s, s
	return s, nil
}

func migrations() ([]db.Migration, error) {
	dir, err := fs.Sub(scripts, "migrations")
	if err != nil {
		return nil, err
	}
	return db.Migrations(dir)
}

// Exists reports whether dir holds a state, or held one whose file is gone:
// that is for Open to say. It makes nothing.
func Exists(dir string) (bool, error) { return db.Exists(dir) }

// Move gives a state another directory, with everything that is kept beside it.
// It is refused while another process has the state open, and where the new
// directory holds something of the same name; then nothing is moved.
func Move(ctx context.Context, from, to string) error {
	return explain(db.Move(ctx, from, to), db.Path(from))
}

// Close implements state.Store.
func (s *Store) Close() error { return s.explain(errors.Join(s.db.Close(), s.blobs.Close())) }

func (s *Store) explain(err error) error { return explain(err, s.db.Path()) }

// explain says what an error means for the state in path.
func explain(err error, path string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*diag.Error](err); ok {
		return err
	}
	kind := db.Fault(err)
	if kind == nil && errors.Is(err, blob.ErrDamaged) {
		kind = storefault.ErrCorrupt
	}
	if kind != nil {
		return state.Faults.Error(kind, path, err)
	}
	if _, inPath := errors.AsType[*fs.PathError](err); inPath {
		return diag.ReadFailed("the state in "+path, err)
	}
	return &diag.Error{Summary: "the state in " + path + ": " + err.Error(), Cause: err}
}
