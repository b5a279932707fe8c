package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/blob"
	"github.com/openfroyo/froyo/engine/state/sqlite/db"
	"github.com/openfroyo/froyo/engine/storefault"
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

// outputs is the part of state.History that speaks of what programs printed.
type outputs struct{ store *Store }

// Output implements state.History.
func (o outputs) Output(ctx context.Context, run, host, unit string) (*output.Output, time.Time, error) {
	var at int64
	var stdout, stderr []byte
	kept := &output.Output{Recorded: true}
	err := o.store.db.Reader().QueryRowContext(ctx, `SELECT time, exit_code, sensitive, stdout, stdout_omitted, stderr, stderr_omitted
		FROM unit_outputs WHERE run = ? AND host = ? AND unit = ?`, run, host, unit).
		Scan(&at, &kept.RC, &kept.Sensitive, &stdout, &kept.Stdout.Omitted, &stderr, &kept.Stderr.Omitted)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, &diag.Error{Summary: fmt.Sprintf("no output is kept of %s/%s in run %s", host, unit, run), Cause: fs.ErrNotExist}
	}
	if err != nil {
		return nil, time.Time{}, o.store.explain(err)
	}
	for _, s := range []struct {
		data []byte
		into *string
	}{{stdout, &kept.Stdout.Text}, {stderr, &kept.Stderr.Text}} {
		if *s.into, err = unpackText(s.data); err != nil {
			return nil, time.Time{}, state.Faults.Error(storefault.ErrCorrupt, o.store.db.Path(), err)
		}
	}
	return kept, fromMicros(at), nil
}

// putOutput keeps what a unit's programs printed, in place of what they had before; nil leaves that.
func putOutput(tx *db.Tx, run, host, unit string, at time.Time, o *output.Output) error {
	if o == nil {
		return nil
	}
	stdout, err := packText(o.Stdout.Text)
	if err != nil {
		return err
	}
	stderr, err := packText(o.Stderr.Text)
	if err != nil {
		return err
	}
	// What an event tells of an earlier execution may come late.
	return tx.Exec(`INSERT INTO unit_outputs (run, host, unit, time, exit_code, sensitive, stdout, stdout_omitted, stderr, stderr_omitted)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time, exit_code = excluded.exit_code,
			sensitive = excluded.sensitive, stdout = excluded.stdout, stdout_omitted = excluded.stdout_omitted,
			stderr = excluded.stderr, stderr_omitted = excluded.stderr_omitted WHERE excluded.time >= time`,
		run, host, unit, micros(at), o.RC, o.Sensitive, stdout, o.Stdout.Omitted, stderr, o.Stderr.Omitted)
}

// forgetOutputs counts what a run that has ended keeps of its programs' output, and drops that of the oldest runs of
// its workspace where there is more than state.KeptOutputs and state.KeptOutputBytes allow.
func forgetOutputs(tx *db.Tx, run string) error {
	return forgetOutputsBeyond(tx, run, state.KeptOutputs, state.KeptOutputBytes)
}

func forgetOutputsBeyond(tx *db.Tx, run string, runs, size int) error {
	err := tx.Exec(`INSERT OR REPLACE INTO output_sizes
		SELECT run, sum(length(stdout) + length(stderr)) FROM unit_outputs WHERE run = ? GROUP BY run`, run)
	if err != nil {
		return err
	}
	const old = ` WHERE run IN (SELECT run FROM (
		SELECT s.run, status, row_number() OVER latest AS place, sum(bytes) OVER latest AS total FROM output_sizes s JOIN runs r ON r.id = s.run
			WHERE workspace = (SELECT workspace FROM runs WHERE id = ?1)
			WINDOW latest AS (ORDER BY started DESC, s.run DESC ROWS UNBOUNDED PRECEDING))
		WHERE run <> ?1 AND place > 1 AND status <> ?2 AND (place > ?3 OR total > ?4))`
	if err := tx.Exec(`DELETE FROM unit_outputs`+old, run, string(state.Running), runs, size); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM output_sizes`+old, run, string(state.Running), runs, size)
}

// How a text is packed, as its first byte. What is short is not worth the time.
const (
	packedPlain = 0
	packedGzip  = 1

	packFrom = 4 << 10
)

func packText(text string) ([]byte, error) {
	if len(text) < packFrom {
		return append([]byte{packedPlain}, text...), nil
	}
	b := bytes.NewBuffer([]byte{packedGzip})
	z, err := gzip.NewWriterLevel(b, gzip.BestSpeed)
	if err == nil {
		_, err = io.WriteString(z, text)
	}
	if err == nil {
		err = z.Close()
	}
	return b.Bytes(), err
}

func unpackText(data []byte) (string, error) {
	switch {
	case len(data) > 0 && data[0] == packedPlain:
		return string(data[1:]), nil
	case len(data) == 0 || data[0] != packedGzip:
		return "", errors.New("an output is packed in no known way")
	}
	z, err := gzip.NewReader(bytes.NewReader(data[1:]))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(z, output.Max+1))
	if err == nil && len(text) > output.Max {
		err = errors.New("an output is longer than any that is kept")
	}
	return string(text), err
}
