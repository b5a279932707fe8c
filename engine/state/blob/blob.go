// Package blob keeps content under the digest of its bytes: one file each, in
// folders by the digest's first two digits. Equal content is kept once, what
// stands there is complete, and what is read is checked.
//
// It imports runner/op and the standard library, and golang.org/x/sync.
package blob

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sync/singleflight"

	"github.com/openfroyo/froyo/runner/op"
)

// Max is the largest content that is kept.
const Max = 1 << 20

// What can be wrong with content.
var (
	ErrTooLarge = errors.New("content is larger than 1 MiB")
	ErrDamaged  = errors.New("content does not match its digest")
)

// Store is a folder of blobs. It is safe for concurrent use, also by several processes.
type Store struct {
	root    *os.Root
	writing singleflight.Group
}

// Open opens the store in dir, which is made where it is missing, for its owner alone.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Store{root: root}, nil
}

// Close gives the folder up.
func (s *Store) Close() error { return s.root.Close() }

// Put keeps data, for good, and returns its digest.
func (s *Store) Put(data []byte) (sum string, err error) {
	if len(data) > Max {
		return "", ErrTooLarge
	}
	sum = op.Sum(data)
	_, err, _ = s.writing.Do(sum, func() (any, error) { return nil, s.put(sum, data) })
	return sum, err
}

// put writes content unless it is there. A file of another size is what an
// unclean end of the machine left, and is written anew.
func (s *Store) put(sum string, data []byte) error {
	if info, err := s.root.Stat(path(sum)); err == nil && info.Size() == int64(len(data)) {
		return nil
	}
	if err := s.root.Mkdir(sum[:2], 0o700); err == nil {
		err = s.sync(".")
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp := "tmp-" + rand.Text()
	if err := s.write(temp, data); err != nil {
		return errors.Join(err, s.discard(temp))
	}
	if err := s.root.Rename(temp, path(sum)); err != nil {
		return errors.Join(err, s.discard(temp))
	}
	return s.sync(sum[:2])
}

func (s *Store) write(name string, data []byte) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) discard(name string) error {
	if err := s.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync makes a folder's entries durable.
func (s *Store) sync(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get returns content by its digest. The error matches fs.ErrNotExist where it
// is not kept, and ErrDamaged where it is no longer what was put.
func (s *Store) Get(sum string) ([]byte, error) {
	if !valid(sum) {
		return nil, fmt.Errorf("content %q: %w", sum, fs.ErrNotExist)
	}
	f, err := s.root.Open(path(sum))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, Max+1))
	if err != nil {
		return nil, err
	}
	if op.Sum(data) != sum {
		return nil, fmt.Errorf("content %s: %w", sum, ErrDamaged)
	}
	return data, nil
}

func path(sum string) string { return sum[:2] + "/" + sum[2:] }

// valid keeps what is no digest away from the file system.
func valid(sum string) bool {
	if len(sum) != 64 {
		return false
	}
	for _, c := range []byte(sum) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
