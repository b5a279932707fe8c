package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
)

type editCommand struct {
	Name string `arg:"" complete:"secrets" help:"Name of the secret; one that is not there yet begins empty."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*editCommand) Help() string {
	return `The editor is $VISUAL or $EDITOR, with arguments where it needs some (EDITOR="code --wait"). It gets a file that only you can
read, in memory where the system has a place for that, which is removed when the editor ends, whatever happened. A line break
that the editor puts at the end is not kept where there was none before. Copies that the editor itself makes elsewhere
(backups, undo files) are not removed.

Examples:
  froyo secret edit db/password
  EDITOR=nano froyo secret edit tls/key`
}

// Run changes a secret in an editor.
func (c *editCommand) Run(ctx context.Context, e *console.Console) (err error) {
	s, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	old, err := s.Get(ctx, c.Name)
	fresh := errors.Is(err, store.ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	d, err := newDraft(e, c.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.remove()) }()
	value := old
	for {
		if value, err = d.edit(ctx, e, value, len(old) > 0 && bytes.HasSuffix(old, []byte("\n"))); err != nil {
			return err
		}
		if bytes.Equal(value, old) {
			if fresh {
				say(e, "nothing was written: there is still no secret "+c.Name)
				return nil
			}
			say(e, "nothing was changed")
			return nil
		}
		again, err := c.write(ctx, e, s, fresh, old, value)
		if err != nil || !again {
			return err
		}
	}
}

// write writes a value, and asks what to do where that fails; again is that the editor is wanted once more.
func (c *editCommand) write(ctx context.Context, e *console.Console, s *store.Store, fresh bool, old, value []byte) (again bool, err error) {
	set := func() error {
		switch {
		case len(value) == 0:
			return (&diag.Error{Summary: "the value of " + c.Name + " is empty now"}).
				WithHint("to remove it: froyo secret rm %s; to keep it so: froyo secret set %s --allow-empty </dev/null", c.Name, c.Name)
		case fresh:
			return s.Set(ctx, c.Name, value)
		}
		return s.Replace(ctx, c.Name, old, value)
	}
	for {
		err := set()
		if err == nil {
			return false, errors.Join(note(ctx, e, "edit", c.Name), written(ctx, e, s, c.Name))
		}
		if !e.Interactive() || ctx.Err() != nil {
			return false, err
		}
		e.Errors.Print(err)
		question := "What was typed is not kept yet: (t)ry again, (e)dit again, or (g)ive up? "
		if errors.Is(err, store.ErrChanged) {
			question = "What was typed is not kept yet: (r)eplace what is there now, (e)dit again, or (g)ive up? "
		}
		answer, askErr := e.Ask(ctx, question)
		switch {
		case errors.Is(askErr, io.EOF), answer == "g":
			return false, &console.ExitError{Code: diag.CodeOf(err), Err: &diag.Error{Summary: "given up; the secret is as it was"}}
		case askErr != nil:
			return false, askErr
		case answer == "e":
			return true, nil
		case answer == "r" && errors.Is(err, store.ErrChanged):
			fresh = true
		}
	}
}

// edit has the value edited.
func (d *draft) edit(ctx context.Context, e *console.Console, value []byte, ends bool) ([]byte, error) {
	if err := d.write(value); err != nil {
		return nil, err
	}
	if err := d.run(ctx, e); err != nil {
		return nil, err
	}
	edited, err := d.read()
	if err != nil {
		return nil, err
	}
	if len(edited) > store.MaxSize {
		return nil, (&diag.Error{Summary: fmt.Sprintf("the file is larger than %s; the secret is as it was", wording.Plural(store.MaxSize, "byte"))}).
			WithHint("encrypt a large file by itself, and keep its key as a secret")
	}
	if !ends {
		edited = bytes.TrimSuffix(bytes.TrimSuffix(edited, []byte("\n")), []byte("\r"))
	}
	return edited, nil
}
