package record

import (
	"context"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
)

// Decision is what becomes of what was protected and pending on the machine
// that answered under a name before.
type Decision int

// The decisions.
const (
	Undecided Decision = iota
	SameMachine
	NewMachine
)

// LeftBehind are the machines other than one of which something is protected or pending.
func LeftBehind(known []state.Machine, id string) []state.Machine {
	return slices.DeleteFunc(slices.Clone(known), func(m state.Machine) bool { return m.ID == id || m.Protected+m.Pending == 0 })
}

// Settle notes who decided what about the machine that answers as host now, when, and in which run, and carries it out.
func Settle(ctx context.Context, store state.Store, d Decision, host, id string, by state.Audit, workspace string) error {
	detail, act := "the same machine as before", store.CarryOver
	if d == NewMachine {
		detail, act = "another machine than before", store.Forget
	}
	by.Action, by.Hosts, by.Outcome, by.Detail = "state machines accept", host, audit.Done, fmt.Sprintf("%s: machine-id %s is %s", host, MachineName(id), detail)
	if err := store.AppendAudit(ctx, by); err != nil {
		return err
	}
	if err := act(ctx, workspace, host, id); err != nil || d != SameMachine {
		return err
	}
	_, err := store.HostSeen(ctx, state.Sighting{Workspace: workspace, Host: host, MachineID: id, Time: by.Time})
	return err
}

// NoMachineID stands for the machine-id of a host that has none.
const NoMachineID = "none"

// MachineName shows a machine-id.
func MachineName(id string) string {
	if id == "" {
		return NoMachineID
	}
	return id
}
