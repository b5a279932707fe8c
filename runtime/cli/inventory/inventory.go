// Package inventory is froyo inventory: what the inventory says of hosts and groups.
//
// It imports runtime/cli/flags, runtime/cli/here and engine/inventory.
package inventory

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/vars/declared"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// Command is froyo inventory.
type Command struct {
	List    listCommand    `cmd:"" help:"List the hosts with their addresses, groups and labels."`
	Host    hostCommand    `cmd:"" help:"Show all that is known of one host, and where each value is set."`
	Graph   graphCommand   `cmd:"" help:"Show the groups as a tree."`
	Explain explainCommand `cmd:"" help:"Show where a value of a host is from, and what it replaces."`
	Check   checkCommand   `cmd:"" help:"Log in to hosts and become who acts there: who answers, by which key, as whom."`
}

// Flags say which inventory, and which of its hosts.
type Flags struct {
	Inventory []string    `short:"i" sep:"none" placeholder:"FILE|h1,h2," complete:"files" help:"Inventory, as for plan; default: the workspace's."`
	Limit     string      `short:"l" placeholder:"SELECTOR" complete:"selector" help:"Only these hosts, as for plan."`
	JSON      bool        `name:"json" help:"Print JSON on standard output."`
	Vault     flags.Vault `embed:""`
}

// Fleet is an inventory as it was read, and the hosts that were asked for with
// what the workspace's settings add.
type Fleet struct {
	workspace *workspace.Workspace
	Read      *inventory.Inventory
	Hosts     []*inventory.Host
	declared  *declared.Variables // nil where nothing is declared
	named     string              // the flags that name the inventory, for another command
	hidden    map[string]bool     // variables whose values are not shown
}

// named are the flags that name the inventory, with a blank before each.
func (f *Flags) named() string {
	var b strings.Builder
	for _, i := range f.Inventory {
		b.WriteString(" -i " + wording.Quote(i))
	}
	return b.String()
}

// Load reads the inventory. No runbook is needed.
func (f *Flags) Load(ctx context.Context, e *console.Console) (*Fleet, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	target := &flags.Target{Inventory: f.Inventory, Limit: f.Limit, Login: flags.Login{Vault: f.Vault}}
	read, err := target.Read(ctx, e, w)
	if err != nil {
		return nil, err
	}
	hosts, err := target.Select(ctx, target.WithDefaults(read, w))
	if err != nil {
		return nil, err
	}
	names, err := vars.SensitiveNames(nil, read.Hosts())
	if err != nil {
		return nil, err
	}
	d, effective, err := declaredHere(e, w, read, hosts)
	if err != nil {
		return nil, err
	}
	for _, name := range d.Sensitive() {
		names[name] = true
	}
	for i, h := range hosts {
		shown := *h
		shown.Vars = vars.Masked(effective.Host(h.Name).Vars, names)
		for name, v := range shown.Vars {
			shown.Vars[name] = secret.MaskValue(v)
		}
		hosts[i] = &shown
	}
	return &Fleet{workspace: w, Read: read, Hosts: hosts, declared: d, named: f.named(), hidden: names}, nil
}

// declaredHere are the variables that are declared for runbooks of the present directory, and the
// inventory with them.
func declaredHere(e *console.Console, w *workspace.Workspace, read *inventory.Inventory, hosts []*inventory.Host) (*declared.Variables, *inventory.Inventory, error) {
	d, err := here.Declared(w)
	if d == nil || err != nil {
		return nil, read, err
	}
	effective, err := d.Apply(vars.Set{Inventory: read}.MarkNames(d.Sensitive()))
	if err != nil {
		return nil, nil, err
	}
	// Runs refuse what is wrong; who looks at the inventory wants to see it.
	for wrong := range diag.All(effective.Wrong(hosts)) {
		if d, ok := errors.AsType[*diag.Error](wrong); ok {
			e.Errors.Warnings([]*diag.Error{d})
		}
	}
	return d, effective.Set.Inventory, nil
}

type listCommand struct{ Flags }

// Help gives the command's example.
func (*listCommand) Help() string {
	return `Examples:
  froyo inventory list
  froyo inventory list -i hosts.ini -l 'web:!web3'
  froyo inventory list --json | jq '.hosts[].address'`
}

// Run lists the hosts.
func (c *listCommand) Run(ctx context.Context, e *console.Console) error {
	f, err := c.Load(ctx, e)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(struct {
			Hosts []*inventory.Host `json:"hosts"`
		}{f.Hosts})
	}
	rows := [][]string{{"NAME", "ADDRESS", "GROUPS", "LABELS"}}
	for _, h := range f.Hosts {
		rows = append(rows, []string{h.Name, endpointOf(h), strings.Join(h.Groups, ","), labelsOf(h)})
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return e.WriteFitted(b.String())
}

// endpointOf is where and as whom a host is reached: ops@192.0.2.1:2222, or local.
func endpointOf(h *inventory.Host) string {
	if h.Connection == inventory.Local {
		return "(this machine)"
	}
	at := h.Address
	if k := kind.Of(h.Connection); k != nil {
		at = h.Connection + ":" + h.Address
	}
	if h.Port != 0 {
		at = net.JoinHostPort(h.Address, strconv.Itoa(h.Port))
	}
	if h.User != "" {
		at = h.User + "@" + at
	}
	return at
}

func labelsOf(h *inventory.Host) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(h.Labels)) {
		parts = append(parts, k+"="+h.Labels[k])
	}
	return ui.Readable(strings.Join(parts, ","))
}
