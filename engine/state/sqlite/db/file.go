package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/storefault"
)

// Names in the directory of a state.
const (
	fileName   = "openfroyo.db"
	markerName = "openfroyo.made" // says that there is a state here, so that its loss is seen
)

// marker is what the marker's file holds, for people.
const marker = "froyo keeps its state beside this file, in openfroyo.db. To begin anew, remove both.\n"

// Exists reports whether dir holds a state, or held one whose file is gone:
// that is for Open to say. It makes nothing.
func Exists(dir string) (bool, error) {
	for _, name := range []string{fileName, markerName} {
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// prepare makes the file where there never was one. A file that is lost or
// empty is not made anew: with it went what is protected and what is pending.
// An existing file is never opened here: closing it would drop SQLite's locks on it.
func prepare(ctx context.Context, dir, path string, steps []Migration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := lost(dir, path); err != nil {
			return err
		}
		if err := create(ctx, dir, path, steps); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no file", storefault.ErrCorrupt)
	case info.Size() == 0:
		return fmt.Errorf("%w: it is empty, so what was recorded is lost: runs, protections, pending handlers", storefault.ErrCorrupt)
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
	}
	return mark(filepath.Join(dir, markerName))
}

// lost reports that a state was here, of which the file is gone.
func lost(dir, path string) error {
	for _, name := range []string{filepath.Join(dir, markerName), path + "-wal"} {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("%w: the file is gone, though there was one (%s says so); with it are lost runs, protections and pending handlers",
				storefault.ErrCorrupt, name)
		}
	}
	return nil
}

// mark notes that there is a state. Where that is not possible the state is as
// good as it was, so that a file system that is read only says so itself.
func mark(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	err := os.WriteFile(path, []byte(marker), 0o600)
	if errors.Is(Fault(err), storefault.ErrReadOnly) {
		return nil
	}
	return err
}

// create makes a state whole before it has its name: a file that is empty is
// never a new one. Another froyo that is quicker wins.
func create(ctx context.Context, dir, path string, steps []Migration) error {
	f, err := os.CreateTemp(dir, ".openfroyo-*.db")
	if err != nil {
		return err
	}
	draft := f.Name()
	defer func() { _ = os.Remove(draft) }() // its other name stays
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source(draft, "journal_mode(DELETE)", "synchronous(FULL)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := errors.Join(migrate(ctx, db, steps), db.Close()); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// fileID tells a file from another that has taken its name.
type fileID struct{ info os.FileInfo }

func identify(path string) (fileID, error) {
	info, err := os.Stat(path)
	return fileID{info}, err
}

// check reports that the file at path is no longer the one that was opened:
// SQLite would go on writing to what no one can read any more.
func (f fileID) check(path string) error {
	info, err := os.Stat(path)
	if err == nil && os.SameFile(f.info, info) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: the file was removed or replaced while froyo was at work", storefault.ErrCorrupt)
}
