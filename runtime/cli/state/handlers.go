package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type handlersCommand struct {
	List handlersListCommand `cmd:"" default:"withargs" help:"List pending handlers (the default)."`
	Drop handlersDropCommand `cmd:"" help:"Forget pending handlers: they will not run for the changes that notified them."`
}

type handlersListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*handlersListCommand) Help() string {
	return `A handler is pending from the change that notifies it until it has run, also where the run fails or froyo is
killed in between. The next apply of a runbook that declares it for the host runs it.

Examples:
  froyo state handlers
  froyo state handlers --json | jq '.pending[].handler'
  froyo state handlers drop --host web1 --handler 'reload nginx'`
}

// Run lists pending handlers.
func (c *handlersListCommand) Run(ctx context.Context, e *console.Console) (err error) {
	store, pending, err := pendingHandlers(ctx, e)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	if c.JSON {
		return e.WriteJSON(handlersAnswer(pending))
	}
	return printHandlers(e.Stdout, pending)
}

// pendingHandlers opens the state, which the caller closes, and lists the pending
// handlers. The store is nil where nothing was ever recorded.
func pendingHandlers(ctx context.Context, e *console.Console) (state.Store, []state.PendingHandler, error) {
	store, workspace, err := here.State(ctx, e)
	if store == nil || err != nil {
		return nil, nil, err
	}
	pending, err := store.PendingHandlers(ctx, workspace)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, pending, nil
}

// printHandlers prints a table of pending handlers.
func printHandlers(w io.Writer, pending []state.PendingHandler) error {
	if len(pending) == 0 {
		_, err := fmt.Fprintln(w, "no handlers are pending")
		return err
	}
	rows := [][]string{{"HOST", "PLAY", "HANDLER", "SINCE", "RUN"}}
	for _, o := range pending {
		rows = append(rows, []string{
			ui.Readable(o.Host), ui.Readable(ui.PlayName(o.Play)), ui.Readable(o.Handler), wording.When(o.Since), ui.Readable(o.Run),
		})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	_, err := io.WriteString(w, b.String())
	return err
}

// handlerEntry is a pending handler, as JSON.
type handlerEntry struct {
	Host      string    `json:"host"`
	MachineID string    `json:"machine_id,omitempty"`
	Play      string    `json:"play"`
	Handler   string    `json:"handler"`
	Since     time.Time `json:"since"`
	Run       string    `json:"run"`
}

func handlersAnswer(pending []state.PendingHandler) any {
	entries := make([]handlerEntry, len(pending))
	for i, o := range pending {
		entries[i] = handlerEntry{o.Host, o.MachineID, o.Play, o.Handler, o.Since, o.Run}
	}
	return struct {
		Pending []handlerEntry `json:"pending"`
	}{entries}
}

type handlersDropCommand struct {
	Host    string `placeholder:"HOST" complete:"hosts" help:"Only those of this host."`
	Handler string `placeholder:"NAME" help:"Only those of the handlers of this name."`
	Yes     bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*handlersDropCommand) Help() string {
	return `Examples:
  froyo state handlers drop                               all of them, after a question
  froyo state handlers drop --host web1 --handler 'reload nginx' -y`
}

// Run drops pending handlers.
func (c *handlersDropCommand) Run(ctx context.Context, e *console.Console) (err error) {
	if err := e.NeedsTerminal(c.Yes); err != nil {
		return err
	}
	asked := time.Now() // what is notified from now on stays pending
	store, pending, err := pendingHandlers(ctx, e)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	pending = slices.DeleteFunc(pending, func(o state.PendingHandler) bool {
		return c.Host != "" && o.Host != c.Host || c.Handler != "" && o.Handler != c.Handler
	})
	if len(pending) == 0 {
		return printHandlers(e.Stdout, nil)
	}
	if !c.Yes {
		if err := printHandlers(e.Stderr, pending); err != nil {
			return err
		}
		if err := e.Approve(ctx, "Drop "+wording.Plural(len(pending), "pending handler")+"?", "dropped"); err != nil {
			return err
		}
	}
	return dropHandlers(ctx, e, store, asked, pending)
}

// dropHandlers forgets pending handlers, and notes who did.
func dropHandlers(ctx context.Context, e *console.Console, store state.Store, asked time.Time, pending []state.PendingHandler) error {
	if err := store.ClearPending(ctx, asked, pending...); err != nil {
		return err
	}
	for _, o := range pending {
		audit := state.Audit{
			Time: asked, User: worker.Operator(), Action: "state handlers drop", Run: o.Run,
			Detail: fmt.Sprintf("handler %q of play %s on %s", o.Handler, ui.PlayName(o.Play), o.Host),
		}
		if err := store.AppendAudit(ctx, audit); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(e.Stdout, "dropped "+wording.Plural(len(pending), "pending handler"))
	return err
}
