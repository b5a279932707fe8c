package planfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keyid"
	"github.com/openfroyo/froyo/engine/wording"
)

// A saved plan is a document's text with one more field, the last: its
// signature. What is signed are the bytes of that text as it is without the
// field, and the field has one spelling only, so that a file is either what was
// saved, to the byte, or refused.
const (
	textEnd = "\n}\n"

	idSize    = keyid.Size
	valueSize = 88 // characters of a signature
)

// signatureField is the end of a signed text, in place of textEnd.
func signatureField(id, value string) []byte {
	return []byte(",\n  \"signature\": {\n    \"key\": \"" + id + "\",\n    \"value\": \"" + value + "\"\n  }" + textEnd)
}

var (
	fieldSize = len(signatureField("", "")) + idSize + valueSize
	idAt      = bytes.Index(signatureField("ID", ""), []byte("ID"))
	valueAt   = bytes.Index(signatureField("", "VALUE"), []byte("VALUE")) + idSize
)

// KeyID names a public key in saved plans and in messages.
func KeyID(key ed25519.PublicKey) string { return keyid.Of(key) }

// sign puts the signature into a document's text.
func sign(text []byte, key ed25519.PrivateKey) []byte {
	public, _ := key.Public().(ed25519.PublicKey)
	value := base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	return append(bytes.TrimSuffix(slices.Clip(text), []byte(textEnd)), signatureField(KeyID(public), value)...)
}

// unsign takes a signed text apart.
func unsign(data []byte) (text []byte, id string, value []byte, ok bool) {
	if len(data) < fieldSize {
		return nil, "", nil, false
	}
	field := data[len(data)-fieldSize:]
	id, spelled := string(field[idAt:idAt+idSize]), string(field[valueAt:valueAt+valueSize])
	value, err := base64.StdEncoding.Strict().DecodeString(spelled)
	if err != nil || strings.Trim(id, "0123456789abcdef") != "" || !bytes.Equal(field, signatureField(id, spelled)) {
		return nil, "", nil, false
	}
	return append(slices.Clip(data[:len(data)-fieldSize]), textEnd...), id, value, true
}

// verify returns the text that was signed, where one of the keys signed it.
func verify(data []byte, name string, keys Keys) ([]byte, error) {
	refuse := func(format string, args ...any) *diag.Error {
		return diag.Errorf(diag.Pos{File: name}, format, args...).
			WithHint("do not trust this file; make a new plan and review it: froyo plan --out %s", wording.Quote(name))
	}
	text, id, value, ok := unsign(data)
	if !ok {
		return nil, refuse("missing or damaged signature: froyo plan --out puts one at the end of the file")
	}
	root, ok := rootOf(text)
	if !ok {
		return nil, refuse("the signature cannot be checked: the plan does not say where froyo plan --out was run")
	}
	known, err := keys(root)
	if err != nil {
		refused := refuse("the signature cannot be checked: %w", err)
		if told, ok := errors.AsType[*diag.Error](err); ok && told.Hint != "" {
			refused.Hint = told.Hint // nothing is wrong with the plan
		}
		return nil, refused
	}
	at := slices.IndexFunc(known, func(k ed25519.PublicKey) bool { return KeyID(k) == id })
	if at < 0 {
		return nil, refuse("signature by a key that is not trusted here, %s: expected %s", id, oneOf(known)).
			WithHint("make a new plan here; or, if you trust who made this one, put the signing.pub of their workspace into data/keys/trusted/NAME.pub of yours")
	}
	if !ed25519.Verify(known[at], text, value) {
		return nil, refuse("signature mismatch: the file was modified after it was saved")
	}
	return text, nil
}

// oneOf names keys.
func oneOf(keys []ed25519.PublicKey) string {
	if len(keys) == 0 {
		return "the key of its workspace, which has none yet"
	}
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = KeyID(k)
	}
	return strings.Join(ids, " or ")
}
