package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
)

type setCommand struct {
	Name       string `arg:"" complete:"secrets" help:"Name of the secret, such as db/password."`
	AllowEmpty bool   `name:"allow-empty" help:"Also keep a value without any bytes."`
	Keys       `embed:""`
}

// Help gives the command's example.
func (*setCommand) Help() string {
	return `Standard input is kept byte for byte, with a line break at its end where there is one. On a terminal the value is asked for,
twice, and not shown. The file is secrets/NAME.age, for all recipients; the first is the workspace's own key.

Examples:
  froyo secret set db/password
  froyo secret set tls/key <server.key
  pwgen -s 24 1 | tr -d '\n' | froyo secret set db/password`
}

// Run keeps a secret.
func (c *setCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.change(ctx, e)
	if err == nil {
		err = store.CheckName(c.Name)
	}
	if err != nil {
		return err
	}
	value, err := c.value(ctx, e)
	if err != nil {
		return err
	}
	if len(value) == 0 && !c.AllowEmpty {
		return (&diag.Error{Summary: "the value of " + c.Name + " is empty; nothing was changed"}).
			WithHint("where that is meant: froyo secret set %s --allow-empty", c.Name)
	}
	if err := s.Set(ctx, c.Name, value); err != nil {
		return err
	}
	if err := note(ctx, e, "set", c.Name); err != nil {
		return err
	}
	return written(ctx, e, s, c.Name)
}

// value reads the value.
func (c *setCommand) value(ctx context.Context, e *console.Console) ([]byte, error) {
	if e.Interactive() {
		return asked(ctx, e, c.Name)
	}
	value, err := input.Stream(ctx, "standard input", e.Stdin, store.MaxSize)
	if err != nil {
		return nil, err
	}
	here.WarnOfLineBreak(e, value, "froyo secret set "+c.Name)
	return value, nil
}

// asked asks for the value, twice.
func asked(ctx context.Context, e *console.Console, name string) ([]byte, error) {
	first, err := e.Hidden(ctx, "value of "+name+": ")
	if err != nil || len(first) == 0 {
		return nil, gone(err)
	}
	again, err := e.Hidden(ctx, "once more: ")
	if err != nil {
		return nil, gone(err)
	}
	if !bytes.Equal(first, again) {
		e.Drop()
		return nil, (&diag.Error{Summary: "the two are not the same; nothing was changed"}).
			WithHint("a value of several lines is given by a file, or in an editor: froyo secret edit %s", name)
	}
	return first, nil
}

// gone says that a question got no answer.
func gone(err error) error {
	if errors.Is(err, io.EOF) {
		return &diag.Error{Summary: "no value was given; nothing was changed"}
	}
	return err
}

// written says what was written, and for how many.
func written(ctx context.Context, e *console.Console, s *store.Store, name string) error {
	all, err := s.Recipients(ctx)
	if err != nil {
		return err
	}
	say(e, fmt.Sprintf("%s is kept in %s, for %s", name, s.File(name), wording.Plural(len(all), "recipient")))
	return nil
}
