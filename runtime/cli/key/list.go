package key

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type listCommand struct {
	JSON  bool `name:"json" help:"Print JSON on standard output."`
	Opens `embed:""`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `No passphrase is asked for: a key whose opener has one counts as readable, and its public half as its own.

Examples:
  froyo key list
  froyo key list --json | jq -r '.keys[].public'`
}

// keyAnswer is a key on the outside.
type keyAnswer struct {
	Name        string    `json:"name"`
	Type        string    `json:"type,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	Public      string    `json:"public,omitempty"`
	File        string    `json:"file"`
	Changed     time.Time `json:"changed"`
	Readable    bool      `json:"readable"`
	Rotating    bool      `json:"rotating,omitempty"`
	Problem     string    `json:"problem,omitempty"`
}

// Run lists the keys.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	_, k, err := c.open(e)
	if err != nil {
		return err
	}
	found, err := k.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		out := []keyAnswer{}
		for _, f := range found {
			out = append(out, keyAnswer{f.Name, f.Type, f.Fingerprint, f.Line, k.File(f.Name), f.Changed.UTC(), f.Readable, f.Rotating, f.Problem})
		}
		return e.WriteJSON(struct {
			Keys []keyAnswer `json:"keys"`
		}{out})
	}
	if len(found) == 0 {
		_, err := io.WriteString(e.Stdout, "there are no keys\n")
		return err
	}
	return e.WriteFitted(table(found, e.Columns()))
}

func table(found []keys.Key, columns int) string {
	rows := [][]string{{"NAME", "TYPE", "FINGERPRINT", "CHANGED", "READABLE"}}
	for _, f := range found {
		can := "yes"
		switch {
		case f.Problem != "":
			can = "no: " + f.Problem
		case !f.Readable:
			can = "no: you are no recipient"
		case f.Rotating:
			can = "yes; its rotation is unfinished"
		}
		rows = append(rows, []string{ui.Readable(f.Name), ui.Readable(f.Type), f.Fingerprint, wording.When(f.Changed), ui.Readable(can)})
	}
	if columns > 0 {
		rows, _ = layout.Narrow(rows, columns, "TYPE", "CHANGED")
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return b.String()
}
