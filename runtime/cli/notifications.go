package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/ui"
)

type stateCommand struct {
	Notifications notificationsCommand `cmd:"" help:"Handlers that changes called for and that have not run since."`
	Protections   protectionsCommand   `cmd:"" help:"Resources that must not be removed."`
}

type notificationsCommand struct {
	List notificationsListCommand `cmd:"" default:"withargs" help:"List the handlers that are owed (the default)."`
	Drop notificationsDropCommand `cmd:"" help:"Forget handlers that are owed: they will not run for what called for them."`
}

type notificationsListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*notificationsListCommand) Help() string {
	return `A handler is owed from the change that calls for it until it has run, also where the run fails or froyo is
killed in between. The next apply of a runbook that declares it for the host delivers it.

Examples:
  froyo state notifications
  froyo state notifications --json | jq '.owed[].handler'
  froyo state notifications drop --host web1 --handler 'reload nginx'`
}

// Run lists what is owed.
func (c *notificationsListCommand) Run(ctx context.Context, e *env) (err error) {
	store, owed, err := e.owed(ctx)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	if c.JSON {
		return writeJSON(e.Stdout, owedAnswer(owed))
	}
	return e.printOwed(e.Stdout, owed)
}

// owed opens the state, which the caller closes, and lists what is owed. The
// store is nil where nothing was ever recorded.
func (e *env) owed(ctx context.Context) (state.Store, []state.Owed, error) {
	store, workspace, err := e.openHistory(ctx)
	if store == nil || err != nil {
		return nil, nil, err
	}
	owed, err := store.Owed(ctx, workspace)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, owed, nil
}

// printOwed prints a table of what is owed.
func (e *env) printOwed(w io.Writer, owed []state.Owed) error {
	if len(owed) == 0 {
		_, err := fmt.Fprintln(w, "none are owed")
		return err
	}
	rows := [][]string{{"HOST", "PLAY", "HANDLER", "SINCE", "RUN"}}
	for _, o := range owed {
		rows = append(rows, []string{
			ui.Readable(o.Host), ui.Readable(ui.PlayName(o.Play)), ui.Readable(o.Handler), ui.When(o.Since), ui.Readable(o.Run),
		})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	_, err := io.WriteString(w, b.String())
	return err
}

// owedEntry is a handler that is owed, as JSON.
type owedEntry struct {
	Host      string    `json:"host"`
	MachineID string    `json:"machine_id,omitempty"`
	Play      string    `json:"play"`
	Handler   string    `json:"handler"`
	Since     time.Time `json:"since"`
	Run       string    `json:"run"`
}

func owedAnswer(owed []state.Owed) any {
	entries := make([]owedEntry, len(owed))
	for i, o := range owed {
		entries[i] = owedEntry{o.Host, o.MachineID, o.Play, o.Handler, o.Since, o.Run}
	}
	return struct {
		Owed []owedEntry `json:"owed"`
	}{entries}
}

type notificationsDropCommand struct {
	Host    string `placeholder:"HOST" complete:"hosts" help:"Only those of this host."`
	Handler string `placeholder:"NAME" help:"Only those of the handlers of this name."`
	Yes     bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*notificationsDropCommand) Help() string {
	return `Examples:
  froyo state notifications drop                               all of them, after a question
  froyo state notifications drop --host web1 --handler 'reload nginx' -y`
}

// Run drops what is owed.
func (c *notificationsDropCommand) Run(ctx context.Context, e *env) (err error) {
	if !c.Yes && !isTerminal(e.Stdin) {
		return (&diag.Error{Summary: "drop asks before it forgets anything, and there is no terminal to ask on"}).WithHint("give -y")
	}
	asked := time.Now() // what is called for from now on stays owed
	store, owed, err := e.owed(ctx)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	owed = slices.DeleteFunc(owed, func(o state.Owed) bool {
		return c.Host != "" && o.Host != c.Host || c.Handler != "" && o.Handler != c.Handler
	})
	if len(owed) == 0 {
		return e.printOwed(e.Stdout, nil)
	}
	if !c.Yes {
		if err := e.printOwed(e.Stderr, owed); err != nil {
			return err
		}
		yes, err := e.confirm(ctx, "Drop "+ui.Plural(len(owed), "notification")+"?")
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !yes {
			return &diag.Error{Summary: "not approved; nothing was dropped"}
		}
	}
	return e.drop(ctx, store, asked, owed)
}

// drop forgets what is owed, and notes who did.
func (e *env) drop(ctx context.Context, store state.Store, asked time.Time, owed []state.Owed) error {
	if err := store.Settle(ctx, asked, owed...); err != nil {
		return err
	}
	for _, o := range owed {
		audit := state.Audit{
			Time: asked, User: operator(), Action: "state notifications drop", Run: o.Run,
			Detail: fmt.Sprintf("handler %q of play %s on %s", o.Handler, ui.PlayName(o.Play), o.Host),
		}
		if err := store.AppendAudit(ctx, audit); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(e.Stdout, "dropped "+ui.Plural(len(owed), "notification"))
	return err
}
