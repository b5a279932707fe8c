package onboard

import (
	"cmp"
	"context"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
)

type batchCommand struct {
	File  string `arg:"" name:"file" complete:"files:yaml,yml,json" help:"The hosts, in YAML."`
	doing `embed:""`
	way   `embed:""`
}

// Help gives the command's example.
func (*batchCommand) Help() string {
	return `Onboards hosts side by side; those that fail are told of, and keep no other from being onboarded. Passwords are secrets, that of
FROYO_ONBOARD_PASSWORD, or one that is asked for. A second time it continues with those that are left.

Examples:
  froyo onboard batch onboarding.yaml
  cat onboarding.yaml
    lockDown: [disable_password_auth]
    sudo: "NOPASSWD: /usr/bin/systemctl,/usr/bin/apt"
    labels: {env: dev}
    hosts:
      web1: {address: 10.0.0.41, hostKey: "SHA256:..."}
      web2: {address: 10.0.0.42, password: {secret: onboard/web2}}`
}

// Run onboards the hosts of a file.
func (c *batchCommand) Run(ctx context.Context, e *console.Console) error {
	if err := c.check(e); err != nil {
		return err
	}
	src, err := input.File{Name: c.File, Max: maxBatch}.Read(ctx)
	if err != nil {
		return err
	}
	all, err := onboard.ReadBatch(c.File, src)
	if err != nil {
		return err
	}
	return opened(e, &c.way, c.words(), func(s *session) error {
		if err := s.complete(ctx, all); err != nil {
			return err
		}
		return s.run(ctx, all, &c.doing, &c.way, "froyo onboard batch "+wording.Quote(c.File))
	})
}

// complete adds keys and passwords to what a file says of hosts, and refuses names that are taken.
func (s *session) complete(ctx context.Context, all []*onboard.Entry) (err error) {
	found := map[string]onboard.Key{}
	for _, entry := range all {
		name := cmp.Or(entry.Key.Name, keys.Default)
		if found[name].Line == "" {
			if found[name], err = s.key(ctx, name); err != nil {
				return err
			}
		}
		entry.Key = found[name]
		if password := s.console.Getenv(passwordVariable); entry.Password == nil && password != "" {
			entry.Password = &inventory.Credential{Text: secret.Given(password), Pos: diag.Pos{File: passwordVariable}}
		}
		if err := s.free(ctx, entry, false); err != nil {
			return err
		}
	}
	return nil
}

// maxBatch bounds a file of hosts.
const maxBatch = 1 << 20
