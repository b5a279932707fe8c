// Package blob keeps content under the digest of its bytes. Dir keeps it in one
// file each, in directories by the digest's first two digits: equal content is
// kept once, what stands there is complete, and what is read is checked.
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

// Store keeps content. It MUST be safe for concurrent use, also by several processes.
type Store interface {
	// Put keeps data, for good, and returns its digest. What is larger than Max is ErrTooLarge.
	Put(data []byte) (sum string, err error)
	// Get returns content by its digest. The error matches fs.ErrNotExist where it
	// is not kept, and ErrDamaged where it is no longer what was put.
	Get(sum string) ([]byte, error)
	// Close ends the use of the store.
	Close() error
}

var _ Store = (*Dir)(nil)

// Dir is a Store in a directory. It is safe for concurrent use, also by several processes.
type Dir struct {
	root    *os.Root
	writing singleflight.Group
}

// Open opens the store in dir, which is made where it is missing, for its owner alone.
func Open(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root}, nil
}

// Close implements Store.
func (d *Dir) Close() error { return d.root.Close() }

// Put implements Store.
func (d *Dir) Put(data []byte) (sum string, err error) {
	if len(data) > Max {
		return "", ErrTooLarge
	}
	sum = op.Sum(data)
	_, err, _ = d.writing.Do(sum, func() (any, error) { return nil, d.put(sum, data) })
	return sum, err
}

// put writes content unless it is there. A file of another size is what an
// unclean end of the machine left, and is written anew.
func (d *Dir) put(sum string, data []byte) error {
	if info, err := d.root.Stat(path(sum)); err == nil && info.Size() == int64(len(data)) {
		return nil
	}
	if err := d.root.Mkdir(sum[:2], 0o700); err == nil {
		err = d.sync(".")
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp := "tmp-" + rand.Text()
	if err := d.write(temp, data); err != nil {
		return errors.Join(err, d.discard(temp))
	}
	if err := d.root.Rename(temp, path(sum)); err != nil {
		return errors.Join(err, d.discard(temp))
	}
	return d.sync(sum[:2])
}

func (d *Dir) write(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *Dir) discard(name string) error {
	if err := d.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync makes a directory's entries durable.
func (d *Dir) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get implements Store.
func (d *Dir) Get(sum string) ([]byte, error) {
	if !valid(sum) {
		return nil, fmt.Errorf("content %q: %w", sum, fs.ErrNotExist)
	}
	f, err := d.root.Open(path(sum))
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
