package onboard

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
)

// key finds the key that lets the new user in: one of the workspace, or a file, by its path: a file that happens to be called like a key of
// the workspace is not taken for it.
func (s *session) key(ctx context.Context, name string) (onboard.Key, error) {
	if strings.ContainsAny(name, "/.~") {
		return keyOf(name)
	}
	kept, err := here.Secrets(s.console, s.workspace)
	if err != nil {
		return onboard.Key{}, err
	}
	line, err := keys.Of(kept).Public(ctx, name)
	if _, there := os.Stat(name + ".pub"); err != nil && there == nil {
		return onboard.Key{}, diag.Of(err).WithHint("where the file in this directory is meant, give its path: --key ./%s", wording.Quote(name))
	}
	if err != nil {
		return onboard.Key{}, err
	}
	return publicKey(onboard.Key{Name: name}, []byte(line))
}

// keyOf is the key in a file.
func keyOf(name string) (onboard.Key, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return onboard.Key{}, err
	}
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		return onboard.Key{}, diag.ReadFailed("the public half of --key "+name, err)
	}
	k, err := publicKey(onboard.Key{File: path}, text)
	if err != nil {
		return onboard.Key{}, err
	}
	return k, sameHalves(k)
}

// sameHalves compares the halves of a key in a file as far as it can: an agent may hold the private one, and a passphrase lock it.
func sameHalves(k onboard.Key) error {
	text, err := os.ReadFile(k.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return diag.ReadFailed("--key "+k.File, err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	locked, _ := errors.AsType[*ssh.PassphraseMissingError](err)
	var public ssh.PublicKey
	switch {
	case err == nil:
		public = signer.PublicKey()
	case locked != nil:
		public = locked.PublicKey
	}
	if public == nil || ssh.FingerprintSHA256(public) == k.Print {
		return nil
	}
	return badPublic(k, " is the public half of another key than "+k.File)
}

// publicKey adds the public half to a key.
func publicKey(k onboard.Key, text []byte) (onboard.Key, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return onboard.Key{}, badPublic(k, " holds no public key")
	}
	k.Line, k.Print = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))), ssh.FingerprintSHA256(public)
	return k, nil
}

func badPublic(k onboard.Key, what string) error {
	return (&diag.Error{Summary: k.String() + ".pub" + what}).WithHint("make it anew: ssh-keygen -y -f %s", wording.Quote(k.String()))
}
