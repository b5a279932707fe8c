package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/workspace"
)

type queueCommand struct {
	List queueListCommand `cmd:"" help:"List the hosts' shares of runs that are still to be done."`
	Drop queueDropCommand `cmd:"" help:"Forget shares of a run: no worker gets them any more."`
}

// openQueue returns the queue of a workspace. The file is made with the first item.
func openQueue(w *workspace.Workspace) queue.Queue {
	return bolt.New(filepath.Join(w.StateDir(), "queue.db"), time.Now)
}

// queued opens the queue of the workspace around the working folder, which the
// caller closes, and lists what is in it.
func (e *env) queued(ctx context.Context) (queue.Queue, []queue.Item, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, nil, err
	}
	w, err := e.findWorkspace(cwd)
	if err != nil {
		return nil, nil, err
	}
	q := openQueue(w)
	items, err := q.List(ctx, w.ID())
	if err != nil {
		return nil, nil, errors.Join(err, q.Close())
	}
	return q, items, nil
}

type queueListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*queueListCommand) Help() string {
	return `An item is one host's share of a batch of a play. It is delivered to a worker until one has done it; what was
delivered too often without that is set aside.

Examples:
  froyo queue list
  froyo queue list --json | jq -r '.items[] | select(.state == "set aside") | .id'`
}

// Run lists the items.
func (c *queueListCommand) Run(ctx context.Context, e *env) error {
	q, items, err := e.queued(ctx)
	if err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.Stdout, queueAnswer(items, time.Now()))
	}
	return writeFitted(e, queueText(items, time.Now()))
}

// queueText is a table of items.
func queueText(items []queue.Item, now time.Time) string {
	if len(items) == 0 {
		return "nothing is queued\n"
	}
	rows := [][]string{{"HOST", "PLAY", "BATCH", "RUN", "ATTEMPTS", "STATE"}}
	for _, i := range items {
		state := queueState(&i, now)
		switch {
		case i.SetAside:
			state += ": " + ui.Readable(i.Reason)
		case i.Leased(now):
			state += " by " + ui.Readable(i.Worker) + " until " + ui.When(i.Until)
		}
		rows = append(rows, []string{
			ui.Readable(i.Host), ui.Readable(ui.PlayName(i.Play)), strconv.Itoa(i.Batch + 1), ui.Readable(i.Run), strconv.Itoa(i.Attempts), state,
		})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	return b.String()
}

// queueState says in a word where an item stands.
func queueState(i *queue.Item, now time.Time) string {
	switch {
	case i.SetAside:
		return "set aside"
	case i.Leased(now):
		return "leased"
	}
	return "waiting"
}

// queuedEntry is an item on the outside.
type queuedEntry struct {
	ID       string     `json:"id"`
	Host     string     `json:"host"`
	Play     string     `json:"play"`
	Batch    int        `json:"batch"` // counts from 1
	Run      string     `json:"run"`
	Put      time.Time  `json:"put"`
	Attempts int        `json:"attempts"`
	State    string     `json:"state"` // waiting, leased, set aside
	Worker   string     `json:"worker,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	Reason   string     `json:"reason,omitempty"`
}

func queueAnswer(items []queue.Item, now time.Time) any {
	entries := make([]queuedEntry, len(items))
	for n, i := range items {
		entries[n] = queuedEntry{
			ID: i.ID, Host: i.Host, Play: i.Play, Batch: i.Batch + 1, Run: i.Run, Put: i.Put, Attempts: i.Attempts,
			State: queueState(&i, now), Reason: i.Reason,
		}
		if i.Leased(now) {
			entries[n].Worker, entries[n].Until = i.Worker, &i.Until
		}
	}
	return struct {
		Items []queuedEntry `json:"items"`
	}{entries}
}

type queueDropCommand struct {
	ID  string `arg:"" name:"run" help:"Run, or items of it: RUN, or as much of RUN/BATCH/PLAY/HOST as --json names in id."`
	Yes bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*queueDropCommand) Help() string {
	return `A worker that has an item goes on with what it has begun; what it does is not taken back.

Examples:
  froyo queue drop 20261125-210315-ab12cd                 all of the run, after a question
  froyo queue drop 20261125-210315-ab12cd/1/web/web1 -y   one host's share of the first batch of the play web`
}

// Run drops items.
func (c *queueDropCommand) Run(ctx context.Context, e *env) (err error) {
	if !c.Yes && !isTerminal(e.Stdin) {
		return (&diag.Error{Summary: "drop asks before it forgets anything, and there is no terminal to ask on"}).WithHint("give -y")
	}
	q, items, err := e.queued(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	if len(items) == 0 {
		_, err := io.WriteString(e.Stdout, queueText(nil, time.Now()))
		return err
	}
	items = slices.DeleteFunc(items, func(i queue.Item) bool { return !c.names(&i) })
	if len(items) == 0 {
		return (&diag.Error{Summary: "nothing of " + ui.Readable(c.ID) + " is queued"}).WithHint("froyo queue list --json shows the IDs of what is")
	}
	if !c.Yes {
		if err := e.confirmDrop(ctx, items); err != nil {
			return err
		}
	}
	return e.dropItems(ctx, q, items)
}

// names reports whether an item is meant.
func (c *queueDropCommand) names(i *queue.Item) bool {
	return i.Run == c.ID || i.ID == c.ID || strings.HasPrefix(i.ID, strings.TrimSuffix(c.ID, "/")+"/")
}

// confirmDrop shows what is about to be dropped, and asks.
func (e *env) confirmDrop(ctx context.Context, items []queue.Item) error {
	if _, err := io.WriteString(e.Stderr, queueText(items, time.Now())); err != nil {
		return err
	}
	yes, err := e.confirm(ctx, "Drop "+ui.Plural(len(items), "item")+"?")
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !yes {
		return &diag.Error{Summary: "not approved; nothing was dropped"}
	}
	return nil
}

// dropItems forgets items, and notes who did where there is a state.
func (e *env) dropItems(ctx context.Context, q queue.Queue, items []queue.Item) (err error) {
	byRun := map[string][]string{}
	var runs []string
	for _, i := range items {
		if byRun[i.Run] == nil {
			runs = append(runs, i.Run)
		}
		byRun[i.Run] = append(byRun[i.Run], i.ID)
	}
	store, _, err := e.openHistory(ctx)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	for _, run := range runs {
		if err := q.Drop(ctx, run, byRun[run]...); err != nil {
			return err
		}
		if store == nil {
			continue
		}
		audit := state.Audit{Time: time.Now(), User: operator(), Action: "queue drop", Run: run, Detail: strings.Join(byRun[run], "\n")}
		if err := store.AppendAudit(ctx, audit); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(e.Stdout, "dropped "+ui.Plural(len(items), "item"))
	return err
}
