package db

import (
	"context"
	"database/sql"
	"errors"
)

// Tx is the transaction that a piece of work is part of.
type Tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt // by text; of the writer's goroutine
}

func (t *Tx) close() error {
	var errs []error
	for _, s := range t.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, t.conn.Close())...)
}

// Exec runs a statement, which is prepared once. Its context is the writer's:
// an interrupt must not tear what others share.
func (t *Tx) Exec(query string, args ...any) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), args...)
	return err
}

// Query reads one row within the transaction.
func (t *Tx) Query(dest []any, query string, args ...any) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(dest...)
}

func (t *Tx) prepare(query string) (*sql.Stmt, error) {
	if s, ok := t.statements[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	t.statements[query] = s
	return s, nil
}
