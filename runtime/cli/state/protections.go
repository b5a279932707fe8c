package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type protectionsCommand struct {
	List protectionsListCommand `cmd:"" default:"withargs" help:"List what no run removes (the default)."`
	Drop protectionsDropCommand `cmd:"" help:"Lift the protection of one."`
}

type protectionsListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*protectionsListCommand) Help() string {
	return `A resource is protected from the apply on that has lifecycle(prevent_destroy = True) for it, also where
the runbook no longer says so: plan and apply refuse to remove it. lifecycle(prevent_destroy = False) lifts that.

Examples:
  froyo state protections
  froyo state protections --json | jq '.protections[].unit'
  froyo state protections drop 'web1/file[/srv/data]'`
}

// Run lists what is protected.
func (c *protectionsListCommand) Run(ctx context.Context, e *console.Console) (err error) {
	store, all, err := protections(ctx, e)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	if c.JSON {
		return e.WriteJSON(protectionsAnswer(all))
	}
	return printProtections(e.Stdout, all)
}

// protections opens the state, which the caller closes, and lists what is
// protected. The store is nil where nothing was ever recorded.
func protections(ctx context.Context, e *console.Console) (state.Store, []state.Protection, error) {
	store, workspace, err := here.State(ctx, e)
	if store == nil || err != nil {
		return nil, nil, err
	}
	all, err := store.Protected(ctx, workspace)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, all, nil
}

// printProtections prints a table of what is protected.
func printProtections(w io.Writer, all []state.Protection) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "nothing is protected")
		return err
	}
	rows := [][]string{{"HOST", "UNIT", "SINCE", "RUN", "DECLARED"}}
	for _, p := range all {
		rows = append(rows, []string{
			ui.Readable(p.Host), ui.Readable(p.Unit), wording.When(p.Since), ui.Readable(p.Run), ui.Readable(p.Pos.String()),
		})
	}
	var b strings.Builder
	ui.Columns(&b, "", rows)
	_, err := io.WriteString(w, b.String())
	return err
}

// protectionEntry is a protected resource, as JSON.
type protectionEntry struct {
	Host      string    `json:"host"`
	MachineID string    `json:"machine_id,omitempty"`
	Unit      string    `json:"unit"`
	Since     time.Time `json:"since"`
	Run       string    `json:"run"`
	Pos       diag.Pos  `json:"pos"`
}

func protectionsAnswer(all []state.Protection) any {
	entries := make([]protectionEntry, len(all))
	for i, p := range all {
		entries[i] = protectionEntry{p.Host, p.MachineID, p.Unit, p.Since, p.Run, p.Pos}
	}
	return struct {
		Protections []protectionEntry `json:"protections"`
	}{entries}
}

type protectionsDropCommand struct {
	Unit string `arg:"" placeholder:"HOST/UNIT" help:"Which one, as list names it: 'web1/file[/srv/data]'."`
	Yes  bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*protectionsDropCommand) Help() string {
	return `Where the runbook still has prevent_destroy = True for it, the next apply protects it anew.

Examples:
  froyo state protections drop 'web1/file[/srv/data]'`
}

// Run lifts a protection.
func (c *protectionsDropCommand) Run(ctx context.Context, e *console.Console) (err error) {
	if err := e.NeedsTerminal(c.Yes); err != nil {
		return err
	}
	store, all, err := protections(ctx, e)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	host, name, _ := strings.Cut(c.Unit, "/")
	named := slices.DeleteFunc(slices.Clone(all), func(p state.Protection) bool { return p.Host != host || p.Unit != hostpath.File(name) })
	if len(named) == 0 {
		return c.unknown(all)
	}
	if !c.Yes {
		if err := printProtections(e.Stderr, named); err != nil {
			return err
		}
		if err := e.Approve(ctx, "Lift its protection?", "lifted"); err != nil {
			return err
		}
	}
	if err := store.Unprotect(ctx, named...); err != nil {
		return err
	}
	audit := state.Audit{Time: time.Now(), User: worker.Operator(), Action: "state protections drop", Run: named[0].Run, Detail: c.Unit}
	if err := store.AppendAudit(ctx, audit); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.Stdout, ui.Readable(c.Unit)+" is no longer protected")
	return err
}

// unknown is the error for a name that is not among what is protected.
func (c *protectionsDropCommand) unknown(all []state.Protection) error {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Host + "/" + p.Unit
	}
	d := &diag.Error{Summary: fmt.Sprintf("%s is not protected", c.Unit), Code: diag.Usage}
	if near := diag.Nearest(c.Unit, names); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	return d.WithHint("froyo state protections lists what is")
}
