// Package db keeps one SQLite file in a directory. One connection writes, for
// all, in transactions that many callers share; others read beside it.
//
// It imports engine/storefault, engine/diag and engine/fault; the driver needs no cgo.
package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers bounds the connections that read at once.
const readers = 4

// DB is an open file.
type DB struct {
	path   string
	writer *writer
	read   *sql.DB
}

// Path returns where the file of a directory is.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Open opens the file in dir, and makes what is missing, for its owner alone;
// its schema becomes that of steps. Only local file systems will do.
func Open(ctx context.Context, dir string, steps []Migration) (*DB, error) {
	d := &DB{path: Path(dir)}
	if err := prepare(ctx, dir, d.path, steps); err != nil {
		return nil, err
	}
	if err := d.connect(ctx, steps); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *DB) connect(ctx context.Context, steps []Migration) error {
	db, err := sql.Open("sqlite", source(d.path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, steps); err != nil {
		return errors.Join(err, db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	file, err := identify(d.path)
	if err != nil {
		return errors.Join(err, conn.Close(), db.Close())
	}
	d.writer = newWriter(db, conn, func() error { return file.check(d.path) })
	d.read, err = sql.Open("sqlite", source(d.path, "query_only(1)"))
	if err != nil {
		return err
	}
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
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

// Path returns where the file is.
func (d *DB) Path() string { return d.path }

// Reader returns the connections that read.
func (d *DB) Reader() *sql.DB { return d.read }

// Write has work performed in a transaction, and returns when it is committed:
// all of the work is kept, or nothing. Work that is cancelled before its turn is not
// begun; afterwards it is finished.
func (d *DB) Write(ctx context.Context, work func(*Tx) error) error { return d.writer.do(ctx, work) }

// Close waits for what is being written, and closes the file.
func (d *DB) Close() error {
	var errs []error
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.writer != nil {
		errs = append(errs, d.writer.close())
	}
	return errors.Join(errs...)
}
