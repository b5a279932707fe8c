// Package chain keeps the audit log in SQLite.
//
// It imports engine/audit and engine/state/sqlite/db.
package chain

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
)

// Append adds a row and its signature as a part of a transaction. Without a key that can be read there is neither, nor
// what the row tells.
func Append(tx *db.Tx, by audit.Author, e audit.Entry) error {
	var key ed25519.PrivateKey
	if by.Key != nil {
		var err error
		if key, err = by.Key(); err != nil {
			return err
		}
	}
	var seq int64
	hash := audit.Begin
	err := tx.Query([]any{&seq, &hash}, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		seq, hash, err = adopt(tx)
	}
	if err != nil {
		return err
	}
	row := audit.Next(seq, hash, by.Fill(e))
	return insert(tx, &row, key)
}

// insert adds a row, signed by a key where there is one.
func insert(tx *db.Tx, r *audit.Row, key ed25519.PrivateKey) error {
	err := tx.Exec(`INSERT INTO audit (seq, time, user, origin, action, run, hosts, plan, outcome, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Seq, r.Time.UnixMicro(), r.User, r.Origin, r.Action, r.Run, r.Hosts, r.Plan, r.Outcome, r.Detail, r.Hash)
	if err != nil || key == nil {
		return err
	}
	h := audit.Sign(r.Seq, r.Hash, time.Now(), key)
	return tx.Exec(`INSERT INTO audit_heads (seq, hash, time, key, signature) VALUES (?, ?, ?, ?, ?)`,
		h.Seq, h.Hash, h.Time.UnixMicro(), h.Key, h.Signature)
}

// adopt makes what was written before there was a chain its beginning. It stays unsigned: who wrote it is not known.
func adopt(tx *db.Tx) (seq int64, hash string, err error) {
	hash = audit.Begin
	for id := int64(-1); ; {
		var at int64
		var e audit.Entry
		err := tx.Query([]any{&id, &at, &e.User, &e.Action, &e.Run, &e.Detail},
			`SELECT id, time, user, action, run, detail FROM audit_before WHERE id > ? ORDER BY id LIMIT 1`, id)
		if errors.Is(err, sql.ErrNoRows) {
			return seq, hash, tx.Exec(`DELETE FROM audit_before`)
		}
		if err != nil {
			return 0, "", err
		}
		e.Time = time.UnixMicro(at)
		row := audit.Next(seq, hash, audit.Author{}.Fill(e))
		if err := insert(tx, &row, nil); err != nil {
			return 0, "", err
		}
		seq, hash = row.Seq, row.Hash
	}
}

// Log reads the latest rows and their signatures, as they were at one moment, and what is wrong with where they are
// kept; all of them where limit is negative.
func Log(ctx context.Context, from *sql.DB, limit int) (*audit.Log, error) {
	tx, err := from.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	l := &audit.Log{}
	more := limit
	if limit >= 0 {
		more++ // the one that the first of them continues
	}
	if l.Rows, err = latest(ctx, tx, more); err != nil {
		return nil, err
	}
	slices.Reverse(l.Rows)
	if limit >= 0 && len(l.Rows) > limit {
		l.Before, l.Rows = l.Rows[0], l.Rows[1:]
	}
	if l.Heads, err = heads(ctx, tx, l.Before.Seq); err != nil {
		return nil, err
	}
	l.Faults, err = faults(ctx, tx, limit < 0 || len(l.Rows) == 0)
	return l, err
}

// reader is a database or a transaction.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// latest lists the latest rows, the youngest first; all of them where limit is negative.
func latest(ctx context.Context, from reader, limit int) (all []audit.Row, err error) {
	rows, err := from.QueryContext(ctx, `SELECT seq, time, user, origin, action, run, hosts, plan, outcome, detail, hash FROM audit ORDER BY seq DESC LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r audit.Row
		var at int64
		if err := rows.Scan(&r.Seq, &at, &r.User, &r.Origin, &r.Action, &r.Run, &r.Hosts, &r.Plan, &r.Outcome, &r.Detail, &r.Hash); err != nil {
			return nil, err
		}
		r.Time = time.UnixMicro(at).UTC()
		all = append(all, r)
	}
	return all, rows.Err()
}

// heads lists the signed heads of rows after one, the oldest first.
func heads(ctx context.Context, from reader, after int64) (all []audit.Head, err error) {
	rows, err := from.QueryContext(ctx, `SELECT seq, hash, time, key, signature FROM audit_heads WHERE seq > ? ORDER BY seq`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h audit.Head
		var at int64
		if err := rows.Scan(&h.Seq, &h.Hash, &at, &h.Key, &h.Signature); err != nil {
			return nil, err
		}
		h.Time = time.UnixMicro(at).UTC()
		all = append(all, h)
	}
	return all, rows.Err()
}
