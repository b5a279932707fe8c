package state

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/record"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type machinesCommand struct {
	List   machinesListCommand   `cmd:"" default:"withargs" help:"List the machines behind the hosts' names (the default)."`
	Accept machinesAcceptCommand `cmd:"" help:"Decide about the protections and pending handlers of the previous machine."`
}

type machinesListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*machinesListCommand) Help() string {
	return `What is protected and pending belongs to a machine, which is told by its machine-id. Where another machine answers
under a host's name, and of the one before something is protected or pending, plan and apply refuse the host until it is
said what becomes of that.

Examples:
  froyo state machines
  froyo state machines accept web1 0123456789abcdef0123456789abcdef --same
  froyo state machines accept web1 0123456789abcdef0123456789abcdef --new

With --same the machine-id of the machine has changed, and all is kept; with --new the machine was replaced, and what was
kept is dropped.`
}

// machineEntry is a machine, as JSON.
type machineEntry struct {
	Host      string     `json:"host"`
	MachineID string     `json:"machine_id"`
	Current   bool       `json:"current"`
	Since     *time.Time `json:"since,omitempty"`
	Protected int        `json:"protected"`
	Pending   int        `json:"pending"`
}

// Run lists the machines.
func (c *machinesListCommand) Run(ctx context.Context, e *console.Console) error {
	return machinesOf("").show(ctx, e, c.JSON)
}

// machinesOf lists the machines that a name has led to, or those of all names.
func machinesOf(host string) *list[state.Machine] {
	return &list[state.Machine]{
		name: "machines", none: "no machine has answered yet", header: []string{"HOST", "MACHINE-ID", "SINCE", "PROTECTED", "PENDING"},
		row: func(m state.Machine) []string {
			since := "answered before"
			if m.Current {
				since = wording.When(m.Since)
			}
			return []string{ui.Readable(m.Host), ui.Readable(record.MachineName(m.ID)), since, strconv.Itoa(m.Protected), strconv.Itoa(m.Pending)}
		},
		entry: func(m state.Machine) any {
			entry := machineEntry{Host: m.Host, MachineID: m.ID, Current: m.Current, Protected: m.Protected, Pending: m.Pending}
			if m.Current {
				entry.Since = &m.Since
			}
			return entry
		},
		read: func(ctx context.Context, store state.Store, workspace string) ([]state.Machine, error) {
			return store.Machines(ctx, workspace, host)
		},
	}
}

type machinesAcceptCommand struct {
	Host      string `arg:"" placeholder:"HOST" complete:"hosts" help:"The host's name."`
	MachineID string `arg:"" name:"machine-id" placeholder:"MACHINE-ID" help:"The machine that answers now, as the refusal says; \"none\" where it has no machine-id."`
	Same      bool   `xor:"which" required:"" help:"It is the same machine under another machine-id: what is protected and pending is carried over."`
	New       bool   `xor:"which" required:"" help:"It is another machine: what was protected and pending on the one before is dropped."`
}

var machineID = regexp.MustCompile(`^([0-9a-f]{32}|` + record.NoMachineID + `)$`)

// Run decides about what is kept of other machines of the name.
func (c *machinesAcceptCommand) Run(ctx context.Context, e *console.Console) error {
	if !machineID.MatchString(c.MachineID) {
		return (&diag.Error{Summary: fmt.Sprintf("machine-id: want 32 hex digits or %q, got %q", record.NoMachineID, c.MachineID), Code: diag.Usage}).
			WithHint("froyo plan names the one that answers now")
	}
	id := c.MachineID
	if id == record.NoMachineID {
		id = ""
	}
	return machinesOf(c.Host).with(ctx, e, func(store state.Store, workspace string, known []state.Machine) error {
		old := record.LeftBehind(known, id)
		if len(old) == 0 {
			return (&diag.Error{Summary: fmt.Sprintf("nothing is protected or pending on another machine of %s", c.Host), Code: diag.Usage}).
				WithHint("froyo state machines lists them")
		}
		d, done := record.SameMachine, "carried over to"
		if c.New {
			d, done = record.NewMachine, "dropped before"
		}
		if err := record.Settle(ctx, store, d, c.Host, id, state.Audit{User: worker.Operator(), Time: time.Now()}, workspace); err != nil {
			return err
		}
		protected, pending := 0, 0
		for _, m := range old {
			protected, pending = protected+m.Protected, pending+m.Pending
		}
		_, err := fmt.Fprintf(e.Stdout, "%s: %s and %s %s machine-id %s\n", ui.Readable(c.Host),
			wording.Plural(protected, "protection"), wording.Plural(pending, "pending handler"), done, ui.Readable(c.MachineID))
		return err
	})
}
