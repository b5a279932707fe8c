package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// open makes a directory of secrets, with a key that opens it.
func open(t *testing.T) (*Keys, *store.Store) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "agekey")
	if err := os.WriteFile(own, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := store.Open(filepath.Join(t.TempDir(), "secrets"), store.Identities{Own: own}, nil)
	return Of(s), s
}

func never() ([]byte, error) { return nil, errors.New("nothing is to be asked for") }

func TestNew(t *testing.T) {
	t.Parallel()
	k, s := open(t)
	for _, kind := range []string{"ed25519", "ecdsa"} {
		made, err := k.New(t.Context(), "a-"+kind, kind)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := k.Signer(t.Context(), "a-"+kind)
		if err != nil || ssh.FingerprintSHA256(signer.PublicKey()) != made.Fingerprint {
			t.Errorf("%s: %v", kind, err)
		}
		if line, err := k.Public(t.Context(), "a-"+kind); err != nil || line != made.Line || !strings.HasSuffix(line, " froyo:a-"+kind) {
			t.Errorf("%q %v", line, err)
		}
		text, err := os.ReadFile(k.PublicFile("a-" + kind))
		if err != nil || string(text) != made.Line+"\n" {
			t.Errorf("%q %v", text, err)
		}
		if sealed, err := os.ReadFile(k.File("a-" + kind)); err != nil || !bytes.HasPrefix(sealed, []byte("-----BEGIN AGE")) {
			t.Errorf("%.40q %v", sealed, err)
		}
	}
	before, _ := k.Private(t.Context(), "a-ed25519")
	for _, name := range []string{"a-ed25519", "A-ed25519"} {
		if _, err := k.New(t.Context(), name, "ed25519"); err == nil {
			t.Errorf("%s was made beside a-ed25519", name)
		}
	}
	if after, err := k.Private(t.Context(), "a-ed25519"); err != nil || !bytes.Equal(before, after) {
		t.Error("the key was overwritten")
	}
	for _, name := range []string{"", "-a", "a/b", "a.new", "../a", strings.Repeat("a", 101)} {
		if _, err := k.New(t.Context(), name, "ed25519"); err == nil {
			t.Errorf("%q was taken for a name", name)
		}
	}
	if _, err := k.New(t.Context(), "b", "dsa"); err == nil || diag.Of(err).Hint != "the kinds are: ed25519, ecdsa, rsa" {
		t.Errorf("a DSA key was made: %v", err)
	}
	// They are no secrets: nothing that prints or sends those gives one away.
	if all, err := s.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	for _, name := range []string{"ssh-keys/a-ed25519", "SSH-KEYS/a-ed25519", "ssh-keys"} {
		if _, err := s.Get(t.Context(), name); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err := errors.Join(s.Set(t.Context(), name, nil), s.Remove(t.Context(), name)); err == nil {
			t.Errorf("%s could be set", name)
		}
	}
	all, err := k.List(t.Context())
	if err != nil || len(all) != 2 || !all[1].Readable || all[1].Type != "ssh-ed25519" || all[1].Problem != "" {
		t.Errorf("%+v %v", all, err)
	}
}

// TestHalves: the public half that stands in the clear is that of the private one, or the key is not used.
func TestHalves(t *testing.T) {
	t.Parallel()
	k, _ := open(t)
	for _, name := range []string{"web", "other"} {
		if _, err := k.New(t.Context(), name, "ed25519"); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(k.PublicFile("web"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(k.PublicFile("other"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{other, append(bytes.Clone(whole), other...), append([]byte(`command="id" `), whole...), []byte("x"), nil} {
		if err := os.WriteFile(k.PublicFile("web"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Signer(t.Context(), "web"); err == nil || !strings.Contains(err.Error(), "is not the public half") {
			t.Errorf("%q: %v", text, err)
		}
		all, err := k.List(t.Context())
		if err != nil || all[1].Name != "web" || all[1].Problem == "" || all[1].Line != "" || all[1].Fingerprint != "" {
			t.Errorf("%q: it is listed as %+v, %v", text, all, err)
		}
	}
	if err := os.Remove(k.PublicFile("web")); err != nil {
		t.Fatal(err)
	}
	if all, err := k.List(t.Context()); err != nil || all[1].Problem != "its public half is missing" {
		t.Errorf("%+v %v", all, err)
	}
	if line, made, err := k.PublicOrMade(t.Context(), "web"); err != nil || !made || line+"\n" != string(whole) {
		t.Errorf("%q %v %v", line, made, err)
	}
	// A file of another key in its place is not opened.
	moved, err := os.ReadFile(k.File("other"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k.File("web"), moved, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer(t.Context(), "web"); err == nil || !strings.Contains(err.Error(), "was moved or put there") && !strings.Contains(err.Error(), "it holds the secret") {
		t.Error(err)
	}
	if _, err := k.Signer(t.Context(), "oter"); err == nil || !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

// TestRecipients: a change of the recipients encrypts keys anew, too.
func TestRecipients(t *testing.T) {
	t.Parallel()
	k, s := open(t)
	if _, err := k.New(t.Context(), "web", "ed25519"); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(k.File("web"))
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	_, names, err := s.AddRecipients(t.Context(), store.Recipient{Key: id.Recipient().String(), Name: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	if secrets, keys := store.CutKeys(names); len(secrets) != 0 || len(keys) != 1 || keys[0] != "web" {
		t.Errorf("%v %v", secrets, keys)
	}
	if after, err := os.ReadFile(k.File("web")); err != nil || bytes.Equal(before, after) {
		t.Error("it was not encrypted anew")
	}
	bob := filepath.Join(t.TempDir(), "bob")
	if err := os.WriteFile(bob, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Of(store.Open(s.Dir(), store.Identities{Files: []string{bob}}, nil)).Signer(t.Context(), "web"); err != nil {
		t.Error(err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	k, _ := open(t)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is refused
	if err != nil {
		t.Fatal(err)
	}
	openssh := func(key any) []byte {
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(block)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(ed, "", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	of := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	sk := of("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00 sk-ssh-ed25519@openssh.com"))
	dsaKey, err := asn1.Marshal([]*big.Int{big.NewInt(0), big.NewInt(1), big.NewInt(1), big.NewInt(1), big.NewInt(1), big.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	public := ssh.MarshalAuthorizedKey(mustSigner(t, ed).PublicKey())
	for _, tt := range []struct {
		name   string
		text   []byte
		given  string
		refuse string
	}{
		{name: "ed", text: openssh(ed)},
		{name: "ec", text: openssh(ec)},
		{name: "rsa", text: openssh(long)},
		{name: "pkcs1", text: of("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long))},
		{name: "pkcs8", text: of("PRIVATE KEY", pkcs8)},
		{name: "locked", text: pem.EncodeToMemory(locked), given: "open sesame"},
		{name: "wrong", text: pem.EncodeToMemory(locked), given: "guess", refuse: "the passphrase is wrong"},
		{name: "asked", text: pem.EncodeToMemory(locked), refuse: "nothing is to be asked for"},
		{name: "short", text: openssh(short), refuse: "an RSA key of 1024 bits"},
		{name: "public", text: public, refuse: "it is a public key"},
		{name: "sk", text: sk, refuse: "a hardware key"},
		{name: "dsa", text: of("DSA PRIVATE KEY", dsaKey), refuse: "a DSA key"},
		{name: "sealed8", text: of("ENCRYPTED PRIVATE KEY", pkcs8), refuse: "encrypted as PKCS#8"},
		{name: "ppk", text: []byte("PuTTY-User-Key-File-3: ssh-ed25519\n"), refuse: "a key of PuTTY"},
		{name: "ssh2", text: []byte("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n"), refuse: "a key of ssh.com"},
		{name: "age", text: []byte("AGE-SECRET-KEY-1ABC\n"), refuse: "a key of age"},
		{name: "cut", text: openssh(ed)[:200], refuse: "it holds no private key"},
		{name: "damaged", text: of("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00x")), refuse: "it is damaged"},
		{name: "certificate", text: of("CERTIFICATE", pkcs8), refuse: "it is damaged"},
		{name: "empty", text: []byte("\n"), refuse: "there is nothing in it"},
		{name: "text", text: []byte("hunter2\n"), refuse: "it holds no private key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ask := never
			if tt.given != "" {
				ask = func() ([]byte, error) { return []byte(tt.given), nil }
			}
			_, err := k.Import(t.Context(), tt.name, tt.text, ask)
			if tt.refuse != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refuse) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := k.Signer(t.Context(), tt.name); err != nil {
				t.Error(err)
			}
		})
	}
}

func mustSigner(t *testing.T, key any) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
