package keys

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// While a key is rotated there are two of it: next, until all hosts have let froyo in by it, stands beside the key, and last, from then
// until no host takes it any more.
const (
	next = ".new"
	last = ".old"
)

// Next is the name by which connections get the key that is to take the place of one.
func Next(name string) string { return name + next }

// base is the name of the key that another stands beside.
func base(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, next), last)
}

// Rotation is how far a key is rotated.
type Rotation struct {
	// Old and New are the lines of both keys, as they stand in authorized_keys.
	Old, New string
	// Fingerprint is that of the new key.
	Fingerprint string
	// Replaced is set where the new key has taken the place of the old one, which hosts may still take.
	Replaced bool
	// Resumed is set where an earlier rotation did not come to its end.
	Resumed bool
}

// Rotating tells how far a key is rotated, and settles what was interrupted. Old is the only line where there is no other key yet.
func (k *Keys) Rotating(ctx context.Context, name string) (r Rotation, err error) {
	if err := k.kept.CheckName(name); err != nil {
		return r, err
	}
	now, signer, err := k.opened(ctx, name)
	if err != nil {
		return r, err
	}
	coming, err := k.beside(ctx, Next(name))
	if err != nil {
		return r, err
	}
	gone, err := k.beside(ctx, name+last)
	if err != nil {
		return r, err
	}
	switch { // Replace writes the old one first, then the key, and removes the new one
	case coming != nil && bytes.Equal(now, coming):
		err = k.kept.Remove(ctx, Next(name))
		coming = nil
	case coming != nil && gone != nil:
		err = k.kept.Remove(ctx, name+last)
		gone = nil
	}
	if err != nil {
		return r, err
	}
	r = Rotation{Old: lineOf(signer.PublicKey(), name), Resumed: coming != nil || gone != nil, Replaced: gone != nil}
	switch {
	case gone != nil:
		r.New, r.Fingerprint = r.Old, fingerprint(signer)
		r.Old, err = k.line(ctx, name+last)
	case coming != nil:
		err = r.takes(ctx, k, name)
	}
	return r, err
}

// beside is the private half of a key that stands beside another, nil where there is none.
func (k *Keys) beside(ctx context.Context, name string) ([]byte, error) {
	pem, err := k.kept.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return pem, err
}

func (k *Keys) line(ctx context.Context, name string) (string, error) {
	_, signer, err := k.opened(ctx, name)
	if err != nil {
		return "", err
	}
	return lineOf(signer.PublicKey(), base(name)), nil
}

// takes takes over the new key.
func (r *Rotation) takes(ctx context.Context, k *Keys, name string) error {
	_, signer, err := k.opened(ctx, Next(name))
	if err == nil {
		r.New, r.Fingerprint = lineOf(signer.PublicKey(), name), fingerprint(signer)
	}
	return err
}

// Successor makes the key that is to take the place of another, of its kind, unless there is one.
func (k *Keys) Successor(ctx context.Context, name string, r *Rotation) error {
	if r.New != "" {
		return nil
	}
	private, err := generate(kindOf(r.Old))
	if err != nil {
		return err
	}
	sealed, public, err := halves(name, private)
	if err != nil {
		return err
	}
	if err := k.kept.Create(ctx, Next(name), sealed, public); err != nil && !errors.Is(err, store.ErrExists) { // another froyo was quicker
		return err
	}
	return r.takes(ctx, k, name)
}

// kindOf is the kind of a key by its line.
func kindOf(line string) string {
	switch {
	case strings.HasPrefix(line, "ssh-rsa "):
		return "rsa"
	case strings.HasPrefix(line, "ecdsa-"):
		return "ecdsa"
	}
	return "ed25519"
}

// Replace gives the new key the place of the old one, which stays beside it.
func (k *Keys) Replace(ctx context.Context, name string, r *Rotation) error {
	old, err := k.kept.Get(ctx, name)
	if err != nil {
		return err
	}
	coming, err := k.kept.Get(ctx, Next(name))
	if err != nil {
		return err
	}
	if err := k.kept.Replace(ctx, name+last, old, []byte(r.Old+"\n")); err != nil {
		return err
	}
	if err := k.kept.Replace(ctx, name, coming, []byte(r.New+"\n")); err != nil {
		return err
	}
	r.Replaced = true
	return k.kept.Remove(ctx, Next(name))
}

// Forget removes the old key, which no host takes any more.
func (k *Keys) Forget(ctx context.Context, name string) error { return k.kept.Remove(ctx, name+last) }

// Removable refuses a key that is none, or that another is to take the place of.
func (k *Keys) Removable(ctx context.Context, name string) error {
	if err := k.kept.CheckName(name); err != nil {
		return err
	}
	all, err := k.List(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Name != name {
			continue
		}
		if one.Rotating {
			return (&diag.Error{Summary: "the rotation of " + name + " is unfinished; it was not removed"}).WithHint("finish it first: froyo key rotate %s", name)
		}
		return nil
	}
	return k.notFound(ctx, name)
}

// Remove removes a key, both halves.
func (k *Keys) Remove(ctx context.Context, name string) error { return k.kept.Remove(ctx, name) }
