package state

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type protectionsCommand struct {
	List protectionsListCommand `cmd:"" default:"withargs" help:"List protected resources (the default)."`
	Drop protectionsDropCommand `cmd:"" help:"Lift the protection of one resource."`
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
func (c *protectionsListCommand) Run(ctx context.Context, e *console.Console) error {
	return protections.show(ctx, e, c.JSON)
}

var protections = list[state.Protection]{
	name: "protections", none: "nothing is protected", header: []string{"HOST", "UNIT", "SINCE", "RUN", "DECLARED"},
	row: func(p state.Protection) []string {
		return []string{ui.Readable(p.Host), ui.Readable(p.Unit), wording.When(p.Since), ui.Readable(p.Run), ui.Readable(p.Pos.String())}
	},
	entry: func(p state.Protection) any {
		return protectionEntry{p.Host, p.MachineID, p.Unit, p.Since, p.Run, p.Pos}
	},
	read: func(ctx context.Context, store state.Store, workspace string) ([]state.Protection, error) {
		return store.Protected(ctx, workspace)
	},
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

type protectionsDropCommand struct {
	Unit string `arg:"" placeholder:"HOST/UNIT" help:"The resource, as list prints it: 'web1/file[/srv/data]'."`
	Yes  bool   `short:"y" name:"auto-approve" help:"Do not ask."`
}

// Help gives the command's example.
func (*protectionsDropCommand) Help() string {
	return `Where the runbook still has prevent_destroy = True for it, the next apply protects it anew.

Examples:
  froyo state protections drop 'web1/file[/srv/data]'`
}

// Run lifts a protection.
func (c *protectionsDropCommand) Run(ctx context.Context, e *console.Console) error {
	return protections.with(ctx, e, func(store state.Store, _ string, all []state.Protection) error {
		host, name, _ := strings.Cut(c.Unit, "/")
		named := slices.DeleteFunc(slices.Clone(all), func(p state.Protection) bool { return p.Host != host || p.Unit != hostpath.File(name) })
		if len(named) == 0 {
			return c.unknown(all)
		}
		if err := e.NeedsTerminal(c.Yes); err != nil {
			return err
		}
		if !c.Yes {
			if err := protections.print(e.Stderr, named); err != nil {
				return err
			}
			if err := e.Approve(ctx, "Lift its protection?", "lifted"); err != nil {
				return err
			}
		}
		return c.lift(ctx, e, store, named)
	})
}

// lift notes who drops protections, and does so.
func (c *protectionsDropCommand) lift(ctx context.Context, e *console.Console, store state.Store, named []state.Protection) error {
	entry := state.Audit{Time: time.Now(), Action: "state protections drop", Run: named[0].Run, Hosts: named[0].Host, Outcome: audit.Done, Detail: c.Unit}
	if err := store.AppendAudit(ctx, entry); err != nil {
		return err
	}
	if err := store.Unprotect(ctx, named...); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.Stdout, ui.Readable(c.Unit)+" is no longer protected")
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
	return d.WithHint("froyo state protections lists them")
}
