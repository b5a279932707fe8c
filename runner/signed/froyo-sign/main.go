// Command froyo-sign signs what a build embeds in froyo: it lists the digests of the runners, guards and guests, and
// writes a bundle beside the list and beside each runner and guard. Usage: froyo-sign DIRECTORY, that of the source.
//
// The key is the file that FROYO_SIGNING_KEY names, an ECDSA key in PKCS #8, else bin/signing.key, which is made where
// it is missing. What is written is the same for the same parts and key.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
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
	"strings"

	"github.com/openfroyo/froyo/runner/signed"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: froyo-sign DIRECTORY")
		os.Exit(1)
	}
	if err := sign(os.Args[1], os.Getenv("FROYO_SIGNING_KEY")); err != nil {
		fmt.Fprintln(os.Stderr, "froyo-sign:", err)
		os.Exit(1)
	}
}

func sign(root, keyFile string) error {
	key, err := signingKey(root, keyFile)
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "runner", "dist")
	sums := map[string]string{}
	programs, err := filepath.Glob(filepath.Join(dist, "froyo-*"))
	if err != nil {
		return err
	}
	for _, path := range programs {
		if err := signProgram(path, sums, key); err != nil {
			return err
		}
	}
	guests, err := filepath.Glob(filepath.Join(root, "providers", "dist", "*.wasm"))
	if err != nil {
		return err
	}
	for _, path := range guests {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sums[filepath.Base(path)] = sum(data)
	}
	list := []byte(signed.List(sums))
	public, err := signed.PEM(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dist, signed.KeyFile), public); err != nil {
		return err
	}
	if err := write(filepath.Join(dist, signed.ListFile), list); err != nil {
		return err
	}
	return bundle(filepath.Join(dist, signed.ListFile), list, key)
}

// signProgram lists a file of a runner or guard: what is sent, which gets a bundle, and what that unpacks to.
func signProgram(path string, sums map[string]string, key *ecdsa.PrivateKey) error {
	name := filepath.Base(path)
	switch filepath.Ext(path) {
	case signed.Suffix:
		if _, err := os.Stat(strings.TrimSuffix(path, signed.Suffix)); errors.Is(err, fs.ErrNotExist) {
			return os.Remove(path) // of a platform that is no longer built for
		}
		return nil
	case ".sum":
		about, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		program, _, _ := strings.Cut(string(about), " ")
		sums[strings.TrimSuffix(name, ".sum")] = program
		return nil
	case ".gz", ".zst":
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sums[name] = sum(data)
		return bundle(path, data, key)
	}
	return fmt.Errorf("%s: what is that?", path)
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// bundle writes the bundle of a file.
func bundle(path string, data []byte, key *ecdsa.PrivateKey) error {
	text, err := signed.Sign(data, key)
	if err != nil {
		return err
	}
	return write(path+signed.Suffix, text)
}

// write writes a file that is not the same already, since froyo is built anew where one is newer.
func write(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return os.WriteFile(path, data, 0o644)
}

// signingKey reads the key, and makes the local one where it is missing.
func signingKey(root, name string) (*ecdsa.PrivateKey, error) {
	local := name == ""
	if local {
		name = filepath.Join(root, "bin", "signing.key")
	}
	text, err := os.ReadFile(name)
	if local && errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(name)
	}
	if err != nil {
		return nil, err
	}
	key, err := signed.PrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

func makeKey(name string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	return text, os.WriteFile(name, text, 0o600)
}
