// Package vault opens what ansible-vault encrypted: whole files, and single values of YAML. It only reads.
//
// Nothing is decrypted before its HMAC is right, so that a wrong password gives an error and never half a text.
//
// It imports the standard library only.
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// header begins what ansible-vault encrypted.
const header = "$ANSIBLE_VAULT;"

// maxEnvelope bounds what is read: each byte of the text takes four.
const maxEnvelope = 64 << 20

// maxID bounds the label of a password.
const maxID = 256

// iterations are those of PBKDF2 in all formats there are.
const iterations = 10000

// Envelope is an encrypted text.
type Envelope struct {
	// ID is the label of the password that it was encrypted with, "" where it has none.
	ID string

	salt, mac, text []byte
}

// Is reports whether a text is one that ansible-vault encrypted.
func Is(text []byte) bool { return bytes.HasPrefix(text, []byte(header)) }

// Parse reads an encrypted text, of the formats 1.1 and 1.2.
func Parse(text []byte) (*Envelope, error) {
	if len(text) > maxEnvelope {
		return nil, fmt.Errorf("the encrypted text is larger than %d MiB", maxEnvelope>>20)
	}
	if !Is(text) {
		return nil, errors.New("it does not begin with " + header)
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Split(strings.TrimSpace(string(first)), ";")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	e := &Envelope{}
	switch {
	case len(fields) < 3 || len(fields) > 4:
		return nil, errors.New("its first line is not as ansible-vault writes it")
	case fields[1] != "1.1" && fields[1] != "1.2":
		return nil, fmt.Errorf("its format is %.20q, and only 1.1 and 1.2 can be read", fields[1])
	case fields[2] != "AES256":
		return nil, fmt.Errorf("its cipher is %.20q, and only AES256 can be read", fields[2])
	case len(fields) == 4:
		e.ID = fields[3]
	}
	if len(e.ID) > maxID || !utf8.ValidString(e.ID) {
		return nil, errors.New("its vault id is no label")
	}
	return e, e.decode(rest)
}

// errDamaged is an envelope that ansible-vault did not write so.
var errDamaged = errors.New("its lines are damaged: they are not as ansible-vault writes them")

// decode reads the lines below the first: salt, HMAC and text in hexadecimal, and this in hexadecimal again.
func (e *Envelope) decode(lines []byte) error {
	inner, err := unhex(bytes.Join(bytes.Fields(lines), nil))
	if err != nil {
		return err
	}
	parts := bytes.SplitN(inner, []byte("\n"), 3)
	if len(parts) != 3 {
		return errDamaged
	}
	for i, into := range []*[]byte{&e.salt, &e.mac, &e.text} {
		if *into, err = unhex(parts[i]); err != nil {
			return err
		}
	}
	if len(e.salt) == 0 || len(e.mac) != sha256.Size || len(e.text) == 0 || len(e.text)%aes.BlockSize != 0 {
		return errDamaged
	}
	return nil
}

func unhex(text []byte) ([]byte, error) {
	out := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(out, text); err != nil {
		return nil, errDamaged
	}
	return out, nil
}

// errRefused is a password that does not open an envelope.
var errRefused = errors.New("the password does not open it")

// open decrypts with a password.
func (e *Envelope) open(password []byte) ([]byte, error) {
	const keyLen = 32
	keys, err := pbkdf2.Key(sha256.New, string(password), e.salt, iterations, 2*keyLen+aes.BlockSize)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, keys[keyLen:2*keyLen])
	mac.Write(e.text)
	if !hmac.Equal(mac.Sum(nil), e.mac) {
		return nil, errRefused
	}
	block, err := aes.NewCipher(keys[:keyLen])
	if err != nil {
		return nil, err
	}
	text := make([]byte, len(e.text))
	cipher.NewCTR(block, keys[2*keyLen:]).XORKeyStream(text, e.text)
	// The text was padded to whole blocks, by as many bytes as each of these says.
	n := int(text[len(text)-1])
	if n == 0 || n > aes.BlockSize || !bytes.Equal(text[len(text)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errDamaged
	}
	return text[:len(text)-n], nil
}

// key tells envelopes apart.
func (e *Envelope) key() string {
	return string(e.salt) + "\x00" + string(e.mac) + "\x00" + string(e.text)
}
