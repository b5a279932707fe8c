package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// lockPause is how often it is tried whether another process has ended.
const lockPause = 20 * time.Millisecond

// change does something while no other process changes the directory. What one that was killed has left is completed or
// removed before.
func (s *Store) change(ctx context.Context, create bool, do func(*tree, *list) error) (err error) {
	t, err := openTree(s.dir, s.trust)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := os.Mkdir(s.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return wrap(s.dir, err)
		}
		t, err = openTree(s.dir, s.trust)
	}
	if err != nil {
		return wrap(s.dir, err)
	}
	defer t.close()
	unlock, err := t.flock(func() error { return pause(ctx) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := s.recover(t); err != nil {
		return wrap(s.dir, err)
	}
	l, err := t.list()
	if err != nil {
		return err
	}
	return do(t, l)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lockPause):
		return nil
	}
}

// list reads the recipients; there are none where there is no file.
func (t *tree) list() (*list, error) {
	text, err := t.read(recipientsFile, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &list{}, nil
	}
	if err != nil {
		return nil, readFailed(path.Join(t.name, recipientsFile), err)
	}
	return parseList(path.Join(t.name, recipientsFile), string(text))
}

// Set gives a secret a value. The file of an earlier one is replaced as a whole, or stays as it is.
func (s *Store) Set(ctx context.Context, name string, value []byte) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return set(ctx, s, name, value, nil)
}

// ErrChanged is that a secret has another value by now.
var ErrChanged = errors.New("it was changed meanwhile")

// Replace gives a secret another value, unless it has another one than old by now: ErrChanged.
func (s *Store) Replace(ctx context.Context, name string, old, value []byte) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return set(ctx, s, name, value, func() error {
		now, err := s.Get(ctx, name)
		if err == nil && !bytes.Equal(now, old) {
			err = (&diag.Error{Summary: "the secret " + name + " was changed by another process meanwhile", Cause: ErrChanged}).
				WithHint("see what it is now: froyo secret edit %s", name)
		}
		return err
	})
}

// errThere ends a Create that has found a secret.
var errThere = errors.New("there is one")

// Create gives a secret a value that is not there yet; created is whether it was not.
func (s *Store) Create(ctx context.Context, name string, value []byte) (created bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	err = set(ctx, s, name, value, func() error {
		if _, err := s.file(name); !errors.Is(err, ErrNotFound) {
			return cmp.Or(err, errThere)
		}
		return nil
	})
	if errors.Is(err, errThere) {
		return false, nil
	}
	return err == nil, err
}

// set gives a secret a value where check, which may be nil, says so while no other process changes it.
func set(ctx context.Context, s *Store, name string, value []byte, check func() error) error {
	if len(value) > MaxSize {
		return (&diag.Error{Summary: fmt.Sprintf("the secret %s has %d bytes; %d are the most", name, len(value), MaxSize)}).
			WithHint("encrypt a large file by itself, and keep its key as a secret: froyo secret set %s", name)
	}
	return s.change(ctx, true, func(t *tree, l *list) error {
		if check != nil {
			if err := check(); err != nil {
				return err
			}
		}
		return put(ctx, s, t, l, name, value)
	})
}

// put encrypts a value into the file of its name.
func put(ctx context.Context, s *Store, t *tree, l *list, name string, value []byte) error {
	if err := t.free(name); err != nil {
		return err
	}
	l, err := s.begun(ctx, t, l)
	if err != nil {
		return err
	}
	data, err := seal(name, value, l.keys)
	if err != nil {
		return err
	}
	if err := t.put(name, data); err != nil {
		t.prune(name)
		return wrap(s.File(name), err)
	}
	return nil
}

// Free says why there cannot be a secret of a name beside those that there are, or is nil.
func (s *Store) Free(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	t, err := openTree(s.dir, s.trust)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrap(s.dir, err)
	}
	defer t.close()
	return t.free(name)
}

// free refuses a name that cannot stand beside others.
func (t *tree) free(name string) error {
	other, why, err := t.clash(name)
	if err != nil {
		return readFailed(path.Join(t.name, name)+ext, err)
	}
	if other == "" {
		return nil
	}
	if inKeySpace(name) {
		return (&diag.Error{Summary: fmt.Sprintf("there cannot be a key %s beside %s: %s", strings.TrimPrefix(name, keySpace), strings.TrimPrefix(other, keySpace), why)}).
			WithHint("take another name; froyo key list shows those that there are")
	}
	return (&diag.Error{Summary: fmt.Sprintf("there cannot be a secret %s beside %s: %s", name, other, why)}).
		WithHint("take another name; froyo secret list shows those that there are")
}

// begun is the list of recipients, which begins with the workspace's own key.
func (s *Store) begun(ctx context.Context, t *tree, l *list) (*list, error) {
	if len(l.all) > 0 {
		return l, nil
	}
	at := path.Join(s.dir, recipientsFile)
	k, err := s.identities(ctx)
	if err != nil {
		return nil, err
	}
	if found, err := t.walk("", nil); err != nil || len(found) > 0 {
		if err != nil {
			return nil, readFailed(s.dir, err)
		}
		return nil, (&diag.Error{Summary: at + " names no recipients, and there are secrets: who is to read them is not known"}).
			WithHint("restore the file from the repository, or begin it anew: froyo secret recipients add KEY")
	}
	if k.own == nil {
		return nil, (&diag.Error{
			Summary: "there is no one to encrypt for: the workspace has no key of its own, and " + at + " names no recipients",
			Detail:  strings.Join(k.skipped, "\n"),
		}).
			WithHint("froyo init makes the workspace's key; another one is added by: froyo secret recipients add KEY")
	}
	with, err := anew(l, Recipient{Key: k.own.Recipient().String(), Name: label(s.ids.Name)})
	if err != nil {
		return nil, err
	}
	if err := t.write(recipientsFile, with.bytes()); err != nil {
		return nil, wrap(at, err)
	}
	s.notice("%s begins with the workspace's own key, %s", at, s.ids.Own)
	return with, nil
}

// put writes the file of a secret.
func (t *tree) put(name string, data []byte) error {
	dir, file, err := t.descend(name, true)
	if err != nil {
		return err
	}
	defer dir.close()
	return dir.write(file, data)
}

// prune removes the directories of a secret that are empty.
func (t *tree) prune(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, err := t.root.Lstat(dir); err != nil || !info.IsDir() || t.root.Remove(dir) != nil { // it is not empty
			return
		}
	}
}

// Remove removes a secret.
func (s *Store) Remove(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if _, err := s.file(name); errors.Is(err, ErrNotFound) {
		return err
	}
	return s.change(ctx, false, func(t *tree, _ *list) error {
		dir, file, err := t.descend(name, false)
		if err == nil {
			err = dir.root.Remove(file)
			if err == nil {
				err = dir.sync()
			}
			dir.close()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return s.notFound(name)
		}
		if err != nil {
			return wrap(s.File(name), err)
		}
		t.prune(name)
		return nil
	})
}
