package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// A file names its secret, in a stanza of age's header: whoever can write files but not read them cannot put one
// in the place of another, since the header is authenticated by a key that only recipients get. Other programs pass over
// a stanza that they do not know, so that age -d gives the value as it is.
const nameStanza = "froyo-secret"

// named is a recipient that can open nothing: it puts the name into the header.
type named string

func (n named) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: nameStanza, Args: []string{"v1", string(n)}}}, nil
}

// opener tries keys, and reads the name out of the header, which is to be believed once a key has opened the file.
type opener struct {
	keys  []age.Identity
	name  string
	found int
}

// Unwrap implements age.Identity.
func (o *opener) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == nameStanza {
			o.found++
			if len(s.Args) == 2 && s.Args[0] == "v1" {
				o.name = s.Args[1]
			}
		}
	}
	failed := age.ErrIncorrectIdentity
	for _, key := range o.keys {
		switch opened, err := key.Unwrap(stanzas); {
		case err == nil:
			return opened, nil
		case !errors.Is(err, age.ErrIncorrectIdentity):
			failed = err // another key may open it all the same
		}
	}
	return nil, failed
}

// What a file may turn out to be.
var (
	errDamaged  = errors.New("it was cut off or changed after it was written")
	errConflict = errors.New("it has the marks of a merge conflict")
	errUnnamed  = errors.New("another program wrote it: it does not say which secret it is")
	errNoKey    = errors.New("no key of yours opens it")
)

// misnamed is a file that was put in the place of another one.
type misnamed string

func (m misnamed) Error() string { return "it holds the secret " + string(m) }

// seal encrypts the value of a secret.
func seal(name string, value []byte, to []age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, append([]age.Recipient{named(name)}, to...)...)
	if err != nil {
		return nil, err
	}
	if _, err = w.Write(value); err == nil {
		err = errors.Join(w.Close(), armored.Close())
	}
	return out.Bytes(), err
}

// open decrypts the file of a secret.
func open(name string, file []byte, ids []age.Identity) ([]byte, error) {
	r, err := header(name, file, ids)
	if err != nil {
		return nil, err
	}
	value, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil || len(value) > MaxSize {
		return nil, errDamaged
	}
	return value, nil
}

// header opens the header of a file, and says whose secret it is.
func header(name string, file []byte, ids []age.Identity) (io.Reader, error) {
	var src io.Reader = bytes.NewReader(file)
	switch text := bytes.TrimLeft(file, " \t\r\n"); {
	case bytes.HasPrefix(text, []byte("<<<<<<< ")), bytes.Contains(file, []byte("\n<<<<<<< ")):
		return nil, errConflict
	case bytes.HasPrefix(text, []byte(armor.Header)):
		src = armor.NewReader(src)
	}
	said := &opener{keys: ids}
	r, err := age.Decrypt(src, said)
	if _, none := errors.AsType[*age.NoIdentityMatchError](err); none {
		return nil, errNoKey
	}
	if refused, is := errors.AsType[*keyError](err); is {
		return nil, refused
	}
	switch {
	case err != nil:
		return nil, errDamaged
	case said.found == 0:
		return nil, errUnnamed
	case said.found > 1 || said.name == "":
		return nil, errDamaged
	case said.name != name:
		if nameFault(said.name) != "" {
			return nil, errDamaged
		}
		return nil, misnamed(said.name)
	}
	return r, nil
}

// keyError is why a key that a file was made for does not open it.
type keyError struct {
	key string // its file
	err error
}

func (e *keyError) Error() string { return fmt.Sprintf("%s: %v", e.key, e.err) }
func (e *keyError) Unwrap() error { return e.err }

// isPrivate reports whether a text holds a private key, of which nothing is to be shown.
func isPrivate(text string) bool {
	upper := strings.ToUpper(text)
	return strings.Contains(upper, "AGE-SECRET-KEY-") || strings.Contains(upper, "PRIVATE KEY") || strings.Contains(upper, "AGE-PLUGIN-")
}
