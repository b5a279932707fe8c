package key

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type exportCommand struct {
	Key        string `arg:"" name:"key-name" complete:"keys" help:"Name of the key."`
	Private    bool   `help:"Give the private half, without a passphrase, as OpenSSH reads it."`
	Out        string `placeholder:"FILE" help:"Write a new file; that of a private half can be read by its owner alone."`
	ToTerminal bool   `name:"to-terminal" help:"Print a private half also where standard output is a terminal."`
	Opens      `embed:""`
}

// Help gives the command's example.
func (*exportCommand) Help() string {
	return `Examples:
  froyo key export default-ed25519 | ssh root@old-host 'cat >>.ssh/authorized_keys'
  froyo key export web --private --out ~/.ssh/id_web
  froyo key export web --private | ssh-add -`
}

// Run prints a key.
func (c *exportCommand) Run(ctx context.Context, e *console.Console) error {
	_, k, err := c.open(e)
	if err != nil {
		return err
	}
	text, mode := []byte(nil), fs.FileMode(0o644)
	if c.Private {
		if c.Out == "" && !c.ToTerminal && console.IsTerminal(e.Stdout) {
			return (&diag.Error{Summary: "the private half is not printed on a terminal, where others may see it"}).
				WithHint("write it to a file: --out FILE; where a terminal is meant: --to-terminal")
		}
		text, err = k.Private(ctx, c.Key)
		mode = 0o600
		if err == nil {
			err = note(ctx, e, "export --private", c.Key)
		}
	} else {
		text, err = c.public(ctx, e, k)
	}
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = e.Stdout.Write(text)
		return err
	}
	return write(c.Out, text, mode)
}

// public is the line of a key: that of its private half where that can be opened. A file that is missing is made.
func (c *exportCommand) public(ctx context.Context, e *console.Console, k *keys.Keys) ([]byte, error) {
	all, err := k.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Name == c.Key && one.Line != "" && !one.Readable && one.Problem == "" {
			caution(e, k.PublicFile(c.Key)+" could not be compared with the private half, since no key of yours opens that", "")
			return []byte(one.Line + "\n"), nil
		}
	}
	line, made, err := k.PublicOrMade(ctx, c.Key)
	if made {
		say(e, k.PublicFile(c.Key)+" was missing, and is made")
	}
	return []byte(line + "\n"), err
}

// write writes a new file, whole or not at all.
func write(name string, text []byte, mode fs.FileMode) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return diag.WriteFailed(ui.Readable(name), name, syscall.EISDIR)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return (&diag.Error{Summary: ui.Readable(name) + " exists already; it was not changed", Cause: err}).
			WithHint("name another file, or remove it: rm %s", wording.Quote(name))
	}
	if err != nil {
		return diag.WriteFailed(ui.Readable(name), name, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(diag.WriteFailed(ui.Readable(name), name, err), os.Remove(name))
	}
	return nil
}
