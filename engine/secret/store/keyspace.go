package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// keySpace is where SSH keys are kept, beside the secrets: their private halves are encrypted with them and for the same
// recipients, but are no secrets, so that nothing that prints or sends a secret gives one away.
const keySpace = "ssh-keys/"

// ErrExists is that there is something of a name already.
var ErrExists = errors.New("there is one already")

// maxPublic is how large a file with the public half of a key may be.
const maxPublic = 16 << 10

// inKeySpace reports whether a name is in the space of SSH keys, on every file system.
func inKeySpace(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.EqualFold(first+"/", keySpace)
}

// Keys are what is kept of SSH keys: NAME.age, which is encrypted, and NAME.pub, in the clear, beside it. What they hold is
// the caller's business.
type Keys struct{ s *Store }

// KeysOf are the SSH keys in the directory of secrets.
func KeysOf(s *Store) Keys { return Keys{s} }

// CutKeys takes apart the names that a change of the recipients gives: those of secrets, and those of keys.
func CutKeys(names []string) (secrets, keys []string) {
	for _, name := range names {
		if inKeySpace(name) {
			keys = append(keys, name[len(keySpace):])
		} else {
			secrets = append(secrets, name)
		}
	}
	return secrets, keys
}

// File is the file of the private half of a key.
func (k Keys) File(name string) string { return k.s.File(keySpace + name) }

// PublicFile is the file of its public half.
func (k Keys) PublicFile(name string) string { return path.Join(k.s.dir, keySpace, public(name)) }

func public(name string) string { return name + ".pub" }

// CheckName refuses what cannot be the name of a key. Names with a dot are for keys of which there are two, while they are changed.
func (Keys) CheckName(name string) error {
	why := nameFault(keySpace + name)
	switch {
	case name == "":
		why = "it is empty"
	case strings.ContainsAny(name, "./"):
		why = "a slash or a dot cannot stand in it"
	case name[0] == '-':
		why = "it begins with -, as flags do"
	case len(name) > maxSegment/2:
		why = fmt.Sprintf("it has more than %d characters", maxSegment/2)
	}
	if why == "" {
		return nil
	}
	return (&diag.Error{Summary: fmt.Sprintf("%q is no name of a key: %s", shortened(name), why)}).
		WithHint("a name is like default-ed25519: letters, digits, _ and -")
}

// Get opens the private half of a key. errors.Is(err, ErrNotFound) is that there is none.
func (k Keys) Get(ctx context.Context, name string) ([]byte, error) {
	return get(ctx, k.s, keySpace+name)
}

// Glance is Get by the keys that need no passphrase. It asks for nothing.
func (k Keys) Glance(ctx context.Context, name string) ([]byte, error) {
	file, err := k.s.file(keySpace + name)
	if err != nil {
		return nil, err
	}
	ids, err := k.s.identities(ctx)
	if err != nil {
		return nil, err
	}
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	return open(keySpace+name, file, ids.passive())
}

// Public reads the public half of a key. errors.Is(err, fs.ErrNotExist) is that there is none.
func (k Keys) Public(name string) ([]byte, error) {
	t, err := openTree(k.s.dir, k.s.trust)
	if err != nil {
		return nil, wrapRead(k.s.dir, err)
	}
	defer t.close()
	dir, _, err := t.descend(keySpace+name, false)
	if err != nil {
		return nil, wrapRead(k.PublicFile(name), err)
	}
	defer dir.close()
	text, err := dir.read(public(name), maxPublic)
	return text, wrapRead(k.PublicFile(name), err)
}

// wrapRead is readFailed, but of what is not there.
func wrapRead(at string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return readFailed(at, err)
}

// Create keeps a key that is not there yet; ErrExists is that there is one, or a part of one.
func (k Keys) Create(ctx context.Context, name string, private, pub []byte) error {
	return k.write(ctx, name, private, pub, false)
}

// Replace keeps a key, in the place of another one.
func (k Keys) Replace(ctx context.Context, name string, private, pub []byte) error {
	return k.write(ctx, name, private, pub, true)
}

func (k Keys) write(ctx context.Context, name string, private, pub []byte, replace bool) error {
	return k.s.change(ctx, true, func(t *tree, l *list) error {
		if !replace {
			if err := k.vacant(t, name); err != nil {
				return err
			}
		}
		if err := put(ctx, k.s, t, l, keySpace+name, private); err != nil {
			return err
		}
		return k.writePublic(t, name, pub)
	})
}

// WritePublic writes the public half of a key that has lost it.
func (k Keys) WritePublic(ctx context.Context, name string, pub []byte) error {
	return k.s.change(ctx, false, func(t *tree, _ *list) error { return k.writePublic(t, name, pub) })
}

func (k Keys) writePublic(t *tree, name string, pub []byte) error {
	dir, _, err := t.descend(keySpace+name, false)
	if err == nil {
		err = dir.write(public(name), pub)
		dir.close()
	}
	return wrap(k.PublicFile(name), err)
}

// vacant refuses the name of a key of which there is a part.
func (k Keys) vacant(t *tree, name string) error {
	dir, private, err := t.descend(keySpace+name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return readFailed(k.File(name), err)
	}
	defer dir.close()
	for _, file := range []string{private, public(name)} {
		if _, err := dir.root.Lstat(file); err == nil {
			return ErrExists
		} else if !errors.Is(err, fs.ErrNotExist) {
			return readFailed(path.Join(dir.name, file), err)
		}
	}
	return nil
}

// Remove removes both halves of a key, of which there may be one.
func (k Keys) Remove(ctx context.Context, name string) error {
	return k.s.change(ctx, false, func(t *tree, _ *list) error {
		dir, private, err := t.descend(keySpace+name, false)
		if err != nil {
			return wrap(k.File(name), err)
		}
		defer dir.close()
		for _, file := range []string{private, public(name)} { // the one that opens hosts first
			if err := dir.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return wrap(path.Join(dir.name, file), err)
			}
		}
		return dir.sync()
	})
}

// List lists what there is of private halves, by name. It asks for nothing.
func (k Keys) List(ctx context.Context) ([]Secret, error) {
	found, err := listed(ctx, k.s, inKeySpace)
	for i := range found {
		found[i].Name = found[i].Name[len(keySpace):]
	}
	return found, err
}
