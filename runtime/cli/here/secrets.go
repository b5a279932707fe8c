package here

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/secret/vault"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Secrets is the store of a workspace's secrets. The keys that open it are those of the files that are named and of
// FROYO_IDENTITY, the workspace's own, and the operator's SSH keys, whose passphrases are asked for when they are needed.
func Secrets(c *console.Console, w *workspace.Workspace, identities ...string) (*store.Store, error) {
	return SecretsBeside(c, w, func(question func()) { question() }, identities...)
}

// SecretsBeside is Secrets where something else may be written meanwhile: alone has nothing come in between a question.
func SecretsBeside(c *console.Console, w *workspace.Workspace, alone func(question func()), identities ...string) (*store.Store, error) {
	if w.Root == "" {
		return nil, (&diag.Error{Summary: "there is no workspace here, and secrets belong to one"}).WithHint("make one: froyo init")
	}
	if file := c.Getenv("FROYO_IDENTITY"); file != "" {
		identities = append(identities, file)
	}
	ids := store.Identities{Files: identities, Own: Path(w.AgeKey()), Name: operator(c), Passphrase: func(file string) (passphrase []byte, err error) {
		alone(func() {
			var ask func() (string, error)
			var text string
			if ask, err = c.Password("passphrase of "+file, "FROYO_IDENTITY_PASSPHRASE"); err == nil {
				text, err = ask()
				passphrase = []byte(text)
			}
		})
		return passphrase, err
	}}
	if home := c.Getenv("HOME"); filepath.IsAbs(home) {
		for _, name := range []string{"id_ed25519", "id_rsa"} {
			ids.SSH = append(ids.SSH, filepath.Join(home, ".ssh", name))
		}
	}
	s := store.Open(Path(w.SecretsDir()), ids, w.Check)
	s.Notice = func(text string) { c.Errors.Warnings([]*diag.Error{{Summary: text}}) }
	return s, nil
}

// Credentials reads the secrets and keys that a workspace names as passwords and keys, for who has no run. What
// ansible-vault encrypted is opened by v, which may be nil.
func Credentials(c *console.Console, w *workspace.Workspace, v *vault.Vault) func(ctx context.Context, from *inventory.Credential) (string, error) {
	open := sync.OnceValues(func() (*store.Store, error) { return Secrets(c, w) })
	return wire.Credentials(source.Options{
		Store: wire.Secrets(open), Dir: w.ID(), Env: c.Process.Environ(), Vault: v,
		Warn: func(d *diag.Error) { c.Errors.Warnings([]*diag.Error{d}) },
	}, open)
}

// operator is who works here, for others who read the list of recipients.
func operator(c *console.Console) string {
	machine, err := os.Hostname()
	user := cmp.Or(c.Getenv("SUDO_USER"), c.Getenv("USER"), c.Getenv("LOGNAME"))
	if err != nil || user == "" {
		return cmp.Or(user, machine)
	}
	return user + "@" + machine
}

// WarnOfLineBreak warns of the end of a line that a value of one line has, and says how command gets one without it.
func WarnOfLineBreak(c *console.Console, value []byte, command string) {
	if n := bytes.IndexByte(value, '\n'); n >= 0 && n == len(value)-1 {
		c.Errors.Warnings([]*diag.Error{(&diag.Error{Summary: "the value ends with a line break, which is a part of it"}).
			WithHint("without one: printf %%s VALUE | %s", command)})
	}
}
