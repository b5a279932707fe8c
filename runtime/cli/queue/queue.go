// Package queue is froyo queue: the work of runs that is still to be done.
//
// It imports runtime/cli/here and engine/queue.
package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
	"github.com/openfroyo/froyo/runtime/wire"
)

// Command is froyo queue.
type Command struct {
	List listCommand `cmd:"" help:"List pending work per host."`
	Drop dropCommand `cmd:"" help:"Drop pending work of a run: no worker will execute it."`
}

// queued opens the queue of the workspace around the working directory, which the
// caller closes, and lists what is in it.
func queued(ctx context.Context, e *console.Console) (queue.Queue, []queue.Item, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, nil, err
	}
	q := wire.Queue(w.StateDir())
	items, err := q.List(ctx, w.ID())
	if err != nil {
		return nil, nil, errors.Join(err, q.Close())
	}
	return q, items, nil
}

type listCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*listCommand) Help() string {
	return `An item is the work of one host in a batch of a play. It is delivered until a worker completes it; an item that was
delivered too often is dead-lettered.

Examples:
  froyo queue list
  froyo queue list --json | jq -r '.items[] | select(.state == "dead-lettered") | .id'`
}

// Run lists the items.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	q, items, err := queued(ctx, e)
	if err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(queueAnswer(items, time.Now()))
	}
	return e.WriteFitted(queueText(items, time.Now()))
}

// queueText is a table of items.
func queueText(items []queue.Item, now time.Time) string {
	if len(items) == 0 {
		return "no work is pending\n"
	}
	rows := [][]string{{"HOST", "PLAY", "BATCH", "RUN", "ATTEMPTS", "STATE"}}
	for _, i := range items {
		state := queueState(&i, now)
		switch {
		case i.DeadLettered:
			state += ": " + ui.Readable(i.Reason)
		case i.Claimed(now):
			state += " by " + ui.Readable(i.Worker) + " until " + wording.When(i.Until)
		}
		rows = append(rows, []string{
			ui.Readable(i.Host), ui.Readable(ui.PlayName(i.Play)), strconv.Itoa(i.Batch + 1), ui.Readable(i.Run), strconv.Itoa(i.Attempts), state,
		})
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return b.String()
}

// queueState says in a word where an item stands.
func queueState(i *queue.Item, now time.Time) string {
	switch {
	case i.DeadLettered:
		return "dead-lettered"
	case i.Claimed(now):
		return "claimed"
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
	State    string     `json:"state"` // waiting, claimed, dead-lettered
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
		if i.Claimed(now) {
			entries[n].Worker, entries[n].Until = i.Worker, &i.Until
		}
	}
	return struct {
		Items []queuedEntry `json:"items"`
	}{entries}
}

type dropCommand struct {
	ID  string `arg:"" name:"run" complete:"runs" help:"Run, or items of it: RUN, or as much of RUN/BATCH/PLAY/HOST as --json names in id."`
	Yes bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*dropCommand) Help() string {
	return `A worker that is executing an item continues; what it changes is not undone.

Examples:
  froyo queue drop 20261125-210315-ab12cd     all of the run
  froyo queue drop 20261125-210315-ab12cd/1/web/web1 -y

The last drops one host's work in the first batch of the play web.`
}

// Run drops items.
func (c *dropCommand) Run(ctx context.Context, e *console.Console) (err error) {
	q, items, err := queued(ctx, e)
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
		return (&diag.Error{Summary: "nothing of " + ui.Readable(c.ID) + " is queued"}).WithHint("froyo queue list --json shows the IDs of all items")
	}
	if err := e.NeedsTerminal(c.Yes); err != nil {
		return err
	}
	if !c.Yes {
		if err := confirmDrop(ctx, e, items); err != nil {
			return err
		}
	}
	return dropItems(ctx, e, q, items)
}

// names reports whether an item is meant.
func (c *dropCommand) names(i *queue.Item) bool {
	return i.Run == c.ID || i.ID == c.ID || strings.HasPrefix(i.ID, strings.TrimSuffix(c.ID, "/")+"/")
}

// confirmDrop shows what is about to be dropped, and asks.
func confirmDrop(ctx context.Context, e *console.Console, items []queue.Item) error {
	if _, err := io.WriteString(e.Stderr, queueText(items, time.Now())); err != nil {
		return err
	}
	return e.Approve(ctx, "Drop "+wording.Plural(len(items), "work item")+"?", "dropped")
}

// dropItems notes who forgets items where there is a state, and does so.
func dropItems(ctx context.Context, e *console.Console, q queue.Queue, items []queue.Item) (err error) {
	byRun := map[string][]string{}
	var runs []string
	for _, i := range items {
		if byRun[i.Run] == nil {
			runs = append(runs, i.Run)
		}
		byRun[i.Run] = append(byRun[i.Run], i.ID)
	}
	store, _, err := here.State(ctx, e)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	for _, run := range runs {
		if store != nil {
			entry := state.Audit{Time: time.Now(), User: worker.Operator(), Action: "queue drop", Run: run, Outcome: audit.Done, Detail: strings.Join(byRun[run], "\n")}
			if err := store.AppendAudit(ctx, entry); err != nil {
				return err
			}
		}
		if err := q.Drop(ctx, run, byRun[run]...); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(e.Stdout, "dropped "+wording.Plural(len(items), "item"))
	return err
}
