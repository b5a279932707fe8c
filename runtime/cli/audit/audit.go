// Package audit is froyo audit: the log of who did what, and whether it is whole.
//
// It imports runtime/cli/{client,here} and engine/audit.
package audit

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
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
	return store.AuditLog(ctx, -1)
}

type showCommand struct {
	Number int  `short:"n" default:"20" placeholder:"N" help:"Show at most N rows; 0 = all (20)."`
	JSON   bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*showCommand) Help() string {
	return `A run has a row for its beginning, which names its hosts, and one for its end; what is approved, and what changes secrets,
locks or the state, has one. It is shown as it is kept: froyo audit verify says whether that is what was written.
On a terminal that is too narrow for a table each row takes several lines.

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
	l := &audit.Log{}
	if store != nil {
		l, err = store.AuditLog(ctx, limit)
		if err = errors.Join(err, store.Close()); err != nil {
			return err
		}
	}
	rows := l.Rows
	slices.Reverse(rows)
	if doubt := audit.Doubt((&audit.Log{Faults: l.Faults}).Verify(nil, nil)); doubt != nil {
		if len(rows) == 0 {
			return doubt
		}
		e.Errors.Warnings([]*diag.Error{doubt})
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Rows []audit.Line `json:"rows"`
		}{(&audit.Log{Rows: rows}).Lines()})
	}
	return c.table(e, rows)
}

// table shows rows for people: as a table where there is room for it, else each in some lines.
func (c *showCommand) table(e *console.Console, rows []audit.Row) error {
	if len(rows) == 0 {
		_, err := io.WriteString(e.Stdout, "nothing is recorded yet\n")
		return err
	}
	return e.WriteFitted(text(rows, e.Columns()))
}

// text is the rows in n columns of a terminal, or as wide as they are where n is 0.
func text(rows []audit.Row, n int) string {
	table := [][]string{{"ROW", "TIME", "WHO", "FROM", "ACTION", "OUTCOME", "RUN", "WHAT", "HOSTS"}}
	for i := range rows {
		table = append(table, columns(&rows[i]))
	}
	var b strings.Builder
	layout.Columns(&b, "", table)
	for line := range strings.SplitSeq(b.String(), "\n") {
		if n > 0 && layout.Width(line) > n {
			return blocks(table[1:], n)
		}
	}
	return b.String()
}

// blocks shows each row in some lines, none of which is longer than n.
func blocks(table [][]string, n int) string {
	var b strings.Builder
	for _, cells := range table {
		head := strings.TrimSpace(cells[0] + "  " + cells[1] + "  " + cells[4] + "  " + cells[5])
		b.WriteString(strings.Join(layout.Wrap(head, n, 0, 4), "\n") + "\n")
		for _, more := range []struct {
			name string
			at   int
		}{{"who  ", 2}, {"from ", 3}, {"run  ", 6}, {"what ", 7}, {"hosts", 8}} {
			if cells[more.at] != "" {
				b.WriteString(strings.Join(layout.Wrap("    "+more.name+"  "+cells[more.at], n, 0, 11), "\n") + "\n")
			}
		}
	}
	return b.String()
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
  froyo audit export | ssh logs 'cat >froyo.jsonl'
  froyo audit export --to audit.jsonl
  froyo audit verify --file audit.jsonl`
}

// Run exports the log.
func (c *exportCommand) Run(ctx context.Context, e *console.Console) error {
	l, err := whole(ctx, e)
	if err != nil {
		return err
	}
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	keys, err := w.PlanKeys()
	if err != nil {
		return err
	}
	if doubt := audit.Doubt(l.Verify(nil, keys)); doubt != nil {
		e.Errors.Warnings([]*diag.Error{doubt})
	}
	if c.To == "" {
		return l.Export(e.Stdout)
	}
	return client.WriteFile("--to", c.To, l.Export)
}
