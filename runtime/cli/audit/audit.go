// Package audit is froyo audit: the log of who did what, and whether it is whole.
//
// It imports runtime/cli/here and engine/audit.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Command is froyo audit.
type Command struct {
	Show   showCommand   `cmd:"" help:"Show who did what, newest first."`
	Verify verifyCommand `cmd:"" help:"Find rows that were changed, removed, moved or cut off."`
	Export exportCommand `cmd:"" help:"Write all rows as lines of JSON, with hashes and signatures."`
	Anchor anchorCommand `cmd:"" help:"Print how far the log has come, signed, to be kept elsewhere."`
}

// whole reads all of the log of the workspace around the current directory.
func whole(ctx context.Context, e *console.Console) (l *audit.Log, err error) {
	store, _, err := here.State(ctx, e)
	if err != nil || store == nil {
		return &audit.Log{}, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.AuditLog(ctx)
}

type showCommand struct {
	Number int  `short:"n" default:"20" placeholder:"N" help:"Show at most N rows; 0 = all (20)."`
	JSON   bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*showCommand) Help() string {
	return `A run has a row for its beginning, which names its hosts, and one for its end; what is approved, and what changes secrets,
locks or the state, has one. It is shown as it is kept: froyo audit verify says whether that is what was written.

Examples:
  froyo audit show -n 5
  froyo audit show -n 0 --json | jq '.rows[] | select(.action == "secret set")'`
}

// Run shows rows.
func (c *showCommand) Run(ctx context.Context, e *console.Console) error {
	limit := c.Number
	switch {
	case limit < 0:
		return &diag.Error{Summary: "-n " + strconv.Itoa(limit) + ": want how many rows to show, or 0 for all"}
	case limit == 0:
		limit = -1
	}
	store, _, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	var rows []audit.Row
	if store != nil {
		rows, err = store.AuditTrail(ctx, limit)
		if err = errors.Join(err, store.Close()); err != nil {
			return err
		}
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Rows []audit.Line `json:"rows"`
		}{(&audit.Log{Rows: rows}).Lines()})
	}
	return c.table(e, rows)
}

// table shows rows for people.
func (c *showCommand) table(e *console.Console, rows []audit.Row) error {
	if len(rows) == 0 {
		_, err := io.WriteString(e.Stdout, "nothing is recorded yet\n")
		return err
	}
	table := [][]string{{"ROW", "TIME", "WHO", "FROM", "ACTION", "OUTCOME", "RUN", "WHAT", "HOSTS"}}
	for i := range rows {
		table = append(table, columns(&rows[i]))
	}
	var gone []string
	if width := e.Columns(); width > 0 {
		table, gone = layout.Narrow(table, width, "FROM", "HOSTS", "RUN", "WHO", "WHAT")
	}
	var b strings.Builder
	layout.Columns(&b, "", table)
	if err := e.WriteFitted(b.String()); err != nil {
		return err
	}
	if len(gone) > 0 {
		e.Errors.Note("no room for " + strings.Join(gone, ", ") + ": a wider terminal shows them, and --json")
	}
	return nil
}

func columns(r *audit.Row) []string {
	what := r.Detail
	if what == "" && r.Plan != "" {
		what = "plan " + r.Plan[:min(12, len(r.Plan))]
	}
	return []string{
		strconv.FormatInt(r.Seq, 10), wording.When(r.Time), ui.Readable(r.User), ui.Readable(r.Origin), ui.Readable(r.Action),
		ui.Readable(r.Outcome), ui.Readable(r.Run), ui.Readable(what), ui.Readable(shorten(r.Hosts)),
	}
}

// shorten leaves out all but the first of many names.
func shorten(hosts string) string {
	names := strings.Fields(hosts)
	const most = 5
	if rest := len(names) - most; rest > 0 {
		return strings.Join(names[:most], " ") + " and " + strconv.Itoa(rest) + " more"
	}
	return hosts
}

type exportCommand struct {
	To string `placeholder:"FILE" complete:"files" help:"Write to FILE instead of standard output."`
}

// Help gives the command's example.
func (*exportCommand) Help() string {
	return `Examples:
  froyo audit export | ssh logs 'cat >>froyo.jsonl'
  froyo audit export --to audit.jsonl
  froyo audit verify --file audit.jsonl`
}

// Run exports the log.
func (c *exportCommand) Run(ctx context.Context, e *console.Console) error {
	l, err := whole(ctx, e)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, line := range l.Lines() {
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	if c.To == "" {
		_, err := io.WriteString(e.Stdout, b.String())
		return err
	}
	if err := os.WriteFile(c.To, []byte(b.String()), 0o600); err != nil {
		return diag.WriteFailed("the export", c.To, err)
	}
	return nil
}
