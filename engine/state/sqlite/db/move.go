package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/diag"
)

// Move gives a file another directory, with everything that is kept beside it.
// It is refused while another process has the file open, and where the new
// directory holds something of the same name; then nothing is moved.
func Move(ctx context.Context, from, to string) error {
	if err := alone(ctx, Path(from)); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		there := filepath.Join(to, e.Name())
		if _, err := os.Lstat(there); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, unmovable(from, to, there+" is there already"))
		}
	}
	for i, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			for _, e := range entries[:i] {
				err = errors.Join(err, os.Rename(filepath.Join(to, e.Name()), filepath.Join(from, e.Name())))
			}
			return unmovable(from, to, err.Error())
		}
	}
	return os.Remove(from)
}

func unmovable(from, to, why string) error {
	return (&diag.Error{Summary: "the state of earlier runs cannot be moved here: " + why}).
		WithHint("move what is in %s to %s by hand, or remove it to begin anew", from, to)
}

// alone makes sure that no other process has the file open, and that it is whole
// without others beside it.
func alone(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", source(path, "locking_mode(EXCLUSIVE)", "journal_mode(DELETE)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = history(ctx, db)
	return errors.Join(err, db.Close())
}
