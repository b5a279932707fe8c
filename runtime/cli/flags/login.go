package flags

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

// Transports gives the ways to get to hosts. It asks for the passwords that the flags call
// for, before anything else is printed; those that an inventory names are secrets, which secret reads.
func (f *Login) Transports(c *console.Console, secret func(ctx context.Context, c *inventory.Credential) (string, error)) (*wire.Transports, error) {
	l := wire.Login{
		Operator: worker.Operator(), Home: c.Getenv("HOME"), Environ: c.Process.Environ(), Keys: f.Key,
		AgentSocket: c.Getenv("SSH_AUTH_SOCK"), KnownHosts: c.Getenv("FROYO_KNOWN_HOSTS"), Config: f.SSHConfig,
		AcceptNew: f.AcceptNew, Timeout: time.Duration(f.Timeout) * time.Second, Secret: secret,
	}
	if err := f.readable(); err != nil {
		return nil, err
	}
	var err error
	if f.AskPass {
		if l.Password, err = c.Password("SSH password", "FROYO_SSH_PASSWORD"); err != nil {
			return nil, err
		}
	}
	if f.AskBecome {
		if l.Become, err = c.Password("become password", "FROYO_BECOME_PASSWORD"); err != nil {
			return nil, err
		}
	}
	if locked := l.Locked(); len(locked) > 0 || c.Getenv(passphraseVariable) != "" {
		// Where nobody can be asked, what the host says of the other keys is what counts.
		l.Passphrase, _ = c.Password("passphrase of "+strings.Join(locked, ", "), passphraseVariable)
	}
	return wire.NewTransports(l), nil
}

// passphraseVariable is where the passphrase of encrypted keys is, those of ssh_config among them.
const passphraseVariable = "FROYO_KEY_PASSPHRASE"

// readable refuses files that do not exist: what is looked for by default may be missing, but not
// what was named.
func (f *Login) readable() error {
	var errs []error
	check := func(flag, name string) {
		info, err := os.Stat(name)
		if err == nil && info.IsDir() {
			err = syscall.EISDIR
		}
		if err != nil {
			errs = append(errs, diag.ReadFailed(flag+" "+name, err))
		}
	}
	for _, key := range f.Key {
		check("--key", key)
	}
	if f.SSHConfig != "" {
		check("--ssh-config", f.SSHConfig)
	}
	return errors.Join(errs...)
}
