package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/wording"
)

// maxKeyFile is how large a file of keys may be.
const maxKeyFile = 1 << 20

// Identities are the private keys of whoever reads secrets.
type Identities struct {
	// Files are those that were named; each has to be there.
	Files []string
	// Own is the workspace's own age key, which need not be there.
	Own string
	// Name is what that key is called among the recipients, such as user@machine.
	Name string
	// SSH are private keys of OpenSSH, which need not be there.
	SSH []string
	// Passphrase asks for the one of a key, once for each that needs it; nil is that there is no way to ask.
	Passphrase func(file string) ([]byte, error)
}

// identity is a key that may open a file.
type identity struct {
	key    age.Identity
	file   string
	public Recipient // zero where it is not known
	ask    bool      // a passphrase is needed
}

// keys are the identities that could be read.
type keys struct {
	all     []identity
	own     *age.X25519Identity
	skipped []string // what could not be used, and why
}

// read reads the keys. Those that need a passphrase come last.
func (ids *Identities) read(ctx context.Context) (*keys, error) {
	k := &keys{}
	for _, file := range ids.Files {
		if err := k.add(ctx, ids, file); err != nil {
			return nil, err
		}
	}
	for i, file := range append([]string{ids.Own}, ids.SSH...) {
		if file == "" {
			continue
		}
		before := len(k.all)
		switch err := k.add(ctx, ids, file); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			k.skipped = append(k.skipped, err.Error())
		case i == 0 && len(k.all) > before:
			k.own, _ = k.all[before].key.(*age.X25519Identity)
		}
	}
	var plain, asking []identity
	for _, id := range k.all {
		if id.ask {
			asking = append(asking, id)
		} else {
			plain = append(plain, id)
		}
	}
	k.all = append(plain, asking...)
	return k, nil
}

// add reads a file of keys.
func (k *keys) add(ctx context.Context, ids *Identities, file string) error {
	text, err := readKeyFile(ctx, file)
	if err != nil {
		return err
	}
	fault := func(why string) error {
		return (&diag.Error{Summary: file + ": " + why}).
			WithHint("an identity is a file of age-keygen, or a private key of OpenSSH of the kind ed25519 or rsa")
	}
	switch {
	case bytes.Contains(text, []byte("-----BEGIN AGE ENCRYPTED FILE-----")) || bytes.HasPrefix(text, []byte("age-encryption.org/")):
		return fault("it is encrypted itself, by age")
	case bytes.Contains(text, []byte("-----BEGIN")):
		id, err := sshIdentity(file, text, ids.Passphrase)
		if err != nil {
			return fault(err.Error())
		}
		k.all = append(k.all, id)
		return nil
	case bytes.Contains(text, []byte("AGE-PLUGIN-")):
		return fault("its key is that of a plugin, which is not supported")
	}
	found, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return fault("it holds no identity")
	}
	for _, f := range found {
		id := identity{key: f, file: file}
		if x, is := f.(*age.X25519Identity); is {
			id.public = Recipient{Key: x.Recipient().String()}
		}
		k.all = append(k.all, id)
	}
	return nil
}

// readKeyFile reads a file that is its owner's alone.
func readKeyFile(ctx context.Context, file string) ([]byte, error) {
	return input.File{Name: file, What: "the identity " + file, Max: maxKeyFile, Check: func(info fs.FileInfo) error {
		if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
			return nil
		}
		return (&diag.Error{Summary: fmt.Sprintf("%s can be read by others (mode %04o)", file, info.Mode().Perm())}).
			WithHint("chmod 600 %s", wording.Quote(file))
	}}.Read(ctx)
}

// sshIdentity is a private key of OpenSSH. The error does not quote what it was made of.
func sshIdentity(file string, pem []byte, ask func(string) ([]byte, error)) (identity, error) {
	signer, err := ssh.ParsePrivateKey(pem)
	locked, isLocked := errors.AsType[*ssh.PassphraseMissingError](err)
	if err != nil && !isLocked {
		return identity{}, errors.New("it is no private key that can be used")
	}
	if !isLocked {
		id, err := agessh.ParseIdentity(pem)
		if err != nil {
			return identity{}, fmt.Errorf("a key of the kind %s opens no secrets", signer.PublicKey().Type())
		}
		return identity{key: id, file: file, public: sshRecipient(signer.PublicKey())}, nil
	}
	public := locked.PublicKey
	if public == nil {
		if public, err = publicBeside(file); err != nil {
			return identity{}, err
		}
	}
	if ask == nil {
		ask = func(string) ([]byte, error) {
			return nil, errors.New("its passphrase is needed, and there is no terminal to ask for it on")
		}
	}
	l := &lockedKey{file: file, ask: ask, pem: pem, public: public}
	if _, err := agessh.NewEncryptedSSHIdentity(public, pem, nil); err != nil {
		return identity{}, fmt.Errorf("a key of the kind %s opens no secrets", public.Type())
	}
	return identity{key: l, file: file, public: sshRecipient(public), ask: true}, nil
}

// publicBeside reads the public half of an old kind of file, which does not hold it where it is encrypted.
func publicBeside(file string) (ssh.PublicKey, error) {
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		return nil, fmt.Errorf("it is encrypted, and %s.pub cannot be read", file)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text) //nolint:dogsled // comment, options and rest mean nothing here
	if err != nil {
		return nil, fmt.Errorf("it is encrypted, and %s.pub is no public key", file)
	}
	return public, nil
}

// lockedKey is a key with a passphrase, which is asked for when a file needs the key, and once.
type lockedKey struct {
	file   string
	ask    func(string) ([]byte, error)
	pem    []byte
	public ssh.PublicKey

	once sync.Once
	open age.Identity
	err  error
}

// Unwrap implements age.Identity.
func (l *lockedKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if !l.wanted(stanzas) {
		return nil, age.ErrIncorrectIdentity
	}
	l.once.Do(func() {
		passphrase, err := l.ask(l.file)
		if err == nil {
			if l.open, err = unlocked(l.pem, passphrase, l.public); err != nil {
				err = errors.New("the passphrase is wrong")
			}
		}
		l.err = err
	})
	if l.err != nil {
		return nil, &keyError{l.file, l.err}
	}
	return l.open.Unwrap(stanzas)
}

// wanted reports whether a file was made for the key: without asking for anything.
func (l *lockedKey) wanted(stanzas []*age.Stanza) bool {
	asked := false
	probe, err := agessh.NewEncryptedSSHIdentity(l.public, l.pem, func() ([]byte, error) {
		asked = true
		return nil, errors.New("not now")
	})
	if err != nil {
		return false
	}
	_, _ = probe.Unwrap(stanzas) // it fails: the passphrase is not there
	return asked
}

// unlocked is the key itself.
func unlocked(pem, passphrase []byte, public ssh.PublicKey) (age.Identity, error) {
	id, err := agessh.NewEncryptedSSHIdentity(public, pem, func() ([]byte, error) { return passphrase, nil })
	if err != nil {
		return nil, err
	}
	if _, err := ssh.ParseRawPrivateKeyWithPassphrase(pem, passphrase); err != nil {
		return nil, err
	}
	return id, nil
}

// identities are the keys as age takes them.
func (k *keys) identities() []age.Identity {
	out := make([]age.Identity, len(k.all))
	for i, id := range k.all {
		out[i] = id.key
	}
	return out
}

// mine reports whether a recipient is one of the keys.
func (k *keys) mine(r Recipient) bool {
	for _, id := range k.all {
		if id.public.Key != "" && id.public.Key == r.Key {
			return true
		}
	}
	return false
}

// passive is a key that tells whether it can open a file, without asking for anything.
type passive struct{ key age.Identity }

// errWanted is that a key with a passphrase would open a file.
var errWanted = errors.New("it is for this key")

func (p passive) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if l, is := p.key.(*lockedKey); is {
		if l.wanted(stanzas) {
			return nil, &keyError{l.file, errWanted}
		}
		return nil, age.ErrIncorrectIdentity
	}
	return p.key.Unwrap(stanzas)
}

// passive are the keys for a look at files.
func (k *keys) passive() []age.Identity {
	out := make([]age.Identity, len(k.all))
	for i, id := range k.all {
		out[i] = passive{id.key}
	}
	return out
}

// sshRecipient is a public key as it is written.
func sshRecipient(key ssh.PublicKey) Recipient {
	return Recipient{Key: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))}
}
