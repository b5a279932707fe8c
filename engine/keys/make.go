package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
)

// Kinds are the kinds of keys that are made here.
func Kinds() []string { return []string{"ed25519", "ecdsa", "rsa"} }

// rsaBits is how long the RSA keys are that are made here, and weakRSA how long one has to be.
const (
	rsaBits = 4096
	weakRSA = 2048
)

// New makes a key. One that is there stays, and is an error.
func (k *Keys) New(ctx context.Context, name, kind string) (Key, error) {
	if err := k.kept.CheckName(name); err != nil {
		return Key{}, err
	}
	private, err := generate(kind)
	if err != nil {
		return Key{}, err
	}
	return k.keep(ctx, name, private)
}

func generate(kind string) (crypto.PrivateKey, error) {
	switch kind {
	case "ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case "ecdsa":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, (&diag.Error{Summary: fmt.Sprintf("there is no kind of key %q", kind)}).WithHint("the kinds are: %s", strings.Join(Kinds(), ", "))
}

// Import takes in a private key, of OpenSSH or PEM. passphrase is asked where it is encrypted.
func (k *Keys) Import(ctx context.Context, name string, text []byte, passphrase func() ([]byte, error)) (Key, error) {
	if err := k.kept.CheckName(name); err != nil {
		return Key{}, err
	}
	private, err := parse(text, passphrase)
	if err != nil {
		return Key{}, err
	}
	return k.keep(ctx, name, private)
}

// keep encrypts a key that is not there yet.
func (k *Keys) keep(ctx context.Context, name string, private crypto.PrivateKey) (Key, error) {
	sealed, public, err := halves(name, private)
	if err != nil {
		return Key{}, err
	}
	err = k.kept.Create(ctx, name, sealed, public)
	if errors.Is(err, store.ErrExists) {
		err = (&diag.Error{Summary: fmt.Sprintf("there is a key %s already; it was not changed", name), Cause: err}).
			WithHint("take another name; froyo key list shows those that there are")
	}
	if err != nil {
		return Key{}, err
	}
	made := Key{Name: name, Readable: true}
	made.describe(public)
	return made, nil
}

// halves are the files of a key: the private one, to be encrypted, and the public one.
func halves(name string, private crypto.PrivateKey) (sealed, public []byte, err error) {
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "froyo:"+name)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(block), []byte(lineOf(signer.PublicKey(), name) + "\n"), nil
}

// parse reads a private key. Errors say what it is, and nothing of it.
func parse(text []byte, passphrase func() ([]byte, error)) (crypto.PrivateKey, error) {
	if why := foreign(text); why != "" {
		return nil, unusable(why)
	}
	text, err := only(text)
	if err != nil {
		return nil, err
	}
	raw, err := ssh.ParseRawPrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		given, asked := passphrase()
		if asked != nil {
			return nil, asked
		}
		if raw, err = ssh.ParseRawPrivateKeyWithPassphrase(text, given); err != nil {
			return nil, (&diag.Error{Summary: "the key cannot be opened: the passphrase is wrong, or the file is damaged"}).
				WithHint("try the passphrase: ssh-keygen -y -f FILE")
		}
	}
	if err != nil {
		return nil, unusable("it is damaged, or of a kind that is not known")
	}
	return usable(raw)
}

// only is the one private key of a file. The parameters of its curve, which openssl writes before it, stand in it again.
func only(text []byte) ([]byte, error) {
	key, found := text, 0
	for rest := text; ; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			if found++; found == 1 {
				key = rest[:len(rest)-len(after)]
			}
		}
		rest = after
	}
	if found > 1 {
		return nil, (&diag.Error{Summary: fmt.Sprintf("the key cannot be taken in: there are %d private keys in the file, and none is preferred", found)}).
			WithHint("put each into a file of its own, and take it in by a name of its own")
	}
	return key, nil
}

// foreign says what a text is that holds no private key which could be read, or "".
func foreign(text []byte) string {
	trimmed := bytes.TrimSpace(text)
	head, _, _ := bytes.Cut(trimmed, []byte("\n"))
	_, _, _, _, notPublic := ssh.ParseAuthorizedKey(trimmed) //nolint:dogsled // whether it is one is what matters
	block, _ := pem.Decode(text)
	switch {
	case len(trimmed) == 0:
		return "there is nothing in it"
	case notPublic == nil:
		return "it is a public key; name the private one, which has no .pub"
	case bytes.HasPrefix(head, []byte("PuTTY-User-Key-File")):
		return "it is a key of PuTTY; PuTTYgen exports it as an OpenSSH key"
	case bytes.HasPrefix(head, []byte("---- BEGIN SSH2")):
		return "it is a key of ssh.com; ssh-keygen -i converts it"
	case bytes.Contains(trimmed, []byte("AGE-SECRET-KEY-")):
		return "it is a key of age, which logs in nowhere"
	case block == nil:
		return "it holds no private key"
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return "it is encrypted as PKCS#8; openssl pkey -in FILE -out NEW takes the passphrase away"
	case bytes.Contains(block.Bytes, []byte("sk-ssh-ed25519@openssh.com")), bytes.Contains(block.Bytes, []byte("sk-ecdsa-sha2-nistp256@openssh.com")):
		return "it is a hardware key, of which only an agent can make use"
	case block.Type == "DSA PRIVATE KEY", bytes.Contains(block.Bytes, []byte("ssh-dss")):
		return "it is a DSA key, which sshd takes no more"
	}
	return ""
}

// usable refuses keys that are too weak, or that sshd would not take.
func usable(raw any) (crypto.PrivateKey, error) {
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		return *key, nil
	case ed25519.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < weakRSA {
			return nil, unusable(fmt.Sprintf("it is an RSA key of %d bits; %d are the least", bits, weakRSA))
		}
		return key, nil
	}
	return nil, unusable("it is of a kind that is not supported")
}

func unusable(why string) error {
	return (&diag.Error{Summary: "the key cannot be taken in: " + why}).
		WithHint("ssh-keygen -t ed25519 makes one that can; or: froyo key new NAME")
}
