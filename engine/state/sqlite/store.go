// Package sqlite keeps state in a SQLite file and a folder of blobs. One
// connection writes, for all, in transactions that many callers share; others
// read beside it.
//
// It imports engine/state and its leaves; the driver needs no cgo.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/blob"
)

// readers bounds the connections that read at once.
const readers = 4

// Store implements state.Store.
type Store struct {
	path   string
	writer *writer
	read   *sql.DB
	blobs  *blob.Store
}

var _ state.Store = (*Store)(nil)

// Open opens the state in dir, and makes what is missing: openfroyo.db and
// blobs, both for their owner alone. Only local file systems will do.
func Open(ctx context.Context, dir string) (*Store, error) {
	path := filepath.Join(dir, "openfroyo.db")
	if err := prepare(dir, path); err != nil {
		return nil, explain(err, path)
	}
	blobs, err := blob.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		return nil, explain(err, path)
	}
	s := &Store{path: path, blobs: blobs}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(explain(err, path), s.disconnect())
	}
	return s, nil
}

// prepare makes the file, because SQLite would let others read it. An existing
// file is never opened here: closing it would drop SQLite's locks on it.
func prepare(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil // another froyo was quicker
		}
		if err != nil {
			return err
		}
		return f.Close()
	case err != nil:
		return err
	case info.Mode().Perm()&0o077 != 0:
		return os.Chmod(path, 0o600)
	}
	return nil
}

func (s *Store) connect(ctx context.Context) error {
	db, err := sql.Open("sqlite", source(s.path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, migrations()); err != nil {
		return errors.Join(err, db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.writer = newWriter(db, conn)
	s.read, err = sql.Open("sqlite", source(s.path, "query_only(1)"))
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return nil
}

// source names the file and how a connection to it is set up. Transactions
// take the write lock at once: one that reads first and writes then would be
// refused when another wrote in between, however long it is willing to wait.
func source(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_defensive": {"1"}, "_dqs": {"0"}}
	for _, p := range append([]string{"busy_timeout(5000)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// Close implements state.Store.
func (s *Store) Close() error { return explain(s.disconnect(), s.path) }

func (s *Store) disconnect() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(append(errs, s.blobs.Close())...)
}
