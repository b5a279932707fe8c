package workspace

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// Sealer returns the function that stands for secrets: a digest keyed with a
// key of this workspace, so that a short secret cannot be guessed from it. The
// key is made at first use.
func (w *Workspace) Sealer() (func([]byte) string, error) {
	name := filepath.Join(w.StateDir(), "keys", "digest")
	key, err := readKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if err = writeNew(name, []byte(hex.EncodeToString(key)+"\n"), 0o600); errors.Is(err, fs.ErrExist) {
			key, err = readKey(name) // another froyo was quicker
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the workspace's digest key: %w", err)
	}
	return func(data []byte) string {
		mac := hmac.New(sha256.New, key)
		mac.Write(data)
		return hex.EncodeToString(mac.Sum(nil))
	}, nil
}

// readKey reads a key of 32 bytes in hex, from a file that is its owner's alone.
func readKey(name string) ([]byte, error) {
	text, err := readPrivate(name)
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	if len(text) < 64 {
		return nil, damagedDigestKey(name, fmt.Sprintf("it holds %d characters, not 64", len(text)))
	}
	if _, err := hex.Decode(key, text[:64]); err != nil {
		return nil, damagedDigestKey(name, "it holds more than hexadecimal digits")
	}
	return key, nil
}

// damagedDigestKey says what to do about the key by which sensitive values are compared.
func damagedDigestKey(name, why string) error {
	return (&diag.Error{Summary: name + " is damaged: " + why}).
		WithHint("restore it from a backup, or make a new one, to which sensitive values of before are not the same: rm %s; froyo init", wording.Quote(name))
}

// readPrivate reads a file that is its owner's alone.
func readPrivate(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s can be read by others (mode %04o)", name, info.Mode().Perm())}).
			WithHint("chmod 600 %s", name)
	}
	return os.ReadFile(name)
}

// ageKey makes an identity for secrets.
func ageKey(string) ([]byte, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return []byte("# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"), nil
}

// signingKey makes the key that signs plans.
func signingKey(string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// signingPublicKey is the public half of the signing key in dir, for those who check signatures.
func signingPublicKey(dir string) ([]byte, error) {
	key, err := readSigningKey(filepath.Join(dir, dataFolder, "keys", "signing"))
	if err != nil {
		return nil, err
	}
	return publicPEM(key)
}

func publicPEM(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// writeNew writes a file that is not there yet, whole, with its directory.
func writeNew(name string, data []byte, mode fs.FileMode) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), name) // fails where the file is there already
}
