package secret

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type listCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `No passphrase is asked for: a secret for a key that has one counts as readable.

Examples:
  froyo secret list
  froyo secret list --json | jq -r '.secrets[] | select(.readable | not) | .name'`
}

// secretAnswer is a secret on the outside.
type secretAnswer struct {
	Name     string    `json:"name"`
	File     string    `json:"file"`
	Size     int64     `json:"size"`
	Changed  time.Time `json:"changed"`
	Readable bool      `json:"readable"`
	Problem  string    `json:"problem,omitempty"`
}

// Run lists the secrets.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.Open(e)
	if err != nil {
		return err
	}
	found, err := s.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Secrets []secretAnswer `json:"secrets"`
		}{answers(s, found)})
	}
	if len(found) == 0 {
		_, err := io.WriteString(e.Stdout, "there are no secrets\n")
		return err
	}
	rows := [][]string{{"NAME", "CHANGED", "SIZE", "READABLE"}}
	for _, f := range found {
		can := "yes"
		switch {
		case f.Problem != "":
			can = "no: " + f.Problem
		case !f.Readable:
			can = "no: you are no recipient"
		}
		rows = append(rows, []string{ui.Readable(f.Name), wording.When(f.Changed), fmt.Sprint(f.Size), ui.Readable(can)})
	}
	if columns := e.Columns(); columns > 0 {
		rows, _ = layout.Narrow(rows, columns, "SIZE", "CHANGED")
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return e.WriteFitted(b.String())
}

func answers(s *store.Store, found []store.Secret) []secretAnswer {
	out := []secretAnswer{}
	for _, f := range found {
		out = append(out, secretAnswer{f.Name, s.File(f.Name), f.Size, f.Changed.UTC(), f.Readable, f.Problem})
	}
	return out
}
