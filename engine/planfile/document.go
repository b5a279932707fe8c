// Package planfile is the saved form of a plan: the document that is written,
// signed, read again, printed, and compared with what is planned anew.
//
// It imports engine/plan and what that imports.
package planfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Format names the shape of a saved plan; another one is refused.
const Format = "froyo-plan/3"

// Document is a plan as it is saved: readable, complete, without secrets.
type Document struct {
	Format  string    `json:"format"`
	Froyo   string    `json:"froyo"` // version that made it
	Created time.Time `json:"created"`
	// Main is the runbook's path in Sources, which holds every file that was evaluated.
	Main string `json:"main"`
	// Root is the directory that paths in the runbook start from.
	Root string `json:"root"`
	// Action is the action of the runbook that was run in place of its plays, or the command line that is the runbook.
	Action  *Action           `json:"action,omitempty"`
	Sources map[string]string `json:"sources"`
	Vars    inventory.Vars    `json:"vars,omitempty"`
	// Secrets stand for those that the runbook asked for.
	Secrets   []secret.Ref      `json:"secrets,omitempty"`
	Inventory []*inventory.Host `json:"inventory"`
	// InventoryFiles are those that were named beside the workspace's own: values of
	// sensitive variables, which the plan does not hold, are read from them again.
	InventoryFiles []string `json:"inventory_files,omitempty"`
	// Groups are the inventory's, so that selectors mean the same again.
	Groups []string `json:"groups,omitempty"`
	Narrowed
	Plays []Play `json:"plays"`
	Hosts []Host `json:"hosts"`
	// Contents are the texts that diffs refer to, by digest.
	Contents map[string]string `json:"contents,omitempty"`
	Summary  plan.Summary      `json:"summary"`
}

// Narrowed is the limit, the tags and the names of units that narrowed what was planned.
type Narrowed struct {
	Limit    string   `json:"limit,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	SkipTags []string `json:"skip_tags,omitempty"`
	Targets  []string `json:"targets,omitempty"`
	Exclude  []string `json:"exclude,omitempty"`
}

// Action is an action of a runbook, with the arguments that were given. A command line that is the runbook has no name.
type Action struct {
	Name string         `json:"name,omitempty"`
	Args inventory.Vars `json:"args,omitempty"`
	// Command is the command line.
	Command string `json:"command,omitempty"`
}

// Play is a play and the hosts it selected.
type Play struct {
	Name     string   `json:"name"`
	Selector string   `json:"hosts"`
	Selected []string `json:"selected"`
	// Order is OrderGraph where units run side by side as their edges allow.
	Order string `json:"order,omitempty"`
	// Batches names the hosts of each batch where there are several, one after another.
	Batches [][]string `json:"batches,omitempty"`
	// MaxFail is how many hosts may fail, as the runbook writes it.
	MaxFail string `json:"max_fail,omitempty"`
}

// OrderGraph is the order of plays whose units run side by side.
const OrderGraph = "graph"

// Host is one host's plan.
type Host struct {
	Name      string          `json:"name"`
	MachineID string          `json:"machine_id,omitempty"`
	Inputs    json.RawMessage `json:"inputs,omitempty"`
	Units     []Unit          `json:"units"`
	// Barriers are where the host waits for others, by play and in their order.
	Barriers []Barrier `json:"barriers,omitempty"`
	// Error is why the host could not be planned; such a host is not applied.
	Error string `json:"error,omitempty"`
}

// Unit is one unit's plan. Of a sensitive unit, what it sets is left
// out and Digest, keyed with the workspace's key, stands for it.
type Unit struct {
	Unit           string          `json:"unit"` // file[/etc/motd]
	Play           string          `json:"play"`
	Pos            diag.Pos        `json:"pos"`
	Delegate       string          `json:"delegate,omitempty"` // the host that it acts on, where that is another
	DelegateID     string          `json:"delegate_machine_id,omitempty"`
	User           string          `json:"user,omitempty"`
	Tags           []string        `json:"tags,omitempty"`
	Require        []string        `json:"require,omitempty"`
	OnChange       []string        `json:"on_change,omitempty"`
	After          []string        `json:"after,omitempty"`   // in graph order, what it directly comes after
	Notify         []string        `json:"notify,omitempty"`  // handlers of the play
	Handler        string          `json:"handler,omitempty"` // the one it belongs to
	Verify         bool            `json:"verify,omitempty"`  // it belongs to the play's verify
	Dormant        bool            `json:"dormant,omitempty"` // nothing notifies its handler
	Rescue         bool            `json:"only_on_failure,omitempty"`
	OnFailure      string          `json:"on_failure,omitempty"`      // the handler that runs where it fails
	PendingHandler *PendingHandler `json:"pending_handler,omitempty"` // an earlier run left its handler pending
	Throttle       int             `json:"throttle,omitempty"`        // hosts that execute it at once
	Once           string          `json:"once,omitempty"`            // the host on which it is done for all
	Action         abi.Action      `json:"action,omitempty"`
	Certainty      plan.Certainty  `json:"certainty,omitempty"`
	Skipped        bool            `json:"skipped,omitempty"` // when is false as things stand
	Conditional    bool            `json:"conditional,omitempty"`
	Never          bool            `json:"never,omitempty"` // when = False
	Reason         string          `json:"reason,omitempty"`
	Real           string          `json:"real_path,omitempty"` // where links on the way to its path lead
	Awaits         []string        `json:"awaits,omitempty"`    // what it needs and the host does not have yet
	Undecided      string          `json:"undecided,omitempty"` // why it is decided at its turn whether it acts
	Guarded        bool            `json:"guarded,omitempty"`   // the host takes it back unless froyo gets in afterwards
	Args           json.RawMessage `json:"args,omitempty"`
	Later          []string        `json:"later,omitempty"`
	Before         json.RawMessage `json:"before,omitempty"`
	Protected      *bool           `json:"prevent_destroy,omitempty"`
	Ignore         []string        `json:"ignore_changes,omitempty"`
	Ignored        []string        `json:"ignored,omitempty"` // those in which the host differs
	Diffs          []Diff          `json:"diffs,omitempty"`
	Effects        []Effect        `json:"effects,omitempty"`
	Potential      []Effect        `json:"potential_effects,omitempty"` // what it may do besides, as the host may be by then
	Sensitive      bool            `json:"sensitive,omitempty"`
	HasPotential   bool            `json:"has_potential_effects,omitempty"` // stands for these where they are sensitive
	Digest         string          `json:"digest,omitempty"`
	Error          string          `json:"error,omitempty"`
}

// PendingHandler says which change of an earlier run notified a handler that has not run since.
type PendingHandler struct {
	Since time.Time `json:"since"`
	Run   string    `json:"run"`
}

// Diff is one attribute that differs.
type Diff struct {
	Field   string          `json:"field"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Unknown bool            `json:"unknown,omitempty"`
}

// Effect is one op that apply may perform.
type Effect struct {
	Op      json.RawMessage `json:"op"`
	Unknown []string        `json:"unknown,omitempty"`
}

// check refuses a document whose parts do not belong together.
func (d *Document) check() error {
	known := map[string]bool{}
	for _, h := range d.Inventory {
		if h == nil {
			return errors.New("an entry of its inventory is empty")
		}
		known[h.Name] = true
	}
	for _, h := range d.Hosts {
		if !known[h.Name] {
			return fmt.Errorf("host %q is not in its inventory", h.Name)
		}
	}
	return nil
}

// Host returns the saved plan of a host.
func (d *Document) Host(name string) (*Host, bool) {
	i := slices.IndexFunc(d.Hosts, func(h Host) bool { return h.Name == name })
	if i < 0 {
		return nil, false
	}
	return &d.Hosts[i], true
}

// Scope is where the unit's name is unique: the zero value for the units of all
// plays of a host, else a handler or what verifies a play.
func (u *Unit) Scope() unit.Scope {
	if u.Handler == "" && !u.Verify {
		return unit.Scope{}
	}
	return unit.Scope{Play: u.Play, Handler: u.Handler}
}

// Failed reports whether the unit could not be planned. What a sensitive unit's
// error says is sealed: that it has no action tells.
func (u *Unit) Failed() bool { return u.Error != "" || u.Action == "" }

// Pending reports whether the unit's change is still to be made on a host, as plan.Step.Pending does.
func (u *Unit) Pending(host string) bool {
	return !u.Failed() && !u.Skipped && (u.Once == "" || u.Once == host) && u.Action != abi.None && u.Action != abi.Probe && u.Certainty != plan.Unknown
}
