package state

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type handlersCommand struct {
	List handlersListCommand `cmd:"" default:"withargs" help:"List pending handlers (the default)."`
	Drop handlersDropCommand `cmd:"" help:"Drop pending handlers: they will not run for the changes that notified them."`
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
func (c *handlersListCommand) Run(ctx context.Context, e *console.Console) error {
	return pendingHandlers.show(ctx, e, c.JSON)
}

var pendingHandlers = list[state.PendingHandler]{
	name: "pending", none: "no handlers are pending", header: []string{"HOST", "PLAY", "HANDLER", "SINCE", "RUN"},
	row: func(h state.PendingHandler) []string {
		return []string{ui.Readable(h.Host), ui.Readable(ui.PlayName(h.Play)), ui.Readable(h.Handler), wording.When(h.Since), ui.Readable(h.Run)}
	},
	entry: func(h state.PendingHandler) any {
		return handlerEntry{h.Host, h.MachineID, h.Play, h.Handler, h.Since, h.Run}
	},
	read: func(ctx context.Context, store state.Store, workspace string) ([]state.PendingHandler, error) {
		return store.PendingHandlers(ctx, workspace)
	},
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

type handlersDropCommand struct {
	Host    string `placeholder:"HOST" complete:"hosts" help:"Only on this host."`
	Handler string `placeholder:"NAME" help:"Only handlers of this name."`
	Yes     bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*handlersDropCommand) Help() string {
	return `Examples:
  froyo state handlers drop                   all of them, after a question
  froyo state handlers drop --host web1 --handler 'reload nginx' -y`
}

// Run drops pending handlers.
func (c *handlersDropCommand) Run(ctx context.Context, e *console.Console) error {
	asked := time.Now() // what is notified from now on stays pending
	return pendingHandlers.with(ctx, e, func(store state.Store, _ string, pending []state.PendingHandler) error {
		pending = slices.DeleteFunc(pending, func(h state.PendingHandler) bool {
			return c.Host != "" && h.Host != c.Host || c.Handler != "" && h.Handler != c.Handler
		})
		if len(pending) == 0 {
			return pendingHandlers.print(e.Stdout, nil)
		}
		if err := e.NeedsTerminal(c.Yes); err != nil {
			return err
		}
		if !c.Yes {
			if err := pendingHandlers.print(e.Stderr, pending); err != nil {
				return err
			}
			if err := e.Approve(ctx, "Drop "+wording.Plural(len(pending), "pending handler")+"?", "dropped"); err != nil {
				return err
			}
		}
		return dropHandlers(ctx, e, store, asked, pending)
	})
}

// dropHandlers notes who forgets pending handlers, and does so.
func dropHandlers(ctx context.Context, e *console.Console, store state.Store, asked time.Time, pending []state.PendingHandler) error {
	for _, o := range pending {
		entry := state.Audit{
			Time: asked, User: worker.Operator(), Action: "state handlers drop", Run: o.Run, Hosts: o.Host, Outcome: audit.Done,
			Detail: fmt.Sprintf("handler %q of play %s on %s", o.Handler, ui.PlayName(o.Play), o.Host),
		}
		if err := store.AppendAudit(ctx, entry); err != nil {
			return err
		}
	}
	if err := store.ClearPending(ctx, asked, pending...); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.Stdout, "dropped "+wording.Plural(len(pending), "pending handler"))
	return err
}
