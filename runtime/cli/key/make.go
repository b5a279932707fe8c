package key

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type newCommand struct {
	Key   string `arg:"" name:"key-name" help:"Name of the key, such as web-ed25519."`
	Type  string `default:"ed25519" enum:"ed25519,ecdsa,rsa" help:"Kind of the key: ${enum}. RSA keys have 4096 bits."`
	Opens `embed:""`
}

// Help gives the command's example.
func (*newCommand) Help() string {
	return `The private half is encrypted for all recipients of the secrets, in secrets/ssh-keys/NAME.age; the public one stands beside
it, in NAME.pub, and is printed. Hosts use the key by its name, in inventory.cue: privateKey: key: "NAME".

Examples:
  froyo key new web-ed25519
  froyo key new old-routers --type rsa`
}

// Run makes a key.
func (c *newCommand) Run(ctx context.Context, e *console.Console) error {
	k, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	one, err := k.New(ctx, c.Key, c.Type)
	if err != nil {
		return err
	}
	return made(ctx, e, k, one, "new")
}

// maxKeyFile bounds the file of a key.
const maxKeyFile = 64 << 10

type importCommand struct {
	Key   string `arg:"" name:"key-name" help:"Name that the key gets."`
	File  string `arg:"" name:"key-file" complete:"files" help:"File with the private key; - is standard input."`
	Opens `embed:""`
}

// Help gives the command's example.
func (*importCommand) Help() string {
	return `A passphrase is asked for, or taken from FROYO_KEY_PASSPHRASE. The key is kept without it, encrypted with the secrets. The
file stays as it is: remove it where only froyo is to use the key.

Examples:
  froyo key import web ~/.ssh/id_web
  ssh backup cat .ssh/id_ed25519 | froyo key import backup -`
}

// Run takes in a key.
func (c *importCommand) Run(ctx context.Context, e *console.Console) error {
	k, err := c.change(ctx, e)
	if err == nil {
		err = k.CheckName(c.Key)
	}
	if err != nil {
		return err
	}
	text, mode, err := c.read(ctx, e)
	if err != nil {
		return err
	}
	one, err := k.Import(ctx, c.Key, text, func() ([]byte, error) {
		ask, err := e.Password("passphrase of "+ui.Readable(c.File), "FROYO_KEY_PASSPHRASE")
		if err != nil {
			return nil, err
		}
		given, err := ask()
		return []byte(given), err
	})
	if err != nil {
		return err
	}
	if mode.IsRegular() && mode.Perm()&0o077 != 0 { // a copy stays there
		caution(e, fmt.Sprintf("others can read %s (mode %04o), and may have its key", ui.Readable(c.File), mode.Perm()),
			"where only you should have been able to, make another key and remove this file; else: chmod 600 "+wording.Quote(c.File))
	}
	return made(ctx, e, k, one, "import")
}

// read reads the file of the key, and the mode of that file; that of standard input is no regular file's.
func (c *importCommand) read(ctx context.Context, e *console.Console) (text []byte, mode fs.FileMode, err error) {
	if c.File == "-" {
		text, err = input.Stream(ctx, "standard input", e.Stdin, maxKeyFile)
		return text, fs.ModeNamedPipe, err
	}
	text, err = input.File{Name: c.File, What: "the key " + ui.Readable(c.File), Max: maxKeyFile, Check: func(info fs.FileInfo) error {
		mode = info.Mode()
		return nil
	}}.Read(ctx)
	return text, mode, err
}
