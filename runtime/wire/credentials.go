package wire

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
)

// Credentials reads the secrets and the keys that connections need: each once, and one after the other, since a source may ask for a
// passphrase. They are no secrets of a plan, which is as good after a password has changed. open opens the store that keys are kept in.
func Credentials(o source.Options, open func() (*store.Store, error)) func(ctx context.Context, c *inventory.Credential) (string, error) {
	o.Seal = func() (func([]byte) string, error) { return secret.Unkept, nil }
	all := source.New(o)
	var one sync.Mutex
	opened := map[string]string{}
	return func(ctx context.Context, c *inventory.Credential) (string, error) {
		one.Lock()
		defer one.Unlock()
		if c.Secret != "" {
			marked, err := all.Get(ctx, c.Secret, "")
			return secret.Resolve(marked), err
		}
		if pem, is := opened[c.Key]; is {
			return pem, nil
		}
		s, err := open()
		if err != nil {
			return "", err
		}
		pem, err := keys.Of(s).Private(ctx, c.Key)
		if err == nil {
			opened[c.Key] = string(pem)
		}
		return string(pem), err
	}
}

// given gives the password or the key that an inventory has for a host. The error is a *target.Error.
func (t *Transports) given(ctx context.Context, what string, c *inventory.Credential) func() (string, error) {
	return func() (string, error) {
		if c.Secret == "" && c.Key == "" {
			return secret.Resolve(c.Text), nil
		}
		var text string
		err := errors.New("secrets cannot be read here")
		if t.login.Secret != nil {
			text, err = t.login.Secret(ctx, c)
		}
		if err != nil {
			d := diag.Of(err)
			return "", &target.Error{
				Stage: target.StageAuth, Message: escape.Text("the " + what + " cannot be read: " + d.Summary + " (" + c.Pos.String() + ")"),
				Detail: escape.Lines(d.Detail), Hint: d.Hint, Cause: ctx.Err(), // an error of the workspace would be told without the host
			}
		}
		// As a terminal gives it: a file that was kept ends with a line break.
		return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), nil
	}
}
