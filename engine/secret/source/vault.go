package source

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// vaultFiles are files that ansible-vault encrypted.
type vaultFiles struct {
	files files
	vault *vault.Vault // nil where none can be opened
}

// read decrypts a whole file. The end of the line is no part of a secret that is one line.
func (f vaultFiles) read(ctx context.Context, name string) (string, error) {
	of := "secret \"" + nameOf(ofVault, name) + "\""
	text, _, err := f.files.content(ctx, ofVault, name)
	if err != nil {
		return "", err
	}
	sealed, err := vault.Parse([]byte(text))
	if err != nil {
		return "", refused("%s: it is not as ansible-vault encrypts a file: %v", of, err).WithHint("ansible-vault encrypt %s; or, if it is to stay as it is, file:%s", name, name)
	}
	err = vault.ErrNoPassword
	var opened []byte
	if f.vault != nil {
		opened, err = f.vault.Open(sealed)
	}
	if err == nil {
		return oneLine(string(opened)), ctx.Err()
	}
	e := refused("%s: it is %v", of, err)
	if _, wrong := errors.AsType[*vault.RefusedError](err); wrong || errors.Is(err, vault.ErrNoPassword) {
		return "", e.WithHint("give the password that it was encrypted with: --vault-password-file FILE, or --vault-id LABEL@FILE")
	}
	d := diag.Of(err)
	e = refused("%s: %s", of, d.Summary)
	e.Detail, e.Hint = d.Detail, d.Hint
	return "", e
}
