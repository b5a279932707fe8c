package workspace

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// Signer returns the key that signs the plans of this workspace. It is made at first use.
func (w *Workspace) Signer() (ed25519.PrivateKey, error) {
	key, err := w.signingKey()
	if errors.Is(err, fs.ErrNotExist) {
		if _, lost := os.Lstat(w.keyFile("signing.pub")); lost == nil { // it was lost, or another froyo is making it
			if key, err = w.signingKey(); errors.Is(err, fs.ErrNotExist) {
				err = damagedKey(w.keyFile("signing"), "it is gone, and its public half is there")
			}
		} else {
			key, err = w.makeSigningKey()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the workspace's signing key: %w", err)
	}
	return key, nil
}

func (w *Workspace) keyFile(name string) string { return filepath.Join(w.StateDir(), "keys", name) }

func (w *Workspace) signingKey() (ed25519.PrivateKey, error) {
	name := w.keyFile("signing")
	if err := w.trustOne(name); err != nil {
		return nil, err
	}
	return readSigningKey(name)
}

// makeSigningKey makes the key, and its public half for other workspaces.
func (w *Workspace) makeSigningKey() (ed25519.PrivateKey, error) {
	text, err := signingKey("")
	if err != nil {
		return nil, err
	}
	if err := writeNew(w.keyFile("signing"), text, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	key, err := w.signingKey() // another froyo may have been quicker
	if err != nil {
		return nil, err
	}
	if text, err = publicPEM(key); err != nil {
		return nil, err
	}
	if err := writeNew(w.keyFile("signing.pub"), text, 0o644); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return key, nil
}

// PlanKeys returns the keys of which one must have signed a plan: the
// workspace's own, if it has one yet, and those in keys/trusted.
func (w *Workspace) PlanKeys() ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	own, err := w.signingKey()
	if err == nil {
		public, _ := own.Public().(ed25519.PublicKey)
		keys = append(keys, public)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries, err := os.ReadDir(w.keyFile("trusted"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".pub" {
			continue
		}
		name := filepath.Join(w.keyFile("trusted"), e.Name())
		if err := w.Trust(name); err != nil {
			return nil, err
		}
		key, err := readPublicKey(name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// damagedKey says what to do about a signing key that cannot be read.
func damagedKey(name, why string) error {
	return (&diag.Error{Summary: name + " is damaged: " + why}).
		WithHint("restore it from a backup, or make a new one, with which plans that were saved before are no longer signed: rm %s %s; froyo init", wording.Quote(name), wording.Quote(name+".pub"))
}

// readSigningKey reads a private key in PEM, from a file that is its owner's alone.
func readSigningKey(name string) (ed25519.PrivateKey, error) {
	text, err := readPrivate(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, damagedKey(name, "it holds no key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, damagedKey(name, "it holds no private key in PKCS #8")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no ed25519 key", name)
	}
	return key, nil
}

// readPublicKey reads a public key in PEM.
func readPublicKey(name string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(text); block != nil {
		if parsed, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := parsed.(ed25519.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, (&diag.Error{Summary: name + " holds no public ed25519 key in PEM"}).
		WithHint("copy the signing.pub of the workspace whose plans you trust, or remove the file")
}
