// Package keys is the SSH keys of a workspace: how they are made and taken in, and how connections get them by name. The
// private half of a key is encrypted with the secrets, for the same recipients, and leaves that only in memory; the public
// half stands in the clear beside it.
//
// It imports engine/secret/store and engine/diag.
package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// Default is the key that a new workspace has.
const Default = "default-ed25519"

// Keys are the keys of a workspace.
type Keys struct {
	kept store.Keys
}

// Of are the keys that are kept with secrets.
func Of(s *store.Store) *Keys { return &Keys{store.KeysOf(s)} }

// Key is one of them, without its private half.
type Key struct {
	Name        string
	Type        string
	Fingerprint string
	// Line is the public half, as it stands in authorized_keys.
	Line    string
	Changed time.Time
	// Readable is set where a key of the operator's opens the private half.
	Readable bool
	// Rotating is set where another key is to take its place, which has not come to its end.
	Rotating bool
	// Problem is why the key cannot be used by anyone, or "".
	Problem string
}

// File is where the private half of a key is, encrypted, and PublicFile where the public one is.
func (k *Keys) File(name string) string { return k.kept.File(name) }

// PublicFile is the file of the public half.
func (k *Keys) PublicFile(name string) string { return k.kept.PublicFile(name) }

// CheckName refuses what cannot be the name of a key.
func (k *Keys) CheckName(name string) error { return k.kept.CheckName(name) }

// Private opens the private half of a key: a file of OpenSSH without a passphrase. It is one that can be used, and the public half
// beside it is its own.
func (k *Keys) Private(ctx context.Context, name string) ([]byte, error) {
	pem, _, err := k.open(ctx, name)
	return pem, err
}

// Signer opens a key to log in with.
func (k *Keys) Signer(ctx context.Context, name string) (ssh.Signer, error) {
	_, signer, err := k.open(ctx, name)
	return signer, err
}

// Public is the line of a key as it stands in authorized_keys. It is that of the private half, so that who replaces the file in the
// clear gets into no host.
func (k *Keys) Public(ctx context.Context, name string) (line string, err error) {
	_, signer, err := k.open(ctx, name)
	if err != nil {
		return "", err
	}
	return lineOf(signer.PublicKey(), base(name)), nil
}

// PublicOrMade is Public, which makes the file in the clear where it is missing.
func (k *Keys) PublicOrMade(ctx context.Context, name string) (line string, made bool, err error) {
	if line, err = k.Public(ctx, name); err != nil {
		return "", false, err
	}
	if _, err = k.kept.Public(name); errors.Is(err, fs.ErrNotExist) {
		err, made = k.kept.WritePublic(ctx, name, []byte(line+"\n")), true
	}
	return line, made && err == nil, err
}

// open opens a key of the operator's.
func (k *Keys) open(ctx context.Context, name string) ([]byte, ssh.Signer, error) {
	if err := k.kept.CheckName(base(name)); err != nil {
		return nil, nil, err
	}
	return k.opened(ctx, name)
}

// opened opens a key, or one that stands beside it while it is rotated.
func (k *Keys) opened(ctx context.Context, name string) ([]byte, ssh.Signer, error) {
	pem, err := k.kept.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, k.notFound(ctx, name)
	}
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return nil, nil, damaged(k.File(name)+" holds no key that can be used", k, name)
	}
	switch text, err := k.kept.Public(name); {
	case errors.Is(err, fs.ErrNotExist): // it can be made of the private half
	case err != nil:
		return nil, nil, err
	case !isHalf(text, signer.PublicKey()):
		return nil, nil, damaged(k.PublicFile(name)+" is not the public half of the key beside it: it was changed or replaced", k, name)
	}
	return pem, signer, nil
}

func damaged(what string, k *Keys, name string) error {
	return (&diag.Error{Summary: what}).
		WithHint("restore both from the repository: git checkout -- %s %s", k.File(name), k.PublicFile(name))
}

// notFound says that there is no key of a name, and which there is.
func (k *Keys) notFound(ctx context.Context, name string) error {
	d := &diag.Error{Summary: "there is no key " + name, Cause: store.ErrNotFound}
	if all, err := k.kept.List(ctx); err == nil {
		var names []string
		for _, one := range all {
			names = append(names, one.Name)
		}
		if near := diag.Nearest(name, names); near != "" {
			return d.WithHint("did you mean %s?", near)
		}
	}
	return d.WithHint("make it: froyo key new %s", name)
}

// Check returns an error where there is no key of a name, however damaged. It asks for nothing.
func (k *Keys) Check(ctx context.Context, name string) error {
	if err := k.kept.CheckName(name); err != nil {
		return err
	}
	there, err := k.Exists(ctx, name)
	if err == nil && !there {
		err = k.notFound(ctx, name)
	}
	return err
}

// Exists reports whether there is a key of a name, however damaged.
func (k *Keys) Exists(ctx context.Context, name string) (bool, error) {
	all, err := k.kept.List(ctx)
	for _, one := range all {
		if one.Name == name {
			return true, err
		}
	}
	return false, err
}

// List lists the keys by name. It asks for nothing.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	found, err := k.kept.List(ctx)
	if err != nil {
		return nil, err
	}
	var all []Key
	beside := map[string]bool{}
	for _, f := range found {
		if name, _, is := strings.Cut(f.Name, "."); is {
			beside[name] = true
			continue
		}
		one := Key{Name: f.Name, Changed: f.Changed, Readable: f.Readable, Problem: f.Problem}
		switch text, err := k.kept.Public(f.Name); {
		case errors.Is(err, fs.ErrNotExist):
			one.set("its public half is missing")
		case err != nil:
			one.set(err.Error())
		case k.isOfAnother(ctx, f.Name, text):
			one.set("its public half is of another key: it was changed or replaced")
		default:
			one.describe(text)
		}
		all = append(all, one)
	}
	for i := range all {
		all[i].Rotating = beside[all[i].Name]
	}
	return all, nil
}

// isOfAnother reports whether a public half is not that of the private one, as far as that can be read without a passphrase.
func (k *Keys) isOfAnother(ctx context.Context, name string, text []byte) bool {
	pem, err := k.kept.Glance(ctx, name)
	if err != nil {
		return false
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return false
	}
	_, _, _, _, err = ssh.ParseAuthorizedKey(text)
	return err == nil && !isHalf(text, signer.PublicKey())
}

func (k *Key) set(problem string) {
	if k.Problem == "" {
		k.Problem = problem
	}
}

// describe takes over what the public half tells.
func (k *Key) describe(text []byte) {
	public, _, _, rest, err := ssh.ParseAuthorizedKey(text)
	if err != nil || len(bytes.TrimSpace(rest)) > 0 {
		k.set("its public half is no key")
		return
	}
	k.Type, k.Fingerprint, k.Line = public.Type(), ssh.FingerprintSHA256(public), lineOf(public, k.Name)
}

func fingerprint(signer ssh.Signer) string { return ssh.FingerprintSHA256(signer.PublicKey()) }

// isHalf reports whether a file holds a public key, and no other.
func isHalf(text []byte, want ssh.PublicKey) bool {
	public, _, options, rest, err := ssh.ParseAuthorizedKey(text)
	return err == nil && len(options) == 0 && len(bytes.TrimSpace(rest)) == 0 && bytes.Equal(public.Marshal(), want.Marshal())
}

// Bare is the line of a key without its comment: type and key.
func Bare(line string) (string, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))), nil
}

// lineOf is a public key as it stands in a file.
func lineOf(public ssh.PublicKey, name string) string {
	return fmt.Sprintf("%s froyo:%s", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))), name)
}
