package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/blob"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
	"github.com/openfroyo/froyo/runner/op"
)

// maxSmall is the largest content that is kept in the database. A file of its
// own costs as much time as a hundred times that many bytes here.
const maxSmall = 32 << 10

// contents is what goes into the database, by its digest.
type contents map[string][]byte

func (c contents) insert(tx *db.Tx) error {
	for _, sum := range slices.Sorted(maps.Keys(c)) {
		if err := tx.Exec(`INSERT OR IGNORE INTO contents (sum, data) VALUES (?, ?)`, sum, c[sum]); err != nil {
			return fmt.Errorf("keep content %s: %w", sum, err)
		}
	}
	return nil
}

// keep puts what a change refers to among the small contents or the files.
func (s *Store) keep(c *state.Change, small contents) error {
	for _, v := range []state.Value{c.Before, c.After} {
		if v.Data == nil || len(v.Data) > state.MaxBlob {
			continue
		}
		if err := s.keepData(op.Sum(v.Data), v.Data, small); err != nil {
			return err
		}
	}
	for _, b := range c.Contents {
		if b == nil || b.Open == nil || b.Size > state.MaxBlob {
			continue
		}
		data, err := read(b)
		if err == nil {
			err = s.keepData(b.Sum, data, small)
		}
		if err != nil {
			return fmt.Errorf("keep content %s: %w", b.Sum, err)
		}
	}
	return nil
}

func (s *Store) keepData(sum string, data []byte, small contents) error {
	if len(data) <= maxSmall {
		small[sum] = data
		return nil
	}
	_, err := s.blobs.Put(data)
	return err
}

// read reads content, which must be what its digest says.
func read(b *op.Blob) ([]byte, error) {
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, b.Size+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if op.Sum(data) != b.Sum {
		return nil, errors.New("it has changed since its digest was taken")
	}
	return data, nil
}

// Content implements state.History.
func (s *Store) Content(ctx context.Context, sum string) ([]byte, error) {
	var data []byte
	err := s.db.Reader().QueryRowContext(ctx, `SELECT data FROM contents WHERE sum = ?`, sum).Scan(&data)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		data, err = s.blobs.Get(sum)
	case err == nil && op.Sum(data) != sum:
		err = fmt.Errorf("content %s: %w", sum, blob.ErrDamaged)
	}
	return data, s.explain(err)
}
