package db

import (
	"context"
	"database/sql"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openfroyo/froyo/engine/fault"
)

// maxShared bounds the requests that share a transaction.
const maxShared = 128

// writer owns the one connection that writes. While it commits, requests queue
// up, and the next transaction takes them all: many hosts pay for one fsync.
type writer struct {
	db       *sql.DB
	tx       *Tx
	check    func() error // whether the file is still at its path
	requests chan *request
	done     chan struct{}
}

// request is a piece of work that is kept wholly or not at all.
type request struct {
	ctx   context.Context
	work  func(*Tx) error
	err   error
	reply chan error
}

func newWriter(db *sql.DB, conn *sql.Conn, check func() error) *writer {
	w := &writer{
		db: db, tx: &Tx{conn: conn, statements: map[string]*sql.Stmt{}}, check: check,
		requests: make(chan *request, maxShared), done: make(chan struct{}),
	}
	go w.run()
	return w
}

// do has work performed in a transaction and returns when it is committed. A
// request that is cancelled before its turn is not begun; afterwards it is finished.
func (w *writer) do(ctx context.Context, work func(*Tx) error) error {
	r := &request{ctx: ctx, work: work, reply: make(chan error, 1)}
	w.requests <- r
	return <-r.reply
}

func (w *writer) close() error {
	close(w.requests)
	<-w.done
	return errors.Join(w.tx.close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.done)
	for r := range w.requests {
		batch := []*request{r}
		for more := true; more && len(batch) < maxShared; {
			select {
			case r, more = <-w.requests:
				if more {
					batch = append(batch, r)
				}
			default:
				more = false
			}
		}
		err := w.transact(batch)
		for _, r := range batch {
			if r.err == nil {
				r.err = err
			}
			r.reply <- r.err
		}
	}
}

// transact performs a batch in one transaction. What is wrong with a request
// alone fails that one; anything else fails them all, and nothing is kept.
func (w *writer) transact(batch []*request) error {
	if err := w.tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, r := range batch {
		if r.err = context.Cause(r.ctx); r.err != nil {
			continue
		}
		err := w.attempt(r)
		if err != nil {
			return errors.Join(err, w.rollback())
		}
	}
	fault.Point("commit")
	if err := w.tx.Exec("COMMIT"); err != nil {
		return errors.Join(err, w.rollback())
	}
	fault.Point("committed")
	return w.check() // after it, since until then it may go
}

// attempt performs one request, so that its failure leaves the others' work. It
// returns an error where that is not possible: on a full disk, say, SQLite may
// have ended the transaction by itself.
func (w *writer) attempt(r *request) error {
	if err := w.tx.Exec("SAVEPOINT request"); err != nil {
		return err
	}
	r.err = r.work(w.tx)
	if r.err == nil {
		return w.tx.Exec("RELEASE request")
	}
	if code := resultCode(r.err); code != 0 && code != sqlite3.SQLITE_CONSTRAINT {
		return r.err
	}
	if err := w.tx.Exec("ROLLBACK TO request"); err != nil {
		return err
	}
	return w.tx.Exec("RELEASE request")
}

// rollback ends a transaction, if SQLite has not done so already.
func (w *writer) rollback() error {
	if err := w.tx.Exec("ROLLBACK"); err != nil && resultCode(err) != sqlite3.SQLITE_ERROR {
		return err
	}
	return nil
}
