package sqlite

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
	conn     *sql.Conn
	requests chan *request
	done     chan struct{}

	statements map[string]*sql.Stmt // by text; the goroutine's own
}

// request is a piece of work that is kept wholly or not at all.
type request struct {
	ctx   context.Context
	work  func(*writer) error
	err   error
	reply chan error
}

func newWriter(db *sql.DB, conn *sql.Conn) *writer {
	w := &writer{
		db: db, conn: conn, requests: make(chan *request, maxShared), done: make(chan struct{}),
		statements: map[string]*sql.Stmt{},
	}
	go w.run()
	return w
}

// do has work performed in a transaction and returns when it is committed. A
// request that is cancelled before its turn is not begun; afterwards it is finished.
func (w *writer) do(ctx context.Context, work func(*writer) error) error {
	r := &request{ctx: ctx, work: work, reply: make(chan error, 1)}
	w.requests <- r
	return <-r.reply
}

func (w *writer) close() error {
	close(w.requests)
	<-w.done
	var errs []error
	for _, s := range w.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
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
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
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
	if err := w.exec("COMMIT"); err != nil {
		return errors.Join(err, w.rollback())
	}
	fault.Point("committed")
	return nil
}

// attempt performs one request, so that its failure leaves the others' work. It
// returns an error where that is not possible: on a full disk, say, SQLite may
// have ended the transaction by itself.
func (w *writer) attempt(r *request) error {
	if err := w.exec("SAVEPOINT request"); err != nil {
		return err
	}
	r.err = r.work(w)
	if r.err == nil {
		return w.exec("RELEASE request")
	}
	if code := code(r.err); code != 0 && code != sqlite3.SQLITE_CONSTRAINT {
		return r.err
	}
	if err := w.exec("ROLLBACK TO request"); err != nil {
		return err
	}
	return w.exec("RELEASE request")
}

// rollback ends a transaction, if SQLite has not done so already.
func (w *writer) rollback() error {
	if err := w.exec("ROLLBACK"); err != nil && code(err) != sqlite3.SQLITE_ERROR {
		return err
	}
	return nil
}

// exec runs a statement, which is prepared once. Its context is the writer's:
// an interrupt must not tear what others share.
func (w *writer) exec(query string, args ...any) error {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), args...)
	return err
}

// query reads one row within the transaction.
func (w *writer) query(dest []any, query string, args ...any) error {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(dest...)
}

func (w *writer) prepare(query string) (*sql.Stmt, error) {
	if s, ok := w.statements[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}
