package secret

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type getCommand struct {
	Name string `arg:"" complete:"secrets" help:"Name of the secret."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*getCommand) Help() string {
	return `The bytes are printed as they are. On a terminal a line break follows, and what is no text is shown escaped.

Examples:
  froyo secret get db/password
  froyo secret get tls/key >server.key
  froyo secret get db/password --identity ~/keys/backup.txt`
}

// Run prints a secret.
func (c *getCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.Open(e)
	if err != nil {
		return err
	}
	value, err := s.Get(ctx, c.Name)
	if err != nil {
		return err
	}
	if console.IsTerminal(e.Stdout) {
		value = shown(value)
	}
	_, err = e.Stdout.Write(value)
	return err
}

// shown is a value on a terminal, which it must not control.
func shown(value []byte) []byte {
	text := string(value)
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = ui.Readable(line)
	}
	return append(bytes.TrimSuffix([]byte(strings.Join(lines, "\n")), []byte("\n")), '\n')
}
