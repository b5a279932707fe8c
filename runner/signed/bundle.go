// Package signed says whether what is embedded in froyo is what its build signed: the runners and the guests. A list
// holds the digest of each part, and a signature by the key of the build stands beside it, in the form of a bundle of
// Sigstore, so that others can check it by cosign.
//
// It imports the standard library only.
package signed

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
)

// MediaType is the form of bundles that is written and read.
const MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// maxBundle bounds the size of a bundle.
const maxBundle = 16 << 10

// bundle is a signature by a key. What else a bundle may hold, certificates and entries of logs, is refused: it would
// look like a promise, and is not looked at.
type bundle struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial struct {
		PublicKey struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
	} `json:"verificationMaterial"`
	MessageSignature struct {
		MessageDigest struct {
			Algorithm string `json:"algorithm"`
			Digest    []byte `json:"digest"`
		} `json:"messageDigest"`
		Signature []byte `json:"signature"`
	} `json:"messageSignature"`
}

// algorithm is the only one of digests, in the words of bundles.
const algorithm = "SHA2_256"

// Sign makes the bundle of a text. The same text and key give the same bundle.
func Sign(text []byte, key *ecdsa.PrivateKey) ([]byte, error) {
	sum := sha256.Sum256(text)
	// Without a source of random bytes the signature is made as RFC 6979 says, so that a build can be repeated.
	signature, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	hint, err := KeyHint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	var b bundle
	b.MediaType = MediaType
	b.VerificationMaterial.PublicKey.Hint = hint
	b.MessageSignature.MessageDigest.Algorithm, b.MessageSignature.MessageDigest.Digest = algorithm, sum[:]
	b.MessageSignature.Signature = signature
	data, err := json.Marshal(b)
	return append(data, '\n'), err
}

// Verify says what is wrong with the bundle of a text, or nil.
func Verify(text, data []byte, key *ecdsa.PublicKey) error {
	return verify(sha256.Sum256(text), data, key)
}

func verify(sum [sha256.Size]byte, data []byte, key *ecdsa.PublicKey) error {
	if len(data) > maxBundle {
		return errors.New("the bundle is too large")
	}
	var b bundle
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return fmt.Errorf("the bundle is damaged: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the bundle is damaged: something follows it")
	}
	hint, err := KeyHint(key)
	if err != nil {
		return err
	}
	signed := &b.MessageSignature
	switch {
	case b.MediaType != MediaType:
		return fmt.Errorf("the bundle is a %.80q, want %s", b.MediaType, MediaType)
	case b.VerificationMaterial.PublicKey.Hint != hint:
		return fmt.Errorf("it is signed by another key, %.80q", b.VerificationMaterial.PublicKey.Hint)
	case signed.MessageDigest.Algorithm != algorithm || !bytes.Equal(signed.MessageDigest.Digest, sum[:]):
		return errors.New("the bundle is of something else: its digest differs")
	case !ecdsa.VerifyASN1(key, sum[:], signed.Signature):
		return errors.New("the signature does not fit")
	}
	return nil
}

// KeyHint names a key, as cosign does.
func KeyHint(key *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// PublicKey reads a public key in PEM.
func PublicKey(text []byte) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it holds no key in PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it holds no public key")
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("it holds a key that is not of ECDSA")
	}
	return key, nil
}

// PrivateKey reads a private key in PEM.
func PrivateKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it holds no key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it holds no private key in PKCS #8 without a passphrase")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("it holds a key that is not of ECDSA")
	}
	return key, nil
}

// PEM writes a public key.
func PEM(key *ecdsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
